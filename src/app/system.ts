/** The machine's clock and randomness: the only place that asks for either. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../model/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  sleep(delayMs, signal) {
    return new Promise((resolve) => {
      const timer = setTimeout(done, delayMs);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
      if (signal?.aborted) done();
      else signal?.addEventListener('abort', done, { once: true });
    });
  },
};

/** Bytes drawn ahead at once: asking for a few at a time costs more than making them. */
const drawnAheadBytes = 8192;
let drawn = Buffer.alloc(0);
let used = 0;

/** Fresh bytes of the system's generator, never handed out twice. */
export function systemRandom(size: number): Uint8Array {
  if (size > drawnAheadBytes / 8) return randomBytes(size);
  if (used + size > drawn.length) {
    drawn = randomBytes(drawnAheadBytes);
    used = 0;
  }
  used += size;
  return drawn.subarray(used - size, used);
}

/** Does `task` again and again, `pauseMs` after the last one ended, until stopped; what it throws goes to `failed`. */
export function repeat(
  clock: Clock,
  pauseMs: number,
  task: () => Promise<unknown>,
  failed: (error: unknown) => void,
): { stop(): Promise<void> } {
  const ended = new AbortController();
  const running = (async () => {
    while (!ended.signal.aborted) {
      await clock.sleep(pauseMs, ended.signal);
      if (!ended.signal.aborted) await task().catch(failed);
    }
  })();
  return {
    async stop() {
      ended.abort();
      await running;
    },
  };
}
