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

export const systemRandom = (size: number): Uint8Array => randomBytes(size);

/** Does `task` again and again, `pauseMs` after the last one ended, until stopped; what it throws goes to `failed`. */
export function repeat(clock: Clock, pauseMs: number, task: () => Promise<unknown>, failed: (error: unknown) => void): { stop(): Promise<void> } {
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
