/** When an event happened, by a sender whose clock and units may be off. */
import type { Instant } from '../model/clock.ts';
import { clockSkewMs, type VerifiedSet } from './verify-set.ts';

/** `eventTimeClamped`: the sender's time lay ahead, an earlier one stands. `milliseconds`: the draft's unit was sent. */
export type TimeNote = 'eventTimeClamped' | 'milliseconds';

/** Largest value that is read as seconds; the year 5138. CAEP's examples were in milliseconds until mid-2025. */
const largestSeconds = 1e11;

/**
 * `event_timestamp`, else `toe`, else `iat`; but never later than `iat` and the allowed skew, so that one wild value does not make
 * everything after it look stale, and the arrival where it is more than that skew ahead of it.
 */
export function eventInstant(
  set: Pick<VerifiedSet, 'payload' | 'toeAt' | 'iatAt'>,
  receivedAt: Instant,
  note: (note: TimeNote) => void,
): Instant {
  const told = timestampOf(set.payload.event_timestamp, note) ?? set.toeAt ?? set.iatAt;
  const bounded = Math.min(told, set.iatAt + clockSkewMs);
  const at = bounded > receivedAt + clockSkewMs ? receivedAt : bounded;
  if (at !== told) note('eventTimeClamped');
  return at;
}

function timestampOf(value: unknown, note: (note: TimeNote) => void): Instant | undefined {
  if (typeof value !== 'number' || value < 0) return undefined;
  if (value <= largestSeconds) return Math.floor(value * 1000);
  if (value > 8.64e15) return Number.MAX_SAFE_INTEGER;
  note('milliseconds');
  return Math.floor(value);
}
