/**
 * What is kept of the events of one key: of each kind the newest, each as an instant, a short name, where values are counted a short
 * pseudonym, and its source. The same events give the same text in whatever order they came.
 */
import type { Instant } from '../../model/clock.ts';

export interface RingEvent {
  readonly at: Instant;
  /** Tells events of one instant apart; letters, digits, `-`, `_`. */
  readonly id: string;
  /** What `valueCount` counts; empty where nobody knows it. */
  readonly value: string;
  /** Who told it, written where it is another one than before; empty in what was kept before sources were. */
  readonly source: string;
}

/** Oldest first. */
export type Ring = readonly RingEvent[];

/** By kind: `counted`, or the type of a follow-up. */
export type Rings = ReadonlyMap<string, Ring>;

const format = '1';

export function parseRings(text: string): Rings {
  const [version, ...lines] = text.split('\n');
  // A text of another version of this shape says nothing: its windows are found again from events that come.
  if (version !== format) return new Map();
  return new Map(
    lines.map((line) => {
      const [kind = '', ...events] = line.split(' ');
      let at = 0;
      let source = '';
      const ring = events.map((event) => {
        const [step = '', id = '', value = '', ...told] = event.split('.');
        at += Number.parseInt(step, 36);
        source = told.join('.') || source;
        return { at, id, value, source };
      });
      return [kind, ring] as const;
    }),
  );
}

export function serialiseRings(rings: Rings): string {
  const lines = [...rings]
    .filter(([, ring]) => ring.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, ring]) =>
      [
        kind,
        ...ring.map(
          ({ at, id, value, source }, n) =>
            `${(at - (ring[n - 1]?.at ?? 0)).toString(36)}.${id}.${value}${source === (ring[n - 1]?.source ?? '') ? '' : `.${source}`}`,
        ),
      ].join(' '),
    );
  return [format, ...lines].join('\n');
}

/** Adds events that are not there yet and keeps the newest `bound`. */
export function insertEvents(ring: Ring, events: readonly RingEvent[], bound: number): Ring {
  if (events.length === 0) return ring;
  const sorted = [...ring, ...events].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return sorted.filter((event, n) => event.at !== sorted[n - 1]?.at || event.id !== sorted[n - 1]?.id).slice(-bound);
}

/** Leaves out what happened before `oldest`. */
export function withoutOld(ring: Ring, oldest: Instant): Ring {
  return (ring[0]?.at ?? oldest) >= oldest ? ring : ring.filter((event) => event.at >= oldest);
}
