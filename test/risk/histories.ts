/** Random histories: dense in MFA evidence and repeats, with keys, tags, severities and every kind of remedy. */
import fc from 'fast-check';
import { type EvidenceState, emptyEvidence } from '../../src/model/risk.ts';
import { markClasses } from '../../src/model/signal.ts';
import type { Tier } from '../../src/model/subject.ts';
import type { RiskModel, ScoreContext } from '../../src/risk/index.ts';
import type { Event, History, Remedy } from './oracle.ts';
import type { Room } from './room.ts';
import { dayMs, hourMs, minuteMs, neutral, T } from './support.ts';

export const types = [
  'mfa_fatigue',
  'mfa_fraud_report',
  'rba_anomaly',
  'impossible_travel',
  'new_country',
  'brute_force',
  'leaked_credentials',
  'edr_alert_high',
  'caep_risk_high',
  'anomalous_token',
  'aitm_phishing',
  'mass_download',
  'role_granted_outside_pim',
  'malicious_ip',
  'admin_confirmed',
] as const;

const keys = ['', 's:1', 's:2', 'd:A', 'd:B', 'n:192.0.2.0/24'];
const sources = ['i', 'j'];
const spanMs = 60 * hourMs;
/** After everything in a history. */
export const readAt = T + spanMs + hourMs;

const instant = fc.oneof(
  fc.integer({ min: 0, max: spanMs / minuteMs }).map((minutes) => T + minutes * minuteMs),
  fc.integer({ min: 0, max: 90 }).map((minutes) => T + minutes * minuteMs),
);

export function eventOf(names: readonly string[] = types): fc.Arbitrary<Event> {
  return fc.record({
    type: fc.constantFrom(...names),
    severity: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
    source: fc.constantFrom(...sources),
    tag: fc.constantFrom('', '', 'ownEgress', 'strongMfa'),
    key: fc.constantFrom(...keys),
    at: instant,
  });
}

const classRemedy: fc.Arbitrary<Remedy> = fc
  .record({ class: fc.constantFrom(...markClasses), at: instant, scope: fc.constantFrom('', 's:1', 's:2', 'd:A', 'd:B') })
  .map(({ class: markClass, at, scope }) => {
    if (markClass === 'device_remediated') return { kind: 'class', class: markClass, at, scope: scope.startsWith('d:') ? scope : 'd:A' };
    const scoped = (markClass === 'mfa_strong' || markClass === 'mfa_weak') && scope !== '';
    return scoped ? { kind: 'class', class: markClass, at, scope } : { kind: 'class', class: markClass, at };
  });

const targetRemedy: fc.Arbitrary<Remedy> = fc.record({
  kind: fc.constant('target' as const),
  type: fc.constantFrom('*', ...types),
  band: fc.constantFrom('*' as const, 'low' as const, 'medium' as const, 'high' as const),
  source: fc.constantFrom('*', ...sources),
  at: instant,
});

export const remedyOf = fc.oneof({ weight: 4, arbitrary: classRemedy }, { weight: 1, arbitrary: targetRemedy });

/** Left alone, lists are mostly short. */
const fewOrMany = <T>(item: fc.Arbitrary<T>) =>
  fc.oneof(fc.array(item, { maxLength: 48 }), fc.array(item, { minLength: 20, maxLength: 48 }));

/** At most 48 events, of which no family can have more than 12, so that nothing is pushed out beneath a dismissal. */
export function historyOf(names: readonly string[] = types, remedies = 5): fc.Arbitrary<History> {
  return fc
    .tuple(fewOrMany(eventOf(names)), fc.array(remedyOf, { maxLength: remedies }), fc.array(fc.nat(), { maxLength: 2 }))
    .map(([events, plain, picks]) => {
      const count = new Map<string, number>();
      const kept = events.filter((event) => {
        const family = [event.type, event.severity, event.source, event.tag].join(' ').replace(/^(edr_\w+|caep_\w+) \w+/, '$1');
        count.set(family, (count.get(family) ?? 0) + 1);
        return (count.get(family) ?? 0) <= 12;
      });
      const dismissals = kept.length === 0 || remedies === 0 ? [] : picks.map((pick) => kept[pick % kept.length] as Event);
      return { events: kept, remedies: [...plain, ...dismissals.map((event): Remedy => ({ kind: 'occurrence', event }))] };
    });
}

/** One family, far more occurrences than are kept, and remedies that no scope narrows. */
export const flood: fc.Arbitrary<History> = fc
  .record({
    type: fc.constantFrom(...types),
    spacings: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 20, maxLength: 60 }),
    key: fc.constantFrom('', 'n:192.0.2.0/24'),
    remedies: fc.array(
      remedyOf.filter((remedy) => remedy.kind === 'class' && remedy.scope === undefined && remedy.class !== 'admin_dismiss'),
      { maxLength: 4 },
    ),
  })
  .map(({ type, spacings, key, remedies }) => {
    let at = T;
    const events = spacings.map((minutes): Event => {
      at += minutes * minuteMs;
      return { type, severity: 'medium', source: 'i', tag: '', key, at };
    });
    return { events, remedies };
  });

