import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EvidenceState, emptyEvidence, type Level, levels } from '../../src/model/risk.ts';
import type { Tier } from '../../src/model/subject.ts';
import { oneOccurrence } from '../../src/risk/evidence.ts';
import {
  bandOf,
  courseOf,
  crossingsOf,
  curveOf,
  evidenceOfDismissal,
  evidenceOfMarks,
  explain,
  holdLevel,
  mergeEvidence,
  pointsOf,
  pruneEvidence,
  type ScoreContext,
  score,
} from '../../src/risk/index.ts';
import { historyOf, readAt } from './histories.ts';
import type { Event, History, Remedy } from './oracle.ts';
import { dayMs, hourMs, minuteMs, neutral, shipped, T } from './support.ts';

const runs = { numRuns: 120 };
const anyContext: fc.Arbitrary<ScoreContext> = fc.record({
  tier: fc.constantFrom<Tier>('none', 'standing', 'tier0', 'unknown'),
  executive: fc.boolean(),
  hrStatus: fc.constantFrom('active' as const, 'notice' as const),
  sources: fc.constant(neutral.sources),
});
const event = (type: string, at: number, more: Partial<Event> = {}): Event => ({
  type,
  at,
  severity: 'medium',
  source: 'i',
  tag: '',
  key: '',
  ...more,
});
function stateOf({ events, remedies }: History): EvidenceState {
  const familyOf = ({ type, severity, source, tag }: Event) => ({ type, band: bandOf(type, severity, shipped), source, tag });
  const parts = [
    ...events.map((one) => oneOccurrence(familyOf(one), one.key, one.at)),
    ...remedies.map((remedy) =>
      remedy.kind === 'occurrence'
        ? evidenceOfDismissal(familyOf(remedy.event), remedy.event.key, remedy.event.at)
        : evidenceOfMarks([remedy], remedy.at, shipped),
    ),
  ];
  return parts.reduce((state, part) => mergeEvidence(state, part, shipped), emptyEvidence);
}
const stateFrom = (events: readonly Event[], remedies: readonly Remedy[] = []) => stateOf({ events, remedies });
const itemOf = (explanation: ReturnType<typeof explain>, type: string) => {
  const found = explanation.items.find(({ signalType }) => signalType === type);
  if (found === undefined) throw new Error(`no ${type}`);
  return found;
};

