/** What holds of every score, whatever came. The numbers are those of the scoring model's list of invariants. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { emptyEvidence, type Level, levels } from '../../src/model/risk.ts';
import type { RiskModel } from '../../src/risk/index.ts';
import { type Link, noveltyOf } from './formulas.ts';
import { anyContext, anyHistory, eventOf, historyOf, itemsOf, readAt, remedyOf, stateOf, types } from './histories.ts';
import type { Event, History } from './oracle.ts';
import { type Check, type Room, tried } from './room.ts';
import { hourMs, minuteMs, neutral, situationOf, T } from './support.ts';

export function propertiesOfScore(room: Room): readonly Check[] {
  const { shipped } = room;
  const read = (history: History, context = neutral, at = readAt) => room.score(stateOf(itemsOf(history), room), at, context, shipped);
  return [
    {
      name: '2: the score lies between 0 and 100, and no evidence is exactly 0',
      run: tried(
        fc.property(anyHistory, anyContext, (history, context) => {
          const result = read(history, context);
          assert.ok(result.nats >= 0 && result.score >= 0 && result.score <= 100);
          if (history.events.length > 0) return;
          const { nats, score, base, level, statisticalOnly } = result;
          assert.deepEqual([nats, score, base, level, statisticalOnly], [0, 0, 0, 'none', false]);
        }),
      ),
    },
    {
      name: '3: one signal more never lowers the score',
      run: tried(
        fc.property(anyHistory, eventOf(), anyContext, (history, event, context) => {
          const more = { ...history, events: [...history.events, event] };
          assert.ok(read(more, context).score >= read(history, context).score);
        }),
      ),
    },
    {
      name: '4: one mark more never raises it',
      run: tried(
        fc.property(anyHistory, remedyOf, anyContext, (history, remedy, context) => {
          const more = { ...history, remedies: [...history.remedies, remedy] };
          assert.ok(read(more, context).score <= read(history, context).score);
        }),
      ),
    },
    {
      name: '5: between events time never raises it',
      run: tried(
        fc.property(
          anyHistory,
          fc.array(fc.integer({ min: 0, max: 320 * 24 * 60 }), { minLength: 2, maxLength: 8 }),
          (history, minutes) => {
            const state = stateOf(itemsOf(history), room);
            let last = Number.POSITIVE_INFINITY;
            for (const minute of minutes.sort((a, b) => a - b)) {
              const { nats } = room.score(state, readAt + minute * minuteMs, neutral, shipped);
              assert.ok(nats <= last);
              last = nats;
            }
          },
        ),
      ),
    },
    {
      name: '6: raising a multiplier, a confidence, a tag, a standalone score or a band never lowers it',
      run: tried(
        fc.property(
          anyHistory,
          anyContext,
          fc.constantFrom(...raisings),
          fc.double({ min: 1, max: 2, noNaN: true }),
          (history, context, raise, by) => {
            const start = { ...shipped, confidence: { ...shipped.confidence, default: 0.5 } };
            const state = stateOf(itemsOf(history), room);
            assert.ok(room.score(state, readAt, context, raise(start, by)).score >= room.score(state, readAt, context, start).score);
          },
        ),
      ),
    },
    {
      name: '7: a group never counts more than 1.875 times its strongest evidence',
      run: tried(
        fc.property(
          fc.constantFrom(...types),
          anyContext,
          fc.array(fc.nat(600), { minLength: 1, maxLength: 40 }),
          (type, context, minutes) => {
            const at = (minute: number) => T + minute * minuteMs;
            const events = minutes.map((minute): Event => ({ type, severity: 'medium', source: 'i', tag: '', key: '', at: at(minute) }));
            const strongest = Math.max(...events.map((event) => read({ events: [event], remedies: [] }, context).nats));
            assert.ok(read({ events, remedies: [] }, context).nats <= 1.875 * strongest + 1e-8);
          },
        ),
      ),
    },
    {
      name: '8: the points sum to the score, and no group has more than four',
      run: tried(
        fc.property(anyHistory, anyContext, (history, context) => {
          const state = stateOf(itemsOf(history), room);
          const points = room.pointsOf(state, readAt, context, shipped);
          const total = room.score(state, readAt, context, shipped).score;
          assert.ok(Math.abs(points.reduce((sum, point) => sum + point.points, 0) - total) < 1e-9);
          for (const group of shipped.groups) assert.ok(points.filter((point) => point.group === group).length <= 4);
          if (total === 0) assert.deepEqual(points, []);
        }),
      ),
    },
    {
      name: '9: a mark leaves the evidence after it untouched',
      run: tried(
        fc.property(historyOf(types, 0), remedyOf, (history, remedy) => {
          const before = { ...remedy, at: T - minuteMs } as typeof remedy;
          assert.deepEqual(read({ ...history, remedies: [before] }), read(history));
        }),
      ),
    },
    {
      name: '9: a dismissal may revive an MFA, and that lowers only',
      run: tried(
        fc.property(historyOf(['mfa_fatigue', 'rba_anomaly', 'impossible_travel']), (history) => {
          const dismissal = { kind: 'target', type: 'mfa_fatigue', band: '*', source: '*', at: readAt } as const;
          const dismissed = { ...history, remedies: [...history.remedies, dismissal] };
          assert.ok(read(dismissed).score <= read(history).score);
        }),
      ),
    },
    {
      name: '13: the held level is never below the level, and falls only below the leave threshold',
      run: tried(
        fc.property(fc.constantFrom(...levels), fc.double({ min: 0, max: 100, noNaN: true }), (held, points) => {
          const next = room.holdLevel(held, points, shipped);
          const entered = levels.findLastIndex((level) => level === 'none' || points >= shipped.levels[level].enter);
          assert.ok(levels.indexOf(next) >= entered);
          assert.equal(room.levelOf(points, shipped), levels[entered]);
          if (levels.indexOf(next) < levels.indexOf(held)) assert.ok(points < shipped.levels[held as Exclude<Level, 'none'>].leave);
        }),
      ),
    },
    {
      name: '16: place and habit alone never pass 69.9, in any context',
      run: tried(
        fc.property(
          historyOf(['impossible_travel', 'new_country', 'rba_anomaly', 'anonymizer_ip', 'dormant_login']),
          anyContext,
          (history, context) => {
            const result = read(history, context);
            assert.ok(result.score <= 69.9);
            assert.equal(result.statisticalOnly, result.nats > 0);
          },
        ),
      ),
    },
    {
      name: '17: what a person never did before is at least as novel as anything else',
      run: tried(
        fc.property(
          fc.record({
            parentCount: fc.integer({ min: 1, max: 10_000 }),
            children: fc.integer({ min: 1, max: 200 }),
            count: fc.constant(0),
            share: fc.double({ min: 0, max: 1, noNaN: true }),
          }),
          (link: Link) => assert.ok(noveltyOf(link) >= 1),
        ),
      ),
    },
    {
      name: '18: a dismissed family scores as if it had never been sent',
      run: tried(
        fc.property(historyOf(), fc.constantFrom(...types), fc.constantFrom('i', 'j'), (history, type, source) => {
          const dismissal = { kind: 'target', type, band: '*', source, at: readAt } as const;
          const without = { ...history, events: history.events.filter((event) => event.type !== type || event.source !== source) };
          assert.deepEqual(read({ ...history, remedies: [...history.remedies, dismissal] }), read(without));
        }),
      ),
    },
    {
      name: '18: a dismissed occurrence scores as if it had never been sent',
      run: tried(
        fc.property(historyOf(), fc.nat(), anyContext, (history, pick, context) => {
          const event = history.events[pick % Math.max(1, history.events.length)];
          if (event === undefined) return;
          const nameOf = (each: Event) =>
            JSON.stringify([
              each.type,
              room.bandOf(each.type, each.severity, shipped),
              each.source,
              each.tag,
              each.key,
              room.bucketOf(each.at),
            ]);
          const members = history.events.filter((each) => nameOf(each) === nameOf(event));
          const latest = members.reduce((a, b) => (b.at > a.at ? b : a));
          const dismissed = { ...history, remedies: [...history.remedies, { kind: 'occurrence', event: latest } as const] };
          const without = { ...history, events: history.events.filter((each) => !members.includes(each)) };
          assert.deepEqual(read(dismissed, context), read(without, context));
        }),
      ),
    },
    {
      name: '19: sampling in between never changes the held level',
      run: tried(
        fc.property(
          fc.array(fc.record({ event: eventOf(), waitHours: fc.integer({ min: 0, max: 200 }), samples: fc.nat(4) }), { maxLength: 12 }),
          (sequence) => {
            let state = emptyEvidence;
            let now = readAt;
            let sparse: Level = 'none';
            let dense: Level = 'none';
            for (const { event, waitHours, samples } of sequence) {
              for (let index = 1; index <= samples; index++) {
                const between = now + (waitHours * hourMs * index) / (samples + 1);
                dense = room.holdLevel(dense, room.score(state, between, neutral, shipped).score, shipped);
              }
              now += waitHours * hourMs;
              const sent = { type: event.type, severity: event.severity, source: event.source, key: event.key, at: now };
              const step = room.assess(situationOf(sent, { evidence: state, heldLevel: sparse }), shipped);
              const other = room.assess(situationOf(sent, { evidence: state, heldLevel: dense }), shipped);
              sparse = step.heldLevel;
              dense = other.heldLevel;
              state = step.evidence;
              assert.equal(dense, sparse);
              assert.ok(levels.indexOf(sparse) >= levels.indexOf(step.level));
            }
          },
        ),
      ),
    },
    {
      name: '21: the view of a decision without its own marks is the score of the history without them',
      run: tried(
        fc.property(anyHistory, fc.array(remedyOf, { maxLength: 4 }), (history, own) => {
          const kept = stateOf(itemsOf(history), room);
          const aside = stateOf(
            own.map((remedy) => ({ remedy })),
            room,
          );
          assert.deepEqual(
            room.score(room.mergeEvidence(kept, aside, shipped), readAt, neutral, shipped),
            read({ ...history, remedies: [...history.remedies, ...own] }),
          );
          assert.deepEqual(room.score(kept, readAt, neutral, shipped), read(history));
        }),
      ),
    },
  ];
}

type Raising = (model: RiskModel, by: number) => RiskModel;

/** The factor of one band alone. */
const band =
  (name: 'low' | 'high'): Raising =>
  (model, by) => ({
    ...model,
    types: new Map(
      [...model.types].map(([type, each]) => {
        const raised = Math.min(name === 'low' ? each.evidenceNats.medium : Number.POSITIVE_INFINITY, each.evidenceNats[name] * by);
        return [type, { ...each, evidenceNats: { ...each.evidenceNats, [name]: raised } }];
      }),
    ),
  });

const raisings: readonly Raising[] = [
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
  band('low'),
  band('high'),
];
