/**
 * Which windows are full. A finding is named by a fixed slice of time and a severity, and more events never take one back; so what
 * has been found in the end depends on the events alone, not on their order, their repeats or their batches.
 */
import type { Instant } from '../../model/clock.ts';
import { type Severity, severities } from '../../model/signal.ts';
import type { CompiledDetection } from './compile.ts';
import { insertEvents, parseRings, type Ring, type RingEvent, type Rings, serialiseRings, withoutOld } from './ring.ts';

export interface DetectionEvent extends RingEvent {
  readonly type: string;
}

export interface Finding {
  /** Begin of the slice, as long as the window, in which the window was completed. With the severity it names the finding. */
  readonly slice: Instant;
  readonly severity: Severity;
  /** The newest event known that completed a window of the slice, or the follow-up of one. */
  readonly occurredAt: Instant;
  readonly facts: Readonly<Record<string, number>>;
  /** Who told the events of the window, and of what followed it. */
  readonly sources: readonly string[];
}

export interface Advanced {
  readonly state: string;
  /** When nothing of the state matters any more. */
  readonly forgetAt: Instant;
  /** What these events brought about, oldest first and then by rising severity. */
  readonly findings: readonly Finding[];
}

const counted = 'counted';

/** Takes the events of one key in. Events later than the detection waits for do not count. */
export function advance(detection: CompiledDetection, state: string, events: readonly DetectionEvent[], now: Instant): Advanced {
  const before = new Map([...parseRings(state)].map(([kind, ring]) => [kind, withoutOld(ring, now - detection.reachMs)] as const));
  const timely = events.filter((event) => now - event.at <= detection.lateMs);
  const after = new Map(before);
  const add = (kind: string, wanted: (type: string) => boolean) =>
    after.set(
      kind,
      insertEvents(
        before.get(kind) ?? [],
        timely.filter((event) => wanted(event.type)),
        detection.bound,
      ),
    );
  add(counted, (type) => detection.events.has(type));
  for (const { type } of detection.followUps) add(type, (other) => other === type);
  const known = completions(detection, before);
  const fresh = [...completions(detection, after)].filter(([name]) => !known.has(name)).map(([, completion]) => completion);
  const newest = Math.max(0, ...[...after.values()].map((ring) => ring.at(-1)?.at ?? 0));
  return {
    state: serialiseRings(after),
    forgetAt: newest + detection.reachMs,
    findings: fresh
      .map(({ slice, severity, last, occurredAt }) => ({
        slice,
        severity,
        occurredAt,
        facts: factsOf(detection, after.get(counted) ?? [], last),
        sources: sourcesOf(detection, after, last, occurredAt),
      }))
      .sort((a, b) => a.slice - b.slice || severities.indexOf(a.severity) - severities.indexOf(b.severity)),
  };
}

interface Completion {
  readonly slice: Instant;
  readonly severity: Severity;
  /** Place of the completing event in the ring. */
  readonly last: number;
  readonly occurredAt: Instant;
}

/**
 * An event completes a window where it is at least the `gte`th within the time span that ends with it. Each slice holds at most one
 * finding a severity: the plain one, and one for each follow-up that came in time after a completing event, whether or not the
 * plain one was told before.
 */
function completions(detection: CompiledDetection, rings: Rings): ReadonlyMap<string, Completion> {
  const { gte, timespanMs, severity, followUps } = detection;
  const ring = rings.get(counted) ?? [];
  const found = new Map<string, Completion>();
  const add = (completion: Completion) => found.set(`${completion.slice} ${completion.severity}`, completion);
  const later = followUps.map(({ type }) => ({ ring: rings.get(type) ?? [], next: 0 }));
  for (const [last, { at }] of ring.entries()) {
    const first = ring[last - gte + 1];
    if (first === undefined || at - first.at > timespanMs) continue;
    const slice = Math.floor(at / timespanMs) * timespanMs;
    add({ slice, severity, last, occurredAt: at });
    for (const [n, followUp] of followUps.entries()) {
      const cursor = later[n] as (typeof later)[number];
      while ((cursor.ring[cursor.next]?.at ?? at) < at) cursor.next += 1;
      const next = cursor.ring[cursor.next];
      if (next !== undefined && next.at - at <= followUp.withinMs) add({ slice, severity: followUp.severity, last, occurredAt: next.at });
    }
  }
  return found;
}

/** Of follow-ups those that came in the meantime: one of them may have been the one. */
function sourcesOf({ timespanMs }: CompiledDetection, rings: Rings, last: number, occurredAt: Instant): readonly string[] {
  const ring = rings.get(counted) ?? [];
  const end = ring[last]?.at ?? 0;
  const followed = [...rings].flatMap(([kind, events]) =>
    kind === counted ? [] : events.filter(({ at }) => at >= end && at <= occurredAt),
  );
  const told = [...ring.slice(0, last + 1).filter(({ at }) => at >= end - timespanMs), ...followed].map(({ source }) => source);
  return [...new Set(told)].filter((source) => source !== '').sort();
}

function factsOf({ facts, timespanMs }: CompiledDetection, ring: Ring, last: number): Readonly<Record<string, number>> {
  const end = ring[last]?.at ?? 0;
  const inside = ring.slice(0, last + 1).filter((event) => event.at >= end - timespanMs);
  const values = new Set(inside.map((event) => event.value).filter((value) => value !== ''));
  return Object.fromEntries(facts.map(([name, source]) => [name, source === 'eventCount' ? inside.length : values.size]));
}
