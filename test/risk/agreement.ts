/** The service's scorer against the second one: the same verdict, to the last digit that is kept. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EvidenceState } from '../../src/model/risk.ts';
import type { RiskModel, ScoreContext } from '../../src/risk/index.ts';
import { anyHistory, crowd, eventOf, itemsOf, lastBreathOf, readAt, stateOf, strangeContext } from './histories.ts';
import { type History, judge } from './oracle.ts';
import { confidenceOf, type OracleContext, readWritten, tagFor, type Written } from './oracle-model.ts';
import { type Check, type Room, tried } from './room.ts';
import { changedText, dayMs, hourMs, shippedText, situationOf, T } from './support.ts';

/** The shipped model, one that believes its sources by rule, and one with other numbers everywhere. */
const models = [
  shippedText,
  changedText(
    '  rules: []',
    `  rules:
    - { sources: [j], types: [mfa_fatigue, edr_alert_high], confidence: 0.6 }
    - { kinds: [api], confidence: 0.01 }
    - { types: [brute_force], confidence: 0.5 }
    - { sources: [i], kinds: [idp, transmitters], confidence: 0.93 }`,
  ),
  changedText('statisticalNats: 1.200645', 'statisticalNats: 0.7')
    .replace('activeNats: 0.105361', 'activeNats: 0.3')
    .replace('low: { factor: 0.4 }', 'low: { factor: 0.17 }')
    .replace('quietMinutes: 60', 'quietMinutes: 95')
    .replace('max: 3', 'max: 1.4')
    .replace('mfa_fatigue: { group: mfa, standalone: 60, halfLife: 1d }', 'mfa_fatigue: { group: mfa, standalone: 61, halfLife: 7h }'),
].map((text) => ({ text, written: readWritten(text) }));

export function agreementChecks(room: Room): readonly Check[] {
  const compiled = models.map(({ text, written }) => ({ model: room.load(text), written }));
  // By its place: a failure prints what it was given.
  const anyModel = fc.nat(compiled.length - 1);
  const modelAt = (index: number) => compiled[index] as (typeof compiled)[number];
  const readingAt = (history: History, hours: number, model: RiskModel) =>
    hours < 0 ? lastBreathOf(history, -hours, model) : readAt + hours * hourMs;
  /** Hours after everything; below 0: at the edge of an event's life. */
  const anyAge = fc.oneof(
    fc.constant(0),
    fc.integer({ min: -50, max: -1 }),
    fc.integer({ min: 0, max: 72 }),
    fc.integer({ min: 0, max: 320 * 24 }),
  );

  const agree = (
    history: History,
    state: EvidenceState,
    at: number,
    context: ScoreContext,
    { model, written }: (typeof compiled)[number],
    kept: boolean,
  ) => {
    const theirs = judge(history, at, context as OracleContext, written, kept);
    const { gaps: _gaps, ...ours } = room.score(state, at, context, model);
    const { points, ...verdict } = theirs;
    assert.deepEqual(ours, verdict);
    const named = room.pointsOf(state, at, context, model);
    assert.equal(named.length, points.length);
    for (const [rank, point] of named.entries()) {
      const other = points[rank] as (typeof points)[number];
      assert.ok(Math.abs(point.points - other.points) < 1e-9, `${point.points} points, not ${other.points}`);
    }
    const names = (each: readonly { signalType: string; source: string; at: number }[]) =>
      each.map(({ signalType, source, at: time }) => JSON.stringify([signalType, source, time])).sort();
    // Evidence that never fades ties with what was forgotten: then any of them may be named.
    if (kept) assert.deepEqual(names(named), names(points));
  };

  return [
    {
      name: '20: what is kept scores as everything that ever came',
      run: tried(
        fc.property(anyHistory, strangeContext, anyModel, anyAge, (history, context, index, hours) =>
          agree(
            history,
            stateOf(itemsOf(history), room, modelAt(index).model),
            readingAt(history, hours, modelAt(index).model),
            context,
            modelAt(index),
            false,
          ),
        ),
      ),
    },
    {
      name: '20: beyond what is kept the newest of each family and source count',
      run: tried(
        fc.property(crowd, strangeContext, anyModel, anyAge, (history, context, index, hours) =>
          agree(
            history,
            stateOf(itemsOf(history), room, modelAt(index).model),
            readingAt(history, hours, modelAt(index).model),
            context,
            modelAt(index),
            true,
          ),
        ),
        4,
      ),
    },
    {
      name: '20: what was pruned along the way scores as everything that ever came',
      run: tried(
        fc.property(anyHistory, strangeContext, anyModel, anyAge, fc.nat(40), (history, context, index, hours, days) => {
          const pair = modelAt(index);
          const at = days > 35 ? readingAt(history, hours, pair.model) : readAt + days * dayMs;
          const pruned = room.pruneEvidence(stateOf(itemsOf(history), room, pair.model), at, pair.model);
          agree(history, pruned, at + Math.max(0, hours) * hourMs, context, pair, false);
        }),
      ),
    },
    {
      name: '20: a signal is kept under the tag, and believed, as the document says',
      run: tried(
        fc.property(eventOf(), surroundings, strangeContext, anyModel, (event, around, context, index) => {
          const { model, written } = modelAt(index);
          const standing = context.sources[event.source] ?? { kind: 'idp', since: 0 };
          const sent = { ...event, sourceKind: standing.kind, sourceSince: standing.since, surroundings: around };
          const assessed = room.assess(situationOf(sent, { now: T }), model);
          assert.equal(assessed.evidence.families[0]?.tag, tagFor(event.type, flat(around, written), written));
          const sources = { [event.source]: standing };
          const believed = confidenceOf(event.source, event.type, T, { ...context, sources } as OracleContext, written);
          assert.equal(assessed.signal.confidence, believed);
        }),
      ),
    },
  ];
}

const surroundings = fc.record({
  geo: fc.record({ egress: fc.constantFrom('own' as const, 'shared' as const, 'none' as const) }, { requiredKeys: [] }),
  session: fc.record(
    {
      mfa: fc.constantFrom('none' as const, 'weak' as const, 'strong' as const),
      deviceBound: fc.constantFrom('yes' as const, 'no' as const),
    },
    { requiredKeys: [] },
  ),
  device: fc.record(
    {
      managed: fc.constantFrom('yes' as const, 'no' as const),
      compliance: fc.constantFrom('compliant' as const, 'nonCompliant' as const),
    },
    { requiredKeys: [] },
  ),
});

/** By dotted path, and only what the document's tags ask for. */
function flat(around: Readonly<Record<string, Readonly<Record<string, string>>>>, written: Written): Record<string, string> {
  const asked = new Set(Object.values(written.tags).flatMap((tag) => tag.when.flatMap((entry) => Object.keys(entry))));
  const values: Record<string, string> = {};
  for (const [room, members] of Object.entries(around))
    for (const [name, value] of Object.entries(members)) if (asked.has(`${room}.${name}`)) values[`${room}.${name}`] = value;
  return values;
}