describe('an explanation', () => {
  it('has points that sum to the score, and neutral points that sum to the base, for every history', () => {
    fc.assert(
      fc.property(historyOf(), anyContext, (history, context) => {
        const state = stateOf(history);
        const explained = explain(state, readAt, context, shipped, 'none');
        const scored = score(state, readAt, context, shipped);
        expect(explained).toMatchObject(scored);
        const sum = (points: (item: (typeof explained.items)[number]) => number) =>
          explained.items.reduce((all, item) => all + points(item), 0);
        expect(Math.abs(sum((item) => item.points) - scored.score)).toBeLessThan(1e-9);
        expect(Math.abs(sum((item) => item.neutralPoints) - scored.base)).toBeLessThan(1e-9);
        const told = explained.items.filter(({ points }) => points > 0).map(({ signalType, points }) => ({ signalType, points }));
        const listed = pointsOf(state, readAt, context, shipped).map(({ signalType, points }) => ({ signalType, points }));
        expect(told.map(({ points }) => points)).toEqual(listed.map(({ points }) => points));
      }),
      runs,
    );
  });

  it('names, for every history, each mark that lowers an item, and no other', () => {
    fc.assert(
      fc.property(historyOf(), (history) => {
        const state = stateOf(history);
        const explained = explain(state, readAt, neutral, shipped, 'none');
        for (const item of explained.items) expect(item.loweredBy.length > 0).toBe(item.remains < 1 || item.rank === null);
        for (const mark of explained.marks) expect(mark.scoreWithout).toBeGreaterThanOrEqual(explained.score);
      }),
      runs,
    );
  });

  it('multiplies out: fresh evidence, confidence, factor of the event, decay and remedy are what the item brings', () => {
    const at = T + 12 * hourMs;
    const state = stateFrom(
      [event('impossible_travel', T, { tag: 'ownEgress' }), event('anomalous_token', T), event('leaked_credentials', T)],
      [
        { kind: 'class', class: 'password_reset', at: T + hourMs },
        { kind: 'class', class: 'sessions_revoked', at: T + 2 * hourMs },
      ],
    );
    const explained = explain(state, at, { ...neutral, tier: 'standing' }, shipped, 'none');
    const travel = itemOf(explained, 'impossible_travel');
    expect(travel).toMatchObject({ tagFactor: 0.3, multiplier: 1.5, remains: 0.5, rank: 1, confidence: 1, counts: true });
    expect(travel.decay).toBeCloseTo(2 ** -0.5, 12);
    expect(travel.freshNats).toBeCloseTo(0.597837, 6);
    expect(explained.marks.map(({ name }) => name)).toEqual(['password_reset', 'sessions_revoked']);
    expect(travel.loweredBy).toEqual([0]);
    expect(itemOf(explained, 'anomalous_token')).toMatchObject({ remains: 0.25, loweredBy: [1] });
    expect(itemOf(explained, 'leaked_credentials')).toMatchObject({ points: 0, remains: 0, counts: false, loweredBy: [0] });
    expect(explained.multipliers).toEqual([
      {
        when: { tier: ['standing'], executive: undefined, hr: undefined },
        groups: ['location', 'session'].map((group) => ({ group, factor: 1.5 })),
      },
    ]);
  });

  it('says when an item falls below one point, and when it is gone', () => {
    const explained = explain(stateFrom([event('impossible_travel', T)]), T, neutral, shipped, 'none');
    const { belowOnePointAt, goneAfter, halfLifeMs } = itemOf(explained, 'impossible_travel');
    const scoreAt = (at: number) => score(stateFrom([event('impossible_travel', T)]), at, neutral, shipped).score;
    expect(halfLifeMs).toBe(dayMs);
    expect([scoreAt((belowOnePointAt as number) - minuteMs) >= 1, scoreAt((belowOnePointAt as number) + minuteMs) < 1]).toEqual([
      true,
      true,
    ]);
    expect([scoreAt(goneAfter as number) > 0, scoreAt((goneAfter as number) + 1)]).toEqual([true, 0]);
    const lasting = explain(stateFrom([event('admin_confirmed', T)]), T, neutral, shipped, 'none');
    expect(itemOf(lasting, 'admin_confirmed')).toMatchObject({ halfLifeMs: null, belowOnePointAt: null, goneAfter: null });
    expect(lasting.next).toEqual([]);
  });

  it('shows where the cap of place and habit bit, and where the crumb rule did', () => {
    const guesses = ['rba_anomaly', 'impossible_travel', 'new_country', 'dormant_login'].flatMap((type) =>
      ['i', 'j'].map((source) => event(type, T, { source, severity: 'high' as const })),
    );
    const capped = explain(stateFrom(guesses), T, neutral, shipped, 'none');
    expect(capped).toMatchObject({ score: 69.9, statisticalCap: { after: shipped.statisticalNats }, crumbRule: null });
    const crumbs = explain(stateFrom([...guesses, event('brute_force', T - 2 * dayMs)]), T, neutral, shipped, 'none');
    expect(crumbs.score).toBe(69.9);
    expect(crumbs.crumbRule?.before).toBeGreaterThan(shipped.statisticalNats);
    const proof = explain(stateFrom([...guesses, event('aitm_phishing', T)]), T, neutral, shipped, 'none');
    expect([proof.statisticalCap === null, proof.crumbRule]).toEqual([false, null]);
  });

  it('ranks the items of a group, and lists those beyond the fourth without points', () => {
    const five = [0, 10, 20, 30, 40].map((minutes) => event('brute_force', T + minutes * minuteMs));
    const { items } = explain(stateFrom(five), T + hourMs, neutral, shipped, 'none');
    expect(items.map(({ rank, counts, points }) => [rank, counts, points > 0])).toEqual([
      [1, true, true],
      [2, true, true],
      [3, true, true],
      [4, true, true],
      [5, false, false],
    ]);
  });

  it('lists what was dismissed, with the mark that did it', () => {
    const travel = event('impossible_travel', T);
    const state = stateFrom([travel, event('new_country', T)], [{ kind: 'occurrence', event: travel }]);
    const explained = explain(state, T, neutral, shipped, 'none');
    expect(itemOf(explained, 'impossible_travel')).toMatchObject({ rank: null, points: 0, remains: 0, loweredBy: [0] });
    expect(explained.marks).toMatchObject([{ kind: 'occurrence', name: 'impossible_travel', scoreWithout: expect.closeTo(50.8, 0) }]);
    expect(explained.score).toBe(20);
  });

  it('shows an MFA that later MFA evidence cancelled as a mark that lowers nothing', () => {
    const signIns = [event('rba_anomaly', T, { severity: 'high' }), event('impossible_travel', T)];
    const mfa: Remedy = { kind: 'class', class: 'mfa_strong', at: T + 10 * minuteMs };
    const relieved = explain(stateFrom(signIns, [mfa]), T + 10 * minuteMs, neutral, shipped, 'none');
    expect(relieved.items.map(({ loweredBy }) => loweredBy)).toEqual([[0], [0]]);
    const cancelled = explain(
      stateFrom([...signIns, event('mfa_fatigue', T + 5 * minuteMs)], [mfa]),
      T + 10 * minuteMs,
      neutral,
      shipped,
      'none',
    );
    expect(cancelled.items.flatMap(({ loweredBy }) => loweredBy)).toEqual([]);
    expect(cancelled.marks[0]?.scoreWithout).toBe(cancelled.score);
  });
});