/** Without care for what is kept: families and sources far over their limits, more scopes than a class has. */
export const crowd: fc.Arbitrary<History> = fc
  .record({
    events: fc
      .oneof(fc.constant(types.slice(0, 1)), fc.constant(types.slice(2, 5)), fc.constant(types))
      .chain((names) => fc.array(eventOf(names), { minLength: 150, maxLength: 260 })),
    crowded: fc.boolean(),
    remedies: fc.array(remedyOf, { maxLength: 6 }),
    dismissed: fc.array(fc.nat(), { maxLength: 20 }),
    scopes: fc.array(fc.record({ device: fc.boolean(), scope: fc.nat(40), at: instant }), { minLength: 20, maxLength: 40 }),
  })
  .map(({ events: some, crowded, remedies, dismissed, scopes }) => {
    const events = crowded ? some.map((event) => ({ ...event, source: 'i' })) : some;
    const scoped = scopes.map(
      ({ device, scope, at }): Remedy => ({
        kind: 'class',
        class: device ? 'device_remediated' : 'mfa_strong',
        scope: device ? `d:${String.fromCharCode(65 + scope)}` : `s:${scope}`,
        at,
      }),
    );
    const occurrences = dismissed.map((pick): Remedy => ({ kind: 'occurrence', event: events[pick % events.length] as Event }));
    return { events, remedies: [...remedies, ...occurrences, ...scoped] };
  });

export const anyHistory = fc.oneof(
  { weight: 3, arbitrary: historyOf() },
  // Place and habit with crumbs of another kind, at the edge of the cap.
  { weight: 1, arbitrary: historyOf(['impossible_travel', 'new_country', 'rba_anomaly', 'brute_force'], 2) },
  { weight: 1, arbitrary: flood },
);

const standing = fc.record({
  kind: fc.constantFrom('idp' as const, 'transmitters' as const, 'api' as const),
  since: fc.constantFrom(0, T - 29 * dayMs, T + hourMs),
});

/** People of every kind, with sources that are known for long. */
export const anyContext: fc.Arbitrary<ScoreContext> = fc.record({
  tier: fc.constantFrom<Tier>('none', 'standing', 'tier0', 'unknown'),
  executive: fc.boolean(),
  hrStatus: fc.constantFrom('active' as const, 'notice' as const, 'leave' as const, 'gardenLeave' as const),
  sources: fc.constant(neutral.sources),
});

/** As `anyContext`, with sources of every standing and values that nobody knows. */
export const strangeContext: fc.Arbitrary<ScoreContext> = fc
  .tuple(anyContext, fc.boolean(), fc.dictionary(fc.constantFrom(...sources), standing))
  .map(([{ hrStatus, ...context }, hrKnown, known]) => ({
    ...context,
    ...(hrKnown && hrStatus !== undefined ? { hrStatus } : {}),
    sources: known,
  }));

/** The last instant at which one of the events still counts; where none fades, after everything. */
export function lastBreathOf({ events }: History, pick: number, model: RiskModel): number {
  const ends = events.flatMap(({ type, at }) => {
    const halfLifeMs = model.types.get(type)?.halfLifeMs;
    return typeof halfLifeMs === 'number' ? [at + 10 * halfLifeMs] : [];
  });
  return Math.max(readAt, ends[pick % Math.max(1, ends.length)] ?? readAt);
}

export type Item = { readonly event: Event } | { readonly remedy: Remedy };

export function itemsOf(history: History): Item[] {
  return [...history.events.map((event) => ({ event })), ...history.remedies.map((remedy) => ({ remedy }))];
}

/** What one item leaves. */
export function evidenceOf(item: Item, room: Room, model: RiskModel = room.shipped): EvidenceState {
  const familyOf = (event: Event) => ({
    type: event.type,
    band: room.bandOf(event.type, event.severity, model),
    source: event.source,
    tag: event.tag,
  });
  if ('event' in item) return room.oneOccurrence(familyOf(item.event), item.event.key, item.event.at);
  if (item.remedy.kind === 'occurrence')
    return room.evidenceOfDismissal(familyOf(item.remedy.event), item.remedy.event.key, item.remedy.event.at);
  return room.evidenceOfMarks([item.remedy], item.remedy.at, model);
}

export function stateOf(items: readonly Item[], room: Room, model: RiskModel = room.shipped): EvidenceState {
  return items.reduce<EvidenceState>((state, item) => room.mergeEvidence(state, evidenceOf(item, room, model), model), emptyEvidence);
}
