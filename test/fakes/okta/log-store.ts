/** The System Log: events in the order in which they were persisted, which is not the order in which they were published. */
import type { OktaClock } from './clock.ts';
import { fillEvent, type GivenEvent, type LogEvent } from './log-event.ts';

/** A place between events: when persisted, and which of that millisecond. */
export type LogPlace = readonly [persistedAt: number, serial: number];

export interface StoredEvent {
  readonly place: LogPlace;
  readonly publishedAt: number;
  readonly event: LogEvent;
}

export interface LogStore {
  /** Both instants default to now; an event persisted later than now is there once the clock is. */
  append(given: GivenEvent, times?: { readonly publishedAt?: number; readonly persistedAt?: number }): LogEvent;
  /** Events that are persisted by now, behind the place if one is given, as they were persisted. */
  behind(place?: LogPlace): readonly StoredEvent[];
  /** Behind every event so far. */
  end(): LogPlace;
}

const before = (left: LogPlace, right: LogPlace) => left[0] < right[0] || (left[0] === right[0] && left[1] < right[1]);

export function createLogStore(clock: OktaClock, appended: () => void): LogStore {
  const stored: StoredEvent[] = [];
  let serial = 0;
  let readUntil = Number.NEGATIVE_INFINITY;

  return {
    append(given, times = {}) {
      const publishedAt = times.publishedAt ?? clock.now();
      const persistedAt = times.persistedAt ?? Math.max(clock.now(), readUntil);
      // What is persisted lands behind every reader; a test that asks otherwise would see readers miss events that Okta never hides.
      if (persistedAt < readUntil) throw new Error('the log has been read past that instant already');
      serial += 1;
      const one: StoredEvent = { place: [persistedAt, serial], publishedAt, event: fillEvent(given, publishedAt) };
      stored.splice(stored.findLastIndex(({ place }) => before(place, one.place)) + 1, 0, one);
      appended();
      return one.event;
    },
    behind(place) {
      const now = clock.now();
      readUntil = Math.max(readUntil, now);
      const first = place === undefined ? 0 : stored.findIndex((one) => before(place, one.place));
      return first === -1 ? [] : stored.slice(first).filter((one) => one.place[0] <= now);
    },
    end: () => [clock.now(), serial],
  };
}
