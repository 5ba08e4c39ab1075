/** When a notice that was not taken is tried again: the steps that Standard Webhooks recommends, three days in all. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const waits = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];

/** Attempts in all. */
export const maxAttempts = waits.length + 1;

/** Milliseconds until the attempt after the `attempts`-th, never earlier than the receiver asks; undefined after the last. */
export function waitAfter(attempts: number, retryAfterMs = 0): number | undefined {
  const wait = waits[attempts - 1];
  return wait === undefined ? undefined : Math.max(wait, retryAfterMs);
}
