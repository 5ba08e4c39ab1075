import { afterEach, describe, expect, it } from 'vitest';
import { type IdentityExplanation, identityExplanationSchema } from '../../src/server/explanation-schemas.ts';
import { placeLabels, timeTicks } from '../../src/server/plot-layout.ts';
import { scorePlot } from '../../src/server/score-plot.ts';
import { goodSession, newId, openWorld, problemOf, type World } from './world.ts';

let world: World;
afterEach(() => world?.close());

const cookie = { cookie: `rescind_session=${goodSession}` };
const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
const id = newId();
const day = (n: number, time = '00:00') => `2026-05-${String(n).padStart(2, '0')}T${time}:00.000Z`;

/** A person whose one signal was worth 45 points on 4 May and is read a day later. */
function explanationOf(text = 'impossible_travel'): IdentityExplanation {
  return {
    id,
    as: 'known-now',
    at: day(5),
    bundleHash: 'ab',
    decision: null,
    score: 25.838,
    base: 25.838,
    nats: 0.2989,
    level: 'low',
    heldLevel: 'low',
    groups: ['location'],
    gaps: [text],
    items: [
      {
        signalType: text,
        group: text,
        source: text,
        band: 'medium',
        tag: text,
        key: text,
        at: day(4),
        points: 25.838,
        neutralPoints: 25.838,
        rank: 1,
        counts: true,
        freshNats: 0.5978,
        confidence: 1,
        tagFactor: 1,
        multiplier: 1,
        decay: 0.5,
        remains: 1,
        loweredBy: [0],
        halfLifeMs: 86_400_000,
        belowOnePointAt: day(9, '21:30'),
        goneAfter: day(14),
        signals: [text],
        moreSignals: true,
      },
    ],
    marks: [{ kind: 'class', name: text, scope: text, at: day(4, '12:00'), scoreWithout: 30 }],
    multipliers: [],
    factors: [],
    statisticalCap: null,
    crumbRule: null,
    next: [{ at: day(7), from: 'low', to: 'none', direction: 'down', threshold: 5 }],
    lowering: { without: [{ kind: 'item', signalType: text, source: text, at: day(4) }], score: 0, level: 'none', points: 25.838 },
    withheld: ['subject.hr'],
    levels: {
      low: { enter: 10, leave: 5 },
      medium: { enter: 40, leave: 30 },
      high: { enter: 70, leave: 60 },
      critical: { enter: 90, leave: 80 },
    },
    curve: {
      from: day(3),
      to: day(8),
      samples: [
        { at: day(3), score: 0 },
        { at: day(4), score: 45 },
        { at: day(5), score: 25.838 },
        { at: day(8), score: 3.6 },
      ],
      crossings: [
        { at: day(4), from: 'none', to: 'medium', direction: 'up', threshold: 40 },
        { at: day(4, '21:00'), from: 'medium', to: 'low', direction: 'down', threshold: 30 },
      ],
      events: [{ kind: 'signal', name: text, at: day(4) }],
    },
  };
}

const withExplanation = (explanation: IdentityExplanation | undefined) =>
  openWorld(() => ({ explainIdentity: async () => explanation as never }));

