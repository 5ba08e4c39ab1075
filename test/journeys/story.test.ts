/** The week that `docs/risk.md` tells, run through the pipeline: every figure of the page is compared with what comes out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityExplanation } from '../../src/server/explanation-schemas.ts';
import { decisionExplanationSchema, identityExplanationSchema } from '../../src/server/explanation-schemas.ts';
import { scorePlot } from '../../src/server/score-plot.ts';
import { openStory, type Story } from './story.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/risk.md'), 'utf8');

/** The rows of the table behind a marker, each by its column heads. */
function tableOf(name: string): readonly Readonly<Record<string, string>>[] {
  const lines = (page.split(`<!-- story: ${name} -->`)[1] ?? '').trimStart().split('\n');
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const heads = cells(rows[0] ?? '');
  return rows.slice(2).map((line) => Object.fromEntries(cells(line).map((cell, n) => [heads[n] as string, cell])));
}

const instant = (text: string) => `${text.replace(' ', 'T')}:00.000Z`;
const short = (text: string | null) => (text === null ? '-' : text.slice(0, 16).replace('T', ' '));
const told = tableOf('signals').map((row) => ({
  ...row,
  arrives: instant(row['arrives'] as string),
  happened: instant(row['happened'] as string),
})) as readonly (Record<string, string> & { arrives: string; happened: string })[];

let story: Story;
const sent: { signalId: string; decisionId: string }[] = [];
const after: IdentityExplanation[] = [];
let end: IdentityExplanation;

beforeAll(async () => {
  story = await openStory('2026-05-04T06:00:00Z');
  for (const { arrives, happened, signal, from } of told) {
    sent.push(await story.send({ arrives, happened, type: signal as string, source: from as string, severity: 'medium' }));
    after.push(await story.explain());
  }
  await story.moveTo('2026-05-11T08:00:00Z');
  end = await story.explain({ from: '2026-05-04T00:00:00Z', to: '2026-05-18T00:00:00Z' });
});
afterAll(() => story?.close());

describe('the week of the page on risk', () => {
  it('is told by ten signals, of which each leaves the score, the level and the held level of its line', () => {
    expect(told.length).toBe(10);
    expect(after.map(({ score, level, heldLevel }) => [String(score), level, heldLevel])).toEqual(
      told.map((row) => [row['score after'], row['level'], row['held level']]),
    );
  });

  it('ends in the items of the table, whose points sum to the score', () => {
    const items = end.items.map((item) => ({
      signal: item.signalType,
      happened: short(item.at),
      points: item.points.toFixed(4),
      'half-life': `${(item.halfLifeMs as number) / 86_400_000} d`,
      'still fresh': item.decay.toFixed(4),
      'left by remedies': String(item.remains),
      'below one point': short(item.belowOnePointAt),
      'lowered by': item.loweredBy.map((index) => end.marks[index]?.name).join() || '-',
    }));
    expect(items).toEqual(tableOf('points'));
    expect(Math.abs(end.items.reduce((sum, { points }) => sum + points, 0) - end.score)).toBeLessThan(1e-9);
  });

  it('crosses the thresholds where the table says, and draws them in the picture of the page', async () => {
    const crossings = end.curve.crossings.map(({ at, from, to, threshold }) => ({ at: short(at), from, to, threshold: String(threshold) }));
    expect(crossings).toEqual(tableOf('crossings'));
    const picture = scorePlot(end, true);
    for (const [index, { at, from, to, threshold }] of tableOf('crossings').entries())
      expect(picture).toMatch(
        new RegExp(`>${index + 1}</tspan> (up|down) from ${from} to ${to} (at or above|below) ${threshold}, ${at} UTC<`),
      );
    await expect(`${picture}\n`).toMatchFileSnapshot('../../docs/risk-week.svg');
  });

  it('has, at each crossing, a score on the other side of the threshold than just before', () => {
    for (const { at, direction, threshold } of end.curve.crossings) {
      const index = end.curve.samples.findIndex((sample) => sample.at === at);
      const score = end.curve.samples[index]?.score as number;
      expect(direction === 'up' ? score >= threshold : score < threshold, at).toBe(true);
    }
  });

  it('says in its sentences what comes out', async () => {
    const text = page.replace(/\s+/g, ' ');
    expect(text).toContain(`shows a score of ${end.score}, level ${end.level}, held level ${end.heldLevel},`);
    expect(text).toContain(`Without the reset the score would be ${end.marks[0]?.scoreWithout}.`);
    expect(end.lowering?.without).toMatchObject([{ kind: 'item', signalType: 'device_noncompliant', at: '2026-05-10T16:00:00.000Z' }]);
    expect(text).toContain(`of Sunday the score would be ${end.lowering?.score}, level ${end.lowering?.level}.`);
    expect(end.next.map(({ to, at }) => [to, short(at)])).toEqual([
      ['low', '2026-05-13 17:22'],
      ['none', '2026-05-21 17:53'],
    ]);
    expect(text).toContain('falls to low on 13 May at 17:22, and to none on 21 May at 17:53.');
    const question = { at: '2026-05-04T13:00:00Z' };
    const now = await story.explain(question);
    const then = await story.explain({ ...question, as: 'known-then' });
    expect(text).toContain(`how bad it was?* ${now.score}, ${now.level}:`);
    expect(text).toContain(`*What did we know then?* ${then.score}, ${then.level}:`);
  });
});

