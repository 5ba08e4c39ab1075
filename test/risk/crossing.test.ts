/** When the held level falls by itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EvidenceState, emptyEvidence, type Level, levels } from '../../src/model/risk.ts';
import { assess, contextSteps, heldLevelAt, holdLevel, nextCrossing, nextLook, type ScoreContext, score } from '../../src/risk/index.ts';
import { historyOf, itemsOf, readAt, stateOf } from './histories.ts';
import { asItStands } from './room.ts';
import { dayMs, hourMs, minuteMs, neutral, type Sent, shipped, situationOf, T } from './support.ts';

const leaveOf = (held: Level) => shipped.levels[held as Exclude<Level, 'none'>].leave;
const evidenceOf = (...sent: readonly Sent[]): EvidenceState =>
  sent.reduce<EvidenceState>((evidence, each) => assess(situationOf(each, { evidence }), shipped).evidence, emptyEvidence);
/** `i` was first heard so many days before T. */
const young = (days: number): ScoreContext => ({
  ...neutral,
  sources: { i: { kind: 'transmitters', since: T - days * dayMs }, j: { kind: 'transmitters', since: T - (days - 2) * dayMs } },
});

describe('the next crossing', () => {
  it('lies where the score first falls below the leave threshold of the held level, and then of the next', () => {
    const state = evidenceOf({ type: 'aitm_phishing' }, { type: 'mfa_fatigue' });
    let held: Level = 'critical';
    let at: number | undefined = T;
    const seen: [Level, number, number][] = [];
    while (at !== undefined) {
      at = nextCrossing(state, held, at, neutral, shipped);
      if (at === undefined) break;
      const points = score(state, at, neutral, shipped).score;
      seen.push([held, Math.floor((at - T) / dayMs), points]);
      held = holdLevel(held, points, shipped);
    }
    // Days of the worked example: critical until the third, high until the eighth, medium until the seventeenth, then low.
    expect(seen).toEqual([
      ['critical', 2, 79.9999],
      ['high', 7, 59.9999],
      ['medium', 16, 29.9999],
      ['low', 36, 4.9999],
    ]);
  });

  it('is exact: just after it the score is below, just before it is not, and it never lies in the past', () => {
    fc.assert(
      fc.property(historyOf(), fc.integer({ min: 1, max: 60 }), fc.constantFrom(...levels), fc.boolean(), (history, days, start, fresh) => {
        const state = stateOf(itemsOf(history), asItStands);
        const context = fresh ? young(days) : neutral;
        const held = holdLevel(start, score(state, readAt, context, shipped).score, shipped);
        const at = nextCrossing(state, held, readAt, context, shipped);
        if (held === 'none' || at === undefined) {
          expect(at).toBeUndefined();
          const last = score(state, readAt + 400 * dayMs, context, shipped).score;
          if (held !== 'none') expect(last).toBeGreaterThanOrEqual(leaveOf(held));
          return;
        }
        expect(at).toBeGreaterThan(readAt);
        expect(score(state, at, context, shipped).score).toBeLessThan(leaveOf(held));
        expect(score(state, at - 1, context, shipped).score).toBeGreaterThanOrEqual(leaveOf(held));
      }),
      { numRuns: 300 },
    );
  });

  it('is now where the score lies below already, and never for what does not fade', () => {
    const state = evidenceOf({ type: 'brute_force' });
    expect(nextCrossing(state, 'high', T + hourMs, neutral, shipped)).toBe(T + hourMs);
    expect(nextCrossing(evidenceOf({ type: 'admin_confirmed' }), 'critical', T, neutral, shipped)).toBeUndefined();
    expect(nextCrossing(emptyEvidence, 'low', T, neutral, shipped)).toBe(T);
    expect(nextCrossing(state, 'none', T, neutral, shipped)).toBeUndefined();
  });

  it('waits for an event that lies five minutes ahead', () => {
    const state = evidenceOf({ type: 'brute_force', at: T + 5 * minuteMs, arrivedAt: T });
    const ahead = nextCrossing(state, 'low', T, neutral, shipped) as number;
    expect(ahead - (nextCrossing(evidenceOf({ type: 'brute_force' }), 'low', T, neutral, shipped) as number)).toBe(5 * minuteMs);
  });

  it('passes the end of a transmitter’s first days, on which its word gains weight', () => {
    const state = evidenceOf({ type: 'leaked_credentials', source: 'i' });
    const context = young(29);
    const step = T + dayMs;
    expect(contextSteps(state, T, context, shipped)).toEqual([step]);
    expect(contextSteps(state, step, context, shipped)).toEqual([]);
    expect(nextLook(state, 'medium', T, context, shipped)).toBe(step);
    expect(nextCrossing(state, 'medium', T, context, shipped)).toBeGreaterThan(step + 30 * dayMs);
    // Nothing is held, and yet somebody must look: the level may rise by itself.
    expect(nextLook(evidenceOf({ type: 'caep_risk_medium', source: 'i' }), 'none', T, context, shipped)).toBe(step);
    expect(nextLook(state, 'none', step, context, shipped)).toBeUndefined();
  });
});

describe('the held level between looks', () => {
  it('takes the rise on the way, also where nobody looked', () => {
    const state = evidenceOf({ type: 'caep_risk_high', source: 'i' });
    const context = young(29);
    // 49 points at half weight; a day later 65.7 in full: medium, and that is held.
    expect(score(state, T, context, shipped).level).toBe('medium');
    expect(heldLevelAt(state, 'low', T, T + 4 * dayMs, context, shipped)).toBe('medium');
    expect(heldLevelAt(evidenceOf({ type: 'leaked_credentials', source: 'i' }), 'medium', T, T + 4 * dayMs, context, shipped)).toBe('high');
  });

  it('is the same however often somebody looks, and changes only at the looks that were foretold', () => {
    fc.assert(
      fc.property(
        historyOf(),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.integer({ min: 0, max: 60 * 24 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 90 }),
        (history, days, hours, until) => {
          const state = stateOf(itemsOf(history), asItStands);
          const context = young(days);
          const start = holdLevel('none', score(state, readAt, context, shipped).score, shipped);
          const end = readAt + until * dayMs;
          const sampled = [...hours.map((hour) => readAt + hour * hourMs).filter((at) => at < end), end]
            .sort((a, b) => a - b)
            .reduce(({ held, since }, at) => ({ held: heldLevelAt(state, held, since, at, context, shipped), since: at }), {
              held: start,
              since: readAt,
            });
          let held = start;
          let at = nextLook(state, held, readAt, context, shipped);
          for (let looks = 0; at !== undefined && at <= end; looks++) {
            expect(looks).toBeLessThan(12);
            held = heldLevelAt(state, held, at, at, context, shipped);
            at = nextLook(state, held, at, context, shipped);
          }
          expect(held).toBe(sampled.held);
          expect(heldLevelAt(state, start, readAt, end, context, shipped)).toBe(held);
        },
      ),
      { numRuns: 200 },
    );
  });
});