describe('the page of a person', () => {
  it('is opened from the level of a decision, and shows score, curve, items and what would lower the level', async () => {
    world = await withExplanation(explanationOf());
    world.items.decisions.push({ id: newId(), identityId: id, level: 'low', actions: [], reasons: [] });
    expect(await (await world.ask('/', { headers: cookie })).text()).toContain(`<a href="people/${id}">low</a>`);
    const response = await world.ask(`/people/${id}`, { headers: cookie });
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const text = await response.text();
    for (const shown of [
      '25.838 (25.838 in a neutral context)',
      'href="../styles.css"',
      '<svg class="plot"',
      'none (0) without impossible_travel of 2026-05-04 00:00 UTC',
      'none from 2026-05-07 00:00 UTC',
      'subject.hr (context withheld)',
    ])
      expect(text).toContain(shown);
    expect(text).not.toMatch(/style=|<style|<script|\son\w+=/);
  });

  it('is closed to who is not signed in, and to roles that see no scores', async () => {
    world = await withExplanation(explanationOf());
    const nobody = await world.ask(`/people/${id}`);
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="rescind"']);
    expect(await nobody.text()).not.toContain('25.838');
    for (const as of ['helpdesk', 'hr', 'ingest'] as const) expect((await world.ask(`/people/${id}`, { as })).status).toBe(401);
    expect((await world.ask(`/people/${id}`, { as: 'auditor' })).status).toBe(200);
  });

  it('is not there for nobody', async () => {
    world = await withExplanation(undefined);
    expect((await world.ask(`/people/${id}`, { headers: cookie })).status).toBe(404);
  });

  it('writes every text as text, in the picture too', async () => {
    world = await withExplanation(explanationOf(hostile));
    const text = await (await world.ask(`/people/${id}`, { headers: cookie })).text();
    expect(text).not.toMatch(/<script|<img|onerror='|"><script/);
    expect(text.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(10);
  });
});

describe('the explanation route', () => {
  it('refuses instants that are none, ranges that end before they begin, and ranges beyond 400 days', async () => {
    world = await withExplanation(explanationOf());
    const path = `/api/v1/identities/${id}/explanation`;
    for (const query of [
      'at=yesterday',
      'as=known-later',
      'from=2026-05-05T00:00:00Z&to=2026-05-04T00:00:00Z',
      'from=2025-01-01T00:00:00Z',
      'x=1',
    ]) {
      const refused = await world.ask(`${path}?${query}`, { as: 'admin' });
      expect(await problemOf(refused), query).toMatchObject({ status: 400, code: 'request.invalid' });
    }
    expect((await world.ask(`${path}?at=${day(5)}&as=known-then&from=${day(1)}&to=${day(9)}`, { as: 'auditor' })).status).toBe(200);
  });

  it('takes the name of a person only from those who see people', async () => {
    world = await withExplanation(explanationOf());
    expect((await world.ask('/api/v1/identities/alice/explanation', { as: 'auditor' })).status).toBe(404);
    expect((await world.ask('/api/v1/identities/alice/explanation', { as: 'analyst' })).status).toBe(200);
  });
});

describe('the picture', () => {
  it('is described in words, and marks each crossing with a triangle, a number and a line of the legend', () => {
    const picture = scorePlot(explanationOf(), true);
    expect(() => identityExplanationSchema.parse(explanationOf())).not.toThrow();
    expect(picture).toContain('role="img" aria-labelledby="plot-title plot-desc"');
    expect(picture).toContain('<title id="plot-title">Risk score from 2026-05-03 00:00 UTC to 2026-05-08 00:00 UTC</title>');
    expect(picture).toContain('The held level changes: up from none to medium at or above 40, 2026-05-04 00:00 UTC; down from medium');
    expect(picture.match(/<tspan font-weight="600">\d<\/tspan>/g)).toHaveLength(2);
    for (const label of ['low 10', 'medium 40', 'high 70', 'critical 90', 'left below 80', 'read 2026-05-05 00:00 UTC'])
      expect(picture).toContain(label);
    expect(picture).not.toMatch(/NaN|Infinity|undefined|style=/);
  });

  it('is whole also where nothing happened, and where one instant is all that was asked for', () => {
    const { curve, ...rest } = explanationOf();
    const quiet = {
      ...rest,
      curve: { ...curve, samples: [{ at: day(5), score: 0 }], crossings: [], events: [], from: day(5), to: day(5) },
    };
    const picture = scorePlot(quiet, true);
    expect(picture).toContain('The held level does not change in this time.');
    expect(picture).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('puts ticks on round hours or days, never more than fifteen', () => {
    const from = Date.parse(day(4, '08:30'));
    const hour = 3_600_000;
    expect(timeTicks(from, from + 5 * hour).map(({ label }) => label)).toEqual(['09:00', '10:00', '11:00', '12:00', '13:00']);
    for (const hours of [1, 12, 47, 100, 336, 2000, 9600]) expect(timeTicks(from, from + hours * hour).length).toBeLessThanOrEqual(15);
  });

  it('hangs labels so that no text lies on another or on another’s line, and leaves out what has no room', () => {
    const labels = Array.from({ length: 30 }, (_, n) => ({ x: 100 + ((n * 37) % 50) * 10, text: `label_${n}` })).sort((a, b) => a.x - b.x);
    const placed = placeLabels(labels, 6, 956);
    const shown = placed.filter((label) => label.row !== undefined);
    expect(shown.length).toBeGreaterThan(10);
    for (const one of shown) {
      for (const other of shown) {
        if (other === one || other.x < one.x || (other.row as number) < (one.row as number)) continue;
        expect(one.x + 3 + one.text.length * 5.5).toBeLessThan(other.x);
      }
    }
    expect(placeLabels([{ x: 950, text: 'too long for the edge' }], 3, 956)).toMatchObject([{ row: undefined }]);
  });
});