describe('the smallest change that would lower the level', () => {
  it('is one item where one suffices, and of those the one that takes the fewest points', () => {
    const state = stateFrom([event('anomalous_token', T), event('impossible_travel', T)]);
    expect(explain(state, T, neutral, shipped, 'none').lowering).toEqual({
      without: [{ kind: 'item', signalType: 'impossible_travel', source: 'i', key: '', at: T }],
      score: 55,
      level: 'medium',
      points: 20.25,
    });
  });

  it('is a multiplier where that is less than any item', () => {
    const { lowering } = explain(
      stateFrom([event('impossible_travel', T - 6 * hourMs)]),
      T,
      { ...neutral, tier: 'standing' },
      shipped,
      'none',
    );
    expect(lowering).toMatchObject({ without: [{ kind: 'multiplier', when: { tier: ['standing'] } }], level: 'low' });
  });

  it('is a pair where no single one suffices', () => {
    const state = stateFrom([event('leaked_credentials', T), event('aitm_phishing', T), event('edr_alert_high', T)]);
    const { lowering, level } = explain(state, T, neutral, shipped, 'none');
    expect([level, lowering?.without.length, lowering?.level]).toEqual(['critical', 2, 'high']);
  });

  it('is none at level none, and where two do not suffice', () => {
    expect(explain(stateFrom([]), T, neutral, shipped, 'none').lowering).toBeNull();
    const many = ['admin_confirmed', 'aitm_phishing', 'leaked_credentials', 'prt_access', 'threat_actor_ip', 'mfa_fraud_report'];
    expect(explain(stateFrom(many.map((type) => event(type, T))), T, neutral, shipped, 'none').lowering).toBeNull();
  });

  it('holds for every history: without those items the level is lower', () => {
    fc.assert(
      fc.property(historyOf(), (history) => {
        const { lowering, level, score: now, items } = explain(stateOf(history), readAt, neutral, shipped, 'none');
        if (lowering === null) return;
        expect(levels.indexOf(lowering.level)).toBeLessThan(levels.indexOf(level));
        expect(now - lowering.score).toBeCloseTo(lowering.points, 3);
        for (const each of lowering.without)
          expect(
            each.kind === 'item' && items.some(({ signalType, at, counts }) => signalType === each.signalType && at === each.at && counts),
          ).toBe(true);
      }),
      runs,
    );
  });
});

