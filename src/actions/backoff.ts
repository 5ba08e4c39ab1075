/** How long to wait before trying again: full jitter over a doubling ceiling, never earlier than the provider asks. */
import type { RandomBytes } from '../model/ids.ts';

export interface Backoff {
  readonly baseMs: number;
  readonly ceilingMs: number;
}

/** A number in [0, 1) from four random bytes. */
function fraction(random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32;
}

/**
 * Delay in milliseconds after the `tries`-th try (from 1). With `retryAfterMs` the jitter comes on top, so that many plans that were
 * told the same second do not return in the same one.
 */
export function delayAfter(tries: number, { baseMs, ceilingMs }: Backoff, random: RandomBytes, retryAfterMs?: number): number {
  const ceiling = Math.min(ceilingMs, baseMs * 2 ** Math.min(tries - 1, 20));
  const jitter = Math.floor(fraction(random) * (retryAfterMs === undefined ? ceiling : Math.min(ceiling, baseMs)));
  return retryAfterMs === undefined ? Math.max(minimumMs, jitter) : retryAfterMs + jitter;
}

const minimumMs = 20;
