/** The machine's own clock and random bytes, for tests that talk to real servers. Tests of time give instants themselves. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../src/model/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

export const systemRandom = (size: number): Uint8Array => randomBytes(size);
