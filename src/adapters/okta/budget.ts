/**
 * When a call may go: at most half of what Okta allows, by the headers of its answers, and the most urgent first. Others of the
 * organisation live on the other half.
 */
import type { Clock, Timer } from '../../model/clock.ts';
import type { HttpAnswer, HttpResponse } from '../http.ts';
import { OktaFailure, waitOf } from './failure.ts';

/** Less is more urgent. */
export const urgencies = { action: 0, readBack: 1, directory: 2, polling: 3 } as const;
export type Urgency = keyof typeof urgencies;

export interface Turn {
  /** Path of the call: calls of one kind share an allowance. */
  readonly path: string;
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

export interface Budget {
  /**
   * Sends when its turn has come. Rejects with an `OktaFailure` that failed, and nothing is sent: `rateLimited` where the allowance is used
   * up for longer than a call waits, `aborted` where the signal fires first.
   */
  send(turn: Turn, send: () => Promise<HttpAnswer>): Promise<HttpAnswer>;
  close(): void;
}

interface Waiting extends Turn {
  readonly start: () => void;
  readonly fail: (failure: OktaFailure) => void;
}

interface Bucket {
  waiting: Waiting[];
  inFlight: number;
  /** Half of the limit; undefined until an answer told: then calls go one at a time. Infinity where answers tell none. */
  share: number | undefined;
  used: number;
  /** What is left for everybody. */
  left: number;
  /** End of the window; Infinity while the window is not known. */
  resetAt: number;
  /** End of the window before: answers of it come late. */
  endedAt: number;
  blockedUntil: number;
  timer: Timer | undefined;
}

/** A call that would wait longer is given back, to come again with its delay. */
const patienceMs = 2_000;
/** Instants that are reckoned from answers differ by less than this where they mean one window. */
const sameWindowMs = 500;
/** Clocks that are no further apart are taken for the same. */
const sameClockMs = 1_500;
/** A 429 that does not say for how long. */
const unsaidWaitMs = 250;

/** `atOnce`: most calls in flight, of all kinds together; it shrinks while Okta says that there are too many. */
export function createBudget(clock: Clock, atOnce: number): Budget {
  const buckets = new Map<string, Bucket>();
  let inFlight = 0;
  let mayFly = atOnce;
  let closed = false;
  /** How far Okta's clock is ahead of ours. */
  let aheadMs: number | undefined;

  function bucketAt(path: string): Bucket {
    const name = kindOf(path);
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      const unknown = { share: undefined, left: Infinity, resetAt: Infinity, endedAt: 0, blockedUntil: 0, timer: undefined };
      bucket = { waiting: [], inFlight: 0, used: 0, ...unknown };
      buckets.set(name, bucket);
    }
    return bucket;
  }

  function pump(bucket: Bucket): void {
    bucket.timer?.cancel();
    bucket.timer = undefined;
    while (bucket.waiting.length > 0 && inFlight < mayFly) {
      const now = clock.now();
      if (now >= bucket.resetAt) beginWindow(bucket, Infinity);
      const waitMs = waitFor(bucket, now);
      if (waitMs === undefined) return;
      if (waitMs > patienceMs) {
        giveBack(bucket, waitMs);
        return;
      }
      if (waitMs > 0) {
        bucket.timer = clock.after(waitMs, () => pump(bucket));
        return;
      }
      bucket.used += 1;
      bucket.left -= 1;
      bucket.waiting.shift()?.start();
    }
  }

  function beginWindow(bucket: Bucket, resetAt: number): void {
    // What is in flight may be counted in the window that begins.
    Object.assign(bucket, { used: bucket.inFlight, left: Infinity, endedAt: bucket.resetAt, resetAt });
  }

  /** Milliseconds until a call may go; undefined where an answer on its way must tell first. */
  function waitFor({ share, used, left, resetAt, blockedUntil, inFlight: flying }: Bucket, now: number): number | undefined {
    if (blockedUntil > now) return blockedUntil - now;
    const mayGo = share !== undefined && used < share && left > 0;
    if (mayGo) return 0;
    if (share === undefined || resetAt === Infinity) return flying > 0 ? undefined : 0;
    return Math.max(1, resetAt - now);
  }

  function giveBack(bucket: Bucket, waitMs: number): void {
    const retryAfterMs = Math.ceil(waitMs / 1_000) * 1_000;
    for (const waiting of bucket.waiting.splice(0)) waiting.fail(new OktaFailure({ outcome: 'failed', code: 'rateLimited', retryAfterMs }));
  }

