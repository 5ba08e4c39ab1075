/** What holds for every history. The numbers are those of the scoring model's list of invariants. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EvidenceState, emptyEvidence, type Level, levels } from '../../src/model/risk.ts';
import type { Tier } from '../../src/model/subject.ts';
import {
  assess,
  holdLevel,
  mergeEvidence,
  parseEvidence,
  pointsOf,
  pruneEvidence,
  type RiskModel,
  type ScoreContext,
  score,
  serialiseEvidence,
} from '../../src/risk/index.ts';
import { eventOf, evidenceOf, flood, historyOf, itemsOf, readAt, remedyOf, stateOf, types } from './histories.ts';
import { type History, oracleNats } from './oracle.ts';
import { dayMs, hourMs, minuteMs, neutral, shipped, situationOf, T } from './support.ts';

const runs = { numRuns: 250 };
const anyHistory = fc.oneof({ weight: 4, arbitrary: historyOf() }, { weight: 1, arbitrary: flood });
const anyContext: fc.Arbitrary<ScoreContext> = fc.record({
  tier: fc.constantFrom<Tier>('none', 'standing', 'tier0', 'unknown'),
  executive: fc.boolean(),
  hrStatus: fc.constantFrom('active' as const, 'notice' as const, 'leave' as const, 'gardenLeave' as const),
  sources: fc.constant(neutral.sources),
});
const read = (history: History, context = neutral, at = readAt, model = shipped) =>
  score(stateOf(itemsOf(history), model), at, context, model);
const check = <T extends [unknown, ...unknown[]]>(...args: Parameters<typeof fc.property<T>>) => fc.assert(fc.property(...args), runs);

describe('invariants', () => {
  it('1: any order, batching and repetition ends in the same bytes', () => {
    check(
      anyHistory.chain((history) =>
        fc.tuple(fc.constant(history), fc.shuffledSubarray(itemsOf(history), { minLength: itemsOf(history).length }), fc.nat()),
      ),
      ([history, shuffled, cut]) => {
        const items = itemsOf(history);
        const once = serialiseEvidence(stateOf(items));
        expect(serialiseEvidence(stateOf(shuffled))).toBe(once);
        expect(serialiseEvidence(stateOf([...shuffled, ...items.slice(0, 7), ...shuffled]))).toBe(once);
        const at = items.length === 0 ? 0 : cut % items.length;
        expect(serialiseEvidence(mergeEvidence(stateOf(shuffled.slice(at)), stateOf(shuffled.slice(0, at)), shipped))).toBe(once);
      },
    );
  });

  it('2: the score lies between 0 and 100, and no evidence is exactly 0', () => {
    check(anyHistory, anyContext, (history, context) => {
      const result = read(history, context);
      expect(result.nats).toBeGreaterThanOrEqual(0);
      expect(result.score).toBeGreaterThanOrEqual(0);
      expect(result.score).toBeLessThanOrEqual(100);
      if (history.events.length === 0) expect(result).toMatchObject({ nats: 0, score: 0, base: 0, level: 'none', statisticalOnly: false });
    });
  });

  it('3: one signal more never lowers the score', () => {
    check(anyHistory, eventOf(), anyContext, (history, event, context) => {
      const more = { ...history, events: [...history.events, event] };
      expect(read(more, context).score).toBeGreaterThanOrEqual(read(history, context).score);
    });
  });

  it('4: one mark more never raises it', () => {
    check(anyHistory, remedyOf, anyContext, (history, remedy, context) => {
      const more = { ...history, remedies: [...history.remedies, remedy] };
      expect(read(more, context).score).toBeLessThanOrEqual(read(history, context).score);
    });
  });

  it('5: between events time never raises it', () => {
    check(anyHistory, fc.array(fc.integer({ min: 0, max: 320 * 24 * 60 }), { minLength: 2, maxLength: 8 }), (history, minutes) => {
      const state = stateOf(itemsOf(history));
      let last = Number.POSITIVE_INFINITY;
      for (const minute of minutes.sort((a, b) => a - b)) {
        const { nats } = score(state, readAt + minute * minuteMs, neutral, shipped);
        expect(nats).toBeLessThanOrEqual(last);
        last = nats;
      }
    });
  });

  it('6: raising a multiplier, a confidence, a tag, a standalone score or a band never lowers it', () => {
    const raised: readonly ((model: RiskModel, by: number) => RiskModel)[] = [
      (model, by) => ({
        ...model,
        multipliers: {
          ...model.multipliers,
          rows: model.multipliers.rows.map((row) => ({ ...row, factors: row.factors.map((each) => each * by) })),
        },
      }),
      (model, by) => ({ ...model, confidence: { ...model.confidence, default: Math.min(1, model.confidence.default * by) } }),
      (model, by) => ({ ...model, tagFactors: new Map([...model.tagFactors].map(([tag, each]) => [tag, each * by])) }),
      (model, by) => ({
        ...model,
        types: new Map(
          [...model.types].map(([name, type]) => {
            const { low, medium, high } = type.evidenceNats;
            return [name, { ...type, evidenceNats: { low: low * by, medium: medium * by, high: high * by } }];
          }),
        ),
      }),
      (model, by) => ({
        ...model,
        types: new Map(
          [...model.types].map(([name, type]) => [
            name,
            { ...type, evidenceNats: { ...type.evidenceNats, high: type.evidenceNats.high * by } },
          ]),
        ),
      }),
    ];
    const start = { ...shipped, confidence: { ...shipped.confidence, default: 0.5 } };
    check(anyHistory, anyContext, fc.constantFrom(...raised), fc.double({ min: 1, max: 2, noNaN: true }), (history, context, raise, by) => {
      const state = stateOf(itemsOf(history));
      expect(score(state, readAt, context, raise(start, by)).score).toBeGreaterThanOrEqual(score(state, readAt, context, start).score);
    });
  });

  it('7: a group never counts more than 1.875 times its strongest evidence', () => {
    check(fc.constantFrom(...types), anyContext, fc.array(fc.nat(600), { minLength: 1, maxLength: 40 }), (type, context, minutes) => {
      const events = minutes.map((minute) => ({
        type,
        severity: 'medium' as const,
        source: 'i',
        tag: '',
        key: '',
        at: T + minute * minuteMs,
      }));
      const strongest = Math.max(...events.map((event) => read({ events: [event], remedies: [] }, context).nats));
      expect(read({ events, remedies: [] }, context).nats).toBeLessThanOrEqual(1.875 * strongest + 1e-8);
    });
  });

  it('8: the points sum to the score, and no group has more than four', () => {
    check(anyHistory, anyContext, (history, context) => {
      const state = stateOf(itemsOf(history));
      const points = pointsOf(state, readAt, context, shipped);
      const total = score(state, readAt, context, shipped).score;
      expect(Math.abs(points.reduce((sum, point) => sum + point.points, 0) - total)).toBeLessThan(1e-9);
      for (const group of shipped.groups) expect(points.filter((point) => point.group === group).length).toBeLessThanOrEqual(4);
      if (total === 0) expect(points).toEqual([]);
    });
  });

  it('9: a mark leaves the evidence after it untouched', () => {
    check(historyOf(types, 0), remedyOf, (history, remedy) => {
      const before = { ...remedy, at: T - minuteMs } as typeof remedy;
      expect(read({ ...history, remedies: [before] })).toEqual(read(history));
    });
  });

  it('9: a dismissal may revive an MFA, and that lowers only', () => {
    check(historyOf(['mfa_fatigue', 'rba_anomaly', 'impossible_travel']), (history) => {
      const dismissed = {
        ...history,
        remedies: [...history.remedies, { kind: 'target', type: 'mfa_fatigue', band: '*', source: '*', at: readAt } as const],
      };
      expect(read(dismissed).score).toBeLessThanOrEqual(read(history).score);
    });
  });

  it('10: the state is bounded whatever the stream', () => {
    let state: EvidenceState = emptyEvidence;
    for (let index = 0; index < 1500; index++) {
      const event = {
        type: types[index % types.length] as string,
        severity: (['low', 'medium', 'high'] as const)[index % 3] ?? 'low',
        source: 'i',
        tag: '',
        key: `s:${(index * 7919) % 997}`,
        at: T + ((index * 104_729) % 5000) * minuteMs,
      };
      state = mergeEvidence(state, evidenceOf({ event }), shipped);
      state = mergeEvidence(state, evidenceOf({ remedy: { kind: 'class', class: 'mfa_strong', at: event.at, scope: event.key } }), shipped);
      state = mergeEvidence(state, evidenceOf({ remedy: { kind: 'occurrence', event } }), shipped);
    }
    const counted = state.families.filter((family) => family.type !== 'admin_confirmed');
    expect(counted.reduce((sum, family) => sum + family.seen.length, 0)).toBeLessThanOrEqual(128);
    for (const family of state.families) expect(family.seen.length).toBeLessThanOrEqual(16);
    expect(state.marks.classes.length).toBe(17);
    expect(serialiseEvidence(state).length).toBeLessThan(400_000);
  });

  it('11: pruning changes no score, now or later', () => {
    check(anyHistory, fc.integer({ min: 0, max: 320 }), fc.integer({ min: 0, max: 320 }), (history, prunedAfterDays, days) => {
      const state = stateOf(itemsOf(history));
      const at = readAt + prunedAfterDays * dayMs;
      const pruned = pruneEvidence(state, at, shipped);
      expect(score(pruned, at + days * dayMs, neutral, shipped)).toEqual(score(state, at + days * dayMs, neutral, shipped));
      expect(pruneEvidence(pruned, at, shipped)).toEqual(pruned);
    });
  });

  it('11: a late signal after pruning scores as without pruning', () => {
    check(historyOf(), eventOf(), fc.integer({ min: 0, max: 320 }), (history, event, days) => {
      const state = stateOf(itemsOf(history));
      const at = readAt + days * dayMs;
      const late = evidenceOf({ event });
      expect(score(mergeEvidence(pruneEvidence(state, at, shipped), late, shipped), at, neutral, shipped)).toEqual(
        score(mergeEvidence(state, late, shipped), at, neutral, shipped),
      );
    });
  });

  it('12: the merge of two halves is the state of the whole', () => {
    check(anyHistory, anyHistory, (one, other) => {
      const whole = stateOf([...itemsOf(one), ...itemsOf(other)]);
      expect(mergeEvidence(stateOf(itemsOf(one)), stateOf(itemsOf(other)), shipped)).toEqual(whole);
      expect(mergeEvidence(stateOf(itemsOf(other)), stateOf(itemsOf(one)), shipped)).toEqual(whole);
      expect(mergeEvidence(whole, whole, shipped)).toEqual(whole);
    });
  });

  it('13: the held level is never below the level, and falls only below the leave threshold', () => {
    const point = fc.double({ min: 0, max: 100, noNaN: true });
    check(fc.constantFrom(...levels), point, (held, points) => {
      const next = holdLevel(held, points, shipped);
      const entered = levels.findLastIndex((level) => level === 'none' || points >= shipped.levels[level].enter);
      expect(levels.indexOf(next)).toBeGreaterThanOrEqual(entered);
      if (levels.indexOf(next) < levels.indexOf(held)) expect(points).toBeLessThan(shipped.levels[held as Exclude<Level, 'none'>].leave);
    });
  });

  it('14: a state survives its text', () => {
    check(anyHistory, (history) => {
      const state = stateOf(itemsOf(history));
      const text = serialiseEvidence(state);
      expect(parseEvidence(text)).toEqual(state);
      expect(serialiseEvidence(parseEvidence(text))).toBe(text);
    });
  });

  it('15: zone and locale of the machine change nothing', () => {
    const state = stateOf(
      itemsOf({ events: fc.sample(eventOf(), { numRuns: 60, seed: 7 }), remedies: fc.sample(remedyOf, { numRuns: 3, seed: 8 }) }),
    );
    const own = JSON.stringify(score(state, readAt, neutral, shipped));
    const root = new URL('../../', import.meta.url);
    const program = `
      import { readFileSync } from 'node:fs';
      import { parseEvidence, parseRiskModel, score } from '${new URL('src/risk/index.ts', root)}';
      const model = parseRiskModel(readFileSync(new URL('${new URL('policies/risk.yaml', root)}'), 'utf8'), 'risk.yaml').value;
      const [text, at, context] = JSON.parse(readFileSync(0, 'utf8'));
      process.stdout.write(JSON.stringify(score(parseEvidence(text), at, context, model)));`;
    for (const environment of [
      { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' },
      { TZ: 'America/St_Johns', LC_ALL: 'C' },
    ]) {
      const theirs = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        input: JSON.stringify([serialiseEvidence(state), readAt, neutral]),
        env: { PATH: '', ...environment },
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      expect(theirs).toBe(own);
    }
  });

  it('16: place and habit alone never pass 69.9, in any context', () => {
    check(
      historyOf(['impossible_travel', 'new_country', 'rba_anomaly', 'anonymizer_ip', 'dormant_login']),
      anyContext,
      (history, context) => {
        const result = read(history, context);
        expect(result.score).toBeLessThanOrEqual(69.9);
        expect(result.statisticalOnly).toBe(result.nats > 0);
      },
    );
  });

  it('18: a dismissed family scores as if it had never been sent', () => {
    check(historyOf(), fc.constantFrom(...types), fc.constantFrom('i', 'j'), (history, type, source) => {
      const dismissed = { ...history, remedies: [...history.remedies, { kind: 'target', type, band: '*', source, at: readAt } as const] };
      const without = { ...history, events: history.events.filter((event) => event.type !== type || event.source !== source) };
      expect(read(dismissed)).toEqual(read(without));
    });
  });

  it('19: sampling in between never changes the held level', () => {
    const steps = fc.array(fc.record({ event: eventOf(), waitHours: fc.integer({ min: 0, max: 200 }), samples: fc.nat(4) }), {
      maxLength: 12,
    });
    check(steps, (sequence) => {
      let state = emptyEvidence;
      let now = readAt;
      let sparse: Level = 'none';
      let dense: Level = 'none';
      for (const { event, waitHours, samples } of sequence) {
        for (let index = 1; index <= samples; index++) {
          const between = now + (waitHours * hourMs * index) / (samples + 1);
          dense = holdLevel(dense, score(state, between, neutral, shipped).score, shipped);
        }
        now += waitHours * hourMs;
        const sent = { type: event.type, severity: event.severity, source: event.source, key: event.key, at: now };
        const step = assess(situationOf(sent, { evidence: state, heldLevel: sparse }), shipped);
        const other = assess(situationOf(sent, { evidence: state, heldLevel: dense }), shipped);
        sparse = step.heldLevel;
        dense = other.heldLevel;
        state = step.evidence;
        expect(dense).toBe(sparse);
        expect(levels.indexOf(sparse)).toBeGreaterThanOrEqual(levels.indexOf(step.level));
      }
    });
  });

  it('20: what is kept scores as everything that ever came', () => {
    check(anyHistory, anyContext, fc.integer({ min: 0, max: 40 }), (history, context, days) => {
      const at = readAt + days * dayMs;
      const admin = context.tier === 'standing' ? 1.5 : context.tier === 'tier0' ? 2 : 1;
      const whole = admin * (context.executive ? 1.25 : 1);
      const place = whole * (context.hrStatus === 'active' ? 1 : 1.3);
      const multipliers = Object.fromEntries(
        shipped.groups.map((group) => [group, Math.min(3, ['data', 'location', 'login'].includes(group) ? place : whole)]),
      );
      const result = read(history, context, at);
      expect(Math.abs(result.nats - oracleNats(history, at, shipped, multipliers))).toBeLessThan(2e-9);
      const plain = { ...history, events: history.events.map((event) => ({ ...event, tag: '' })) };
      if (!history.events.some((event) => event.tag !== '')) {
        expect(Math.abs(result.base - 100 * (1 - Math.exp(-oracleNats(plain, at, shipped))))).toBeLessThan(1e-4);
      }
    });
  });

  it('21: the view of a decision without its own marks is the score of the history without them', () => {
    check(anyHistory, fc.array(remedyOf, { maxLength: 4 }), (history, own) => {
      const kept = stateOf(itemsOf(history));
      const aside = stateOf(own.map((remedy) => ({ remedy })));
      expect(score(mergeEvidence(kept, aside, shipped), readAt, neutral, shipped)).toEqual(
        read({ ...history, remedies: [...history.remedies, ...own] }),
      );
      expect(score(kept, readAt, neutral, shipped)).toEqual(read(history));
    });
  });

  it('22: a redelivery with the stamp of its first arrival changes nothing', () => {
    check(historyOf(), eventOf(), fc.integer({ min: -90, max: 30 * 60 }), (history, event, lagMinutes) => {
      const sent = { ...event, arrivedAt: event.at + lagMinutes * minuteMs };
      const first = assess(situationOf(sent, { evidence: stateOf(itemsOf(history)), now: readAt }), shipped);
      const again = assess(situationOf(sent, { evidence: first.evidence, now: readAt }), shipped);
      expect(again.evidence).toEqual(first.evidence);
      expect(again.score).toBe(first.score);
    });
  });
});