describe('an explanation through the whole service', () => {
  it('has the shape that the API describes', () => {
    expect(() => identityExplanationSchema.parse(end)).not.toThrow();
  });

  it('traces each item to its signal', () => {
    const signalOf = (type: string) => sent[told.findIndex(({ signal }) => signal === type)]?.signalId;
    expect(end.items.length).toBe(8);
    for (const item of end.items) expect(item.signals, item.signalType).toEqual([signalOf(item.signalType)]);
  });

  it('tells of each instant, as known then, what stood in the decision before it, under its configuration', async () => {
    for (const [index, { arrives }] of told.entries()) {
      const then = await story.explain({ at: arrives, as: 'known-then' });
      const recorded = after[index] as IdentityExplanation;
      expect([then.score, then.level, then.heldLevel]).toEqual([recorded.score, recorded.level, recorded.heldLevel]);
      expect(then.decision).toMatchObject({ id: sent[index]?.decisionId, decidedAt: arrives, sameScore: true });
      for (const item of then.items) expect(sent.slice(0, index + 1).map(({ signalId }) => signalId)).toContain(item.signals[0]);
    }
    const before = await story.explain({ at: '2026-05-04T07:00:00Z', as: 'known-then' });
    expect(before).toMatchObject({ score: 0, level: 'none', decision: null, items: [] });
  });

  it('shows the same score of an instant as the record of the person does', async () => {
    const at = '2026-05-05T10:00:00Z';
    const record = await story.parts.records.identities.get('alice', { at }, { name: 'reader', roles: ['admin'] });
    const explained = await story.explain({ at });
    expect([record?.['score'], record?.['baseScore'], record?.['level']]).toEqual([explained.score, explained.base, explained.level]);
  });

  it('withholds what personnel tell from everybody but the role hr', async () => {
    expect(end.withheld).toEqual(['subject.hr']);
    expect((await story.explain({}, ['admin', 'hr'])).withheld).toEqual([]);
  });

  it('takes a decision apart: every clause of every policy asked, and the points at that instant', async () => {
    const reset = sent[6]?.decisionId as string;
    const explained = await story.explainDecision(sent[5]?.decisionId as string);
    expect(() => decisionExplanationSchema.parse(explained)).not.toThrow();
    expect(explained).toMatchObject({ same: true, differences: [], explained: { signal: { type: 'anomalous_token' } } });
    const points = explained.explained?.risk?.items.reduce((sum, item) => sum + item.points, 0) as number;
    expect(points).toBeCloseTo(after[5]?.score as number, 9);
    const ofReset = await story.explainDecision(reset);
    expect(ofReset.explained?.risk?.marks).toMatchObject([{ name: 'password_reset', at: told[6]?.happened }]);
  });
});