describe('the curve', () => {
  const week = stateFrom([event('aitm_phishing', T), event('mfa_fatigue', T)]);

  it('crosses each leave threshold at the first millisecond below it', () => {
    const { next, heldLevel } = explain(week, T, neutral, shipped, 'none');
    expect(heldLevel).toBe('critical');
    expect(next.map(({ from, to, threshold }) => [from, to, threshold])).toEqual([
      ['critical', 'high', 80],
      ['high', 'medium', 60],
      ['medium', 'low', 30],
      ['low', 'none', 5],
    ]);
    for (const { at, threshold } of next) {
      expect(score(week, at, neutral, shipped).score).toBeLessThan(threshold);
      expect(score(week, at - 1, neutral, shipped).score).toBeGreaterThanOrEqual(threshold);
    }
  });

  it('holds, for every history and however it is sampled, the level that sampling every hour would hold', () => {
    fc.assert(
      fc.property(historyOf(), (history) => {
        const state = stateOf(history);
        const course = courseOf(state, readAt, neutral, shipped);
        const from = course.breaks[0] as number;
        const { crossings, held } = crossingsOf(course, 'none', from, readAt + 40 * dayMs, shipped);
        const instants = [
          ...course.breaks.flatMap((at) => [at - 1, at]),
          ...Array.from({ length: 40 * 24 }, (_, n) => readAt + n * hourMs),
          readAt + 40 * dayMs,
        ];
        const sampled = instants
          .sort((a, b) => a - b)
          .reduce<Level>((level, at) => (at < from ? level : holdLevel(level, course.scoreAt(at), shipped)), 'none');
        expect(held).toBe(sampled);
        expect(crossings.map(({ at }) => at)).toEqual(crossings.map(({ at }) => at).sort((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it('knows of a rise that is scheduled: the thirtieth day of a new transmitter', () => {
    const sources = { i: { kind: 'transmitters' as const, since: T + hourMs - 30 * dayMs } };
    const { crossings } = curveOf(
      courseOf(week, T, { ...neutral, sources }, shipped),
      { at: T, held: 'none' },
      { from: T, to: T + dayMs, count: 50 },
      shipped,
    );
    expect(crossings.map(({ at, to }) => [at, to])).toEqual([
      [T, 'high'],
      [T + hourMs, 'critical'],
    ]);
  });

  it('draws a rise as a step: a sample just before the event and one at it', () => {
    const curve = curveOf(
      courseOf(week, T + dayMs, neutral, shipped),
      { at: T + dayMs, held: 'critical' },
      { from: T - dayMs, to: T + dayMs, count: 20 },
      shipped,
    );
    const rise = curve.samples.filter(({ at }) => Math.abs(at - T) <= 1);
    expect(rise).toEqual([
      { at: T - 1, score: 0 },
      { at: T, score: 94 },
    ]);
    expect(curve.samples[0]?.at).toBe(T - dayMs);
    expect(curve.samples.at(-1)?.at).toBe(T + dayMs);
  });

  it('reads pruned evidence the same', () => {
    const at = T + 15 * dayMs;
    const old = mergeEvidence(week, stateFrom([event('impossible_travel', T)]), shipped);
    const strip = ({ items: _items, ...rest }: ReturnType<typeof explain>) => rest;
    expect(strip(explain(pruneEvidence(old, at, shipped), at, neutral, shipped, 'low'))).toEqual(
      strip(explain(old, at, neutral, shipped, 'low')),
    );
  });
});