  function pumpAll(): void {
    const urgent = ({ waiting: [first] }: Bucket) => (first === undefined ? Infinity : urgencies[first.urgency]);
    for (const bucket of [...buckets.values()].sort((a, b) => urgent(a) - urgent(b))) pump(bucket);
  }

  function learn(bucket: Bucket, answer: HttpAnswer): void {
    if (answer.kind !== 'response') return;
    const now = clock.now();
    const limit = readCount(answer, 'x-rate-limit-limit');
    if (answer.status === 429) {
      const waitMs = waitOf(answer, now) ?? unsaidWaitMs;
      // Too many at once, whatever they ask: both figures are nought, and the reset is a suggestion.
      if (limit === 0) {
        mayFly = Math.max(1, Math.floor(mayFly / 2));
        for (const one of buckets.values()) one.blockedUntil = Math.max(one.blockedUntil, now + Math.min(waitMs, patienceMs));
        return;
      }
      bucket.blockedUntil = Math.max(bucket.blockedUntil, now + waitMs);
    } else if (mayFly < atOnce) mayFly += 1;
    if (limit === undefined || limit === 0) {
      bucket.share ??= Infinity;
      return;
    }
    bucket.share = Math.max(1, Math.floor(limit / 2));
    const resetAt = endOfWindow(answer, now);
    if (resetAt === undefined || resetAt <= bucket.endedAt) return;
    if (bucket.resetAt === Infinity) bucket.resetAt = resetAt;
    else if (resetAt > bucket.resetAt + sameWindowMs) beginWindow(bucket, resetAt);
    const remaining = readCount(answer, 'x-rate-limit-remaining');
    if (remaining !== undefined) bucket.left = remaining - bucket.inFlight;
  }

  /** The end of the answer's window, in our clock. */
  function endOfWindow({ headers }: HttpResponse, now: number): number | undefined {
    const date = Date.parse(headers['date'] ?? '');
    // It says whole seconds, so the most that was seen is the nearest.
    if (!Number.isNaN(date)) aheadMs = Math.max(aheadMs ?? date - now, date - now);
    const reset = Number(headers['x-rate-limit-reset'] ?? Number.NaN);
    const apart = aheadMs !== undefined && Math.abs(aheadMs) > sameClockMs ? aheadMs : 0;
    return Number.isInteger(reset) ? reset * 1_000 - apart : undefined;
  }

  async function fly(bucket: Bucket, send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    inFlight += 1;
    bucket.inFlight += 1;
    let answer: HttpAnswer | undefined;
    try {
      answer = await send();
      return answer;
    } finally {
      inFlight -= 1;
      bucket.inFlight -= 1;
      if (answer !== undefined) learn(bucket, answer);
      pumpAll();
    }
  }

  return {
    send(turn, send) {
      const bucket = bucketAt(turn.path);
      const aborted = () => new OktaFailure({ outcome: 'failed', code: 'aborted' });
      if (closed || turn.signal.aborted) return Promise.reject(aborted());
      const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
      const leave = () => {
        bucket.waiting = bucket.waiting.filter((other) => other !== waiting);
        reject(aborted());
      };
      const waiting: Waiting = {
        ...turn,
        start: () => {
          turn.signal.removeEventListener('abort', leave);
          resolve(fly(bucket, send));
        },
        fail: (failure) => {
          turn.signal.removeEventListener('abort', leave);
          reject(failure);
        },
      };
      turn.signal.addEventListener('abort', leave, { once: true });
      const behind = bucket.waiting.findIndex((other) => urgencies[other.urgency] > urgencies[turn.urgency]);
      bucket.waiting.splice(behind === -1 ? bucket.waiting.length : behind, 0, waiting);
      pump(bucket);
      return promise;
    },
    close() {
      closed = true;
      for (const bucket of buckets.values()) {
        bucket.timer?.cancel();
        for (const { fail } of bucket.waiting.splice(0)) fail(new OktaFailure({ outcome: 'failed', code: 'aborted' }));
      }
    },
  };
}

/** Kinds of calls that share an allowance, as Okta's table of limits has them; what it counts together is told by the headers. */
function kindOf(path: string): string {
  if (/^\/api\/v1\/users\/[^/]+\/./.test(path)) return 'users/*/*';
  if (/^\/api\/v1\/users\/[^/]+$/.test(path)) return 'users/*';
  return /^\/api\/v1\/(users|groups|logs)\b/.exec(path)?.[1] ?? 'other';
}

function readCount({ headers }: HttpResponse, name: string): number | undefined {
  const text = headers[name];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
