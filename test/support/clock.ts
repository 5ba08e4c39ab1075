/** A clock for tests that only moves when told. */
import type { Clock, Instant, Timer } from '../../src/model/clock.ts';
import { systemClock } from './system-clock.ts';

export interface ManualClock extends Clock {
  /** Moves time forward, firing timers in the order in which they are due; work that they start gets its turn in between. */
  advance(delayMs: number): Promise<void>;
  /** Moves time forward at once: what has come due fires after all of it has passed, and what that begins is due later. */
  leap(delayMs: number): Promise<void>;
  /** Lets time pass as fast as the work sleeps, until the promise settles. Timers of `after` fire only when a sleep reaches them. */
  drive<T>(work: Promise<T>): Promise<T>;
  /** Resolves with the delay of the next `sleep` that begins, or of one that is already under way. */
  nextSleep(): Promise<number>;
  /** How many timers and sleeps are waiting. */
  readonly pending: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly sleep: boolean;
  readonly fire: () => void;
}

/** `start` is the first instant, in milliseconds since the epoch. */
export function createManualClock(start: Instant = Date.UTC(2026, 4, 4, 10)): ManualClock {
  let elapsed = 0;
  const waiting = new Set<Waiting>();
  let sleeping: (() => void)[] = [];

  const settle = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const earliest = (filter: (item: Waiting) => boolean): Waiting | undefined => {
    let found: Waiting | undefined;
    for (const item of waiting) if (filter(item) && (found === undefined || item.dueMs < found.dueMs)) found = item;
    return found;
  };
  const add = (delayMs: number, sleep: boolean, fire: () => void): Timer => {
    const item = { dueMs: elapsed + Math.max(0, delayMs), sleep, fire };
    waiting.add(item);
    if (sleep) {
      for (const wake of sleeping) wake();
      sleeping = [];
    }
    return { cancel: () => void waiting.delete(item) };
  };
  const sleeper = (item: Waiting) => item.sleep;
  const sleepBegun = () => new Promise<void>((resolve) => void sleeping.push(resolve));

  const clock: ManualClock = {
    now: () => start + elapsed,
    elapsedMs: () => elapsed,
    after: (delayMs, task) => add(delayMs, false, task),
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = add(delayMs, true, resolve);
        const wake = () => {
          timer.cancel();
          resolve();
        };
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(delayMs) {
      const until = elapsed + delayMs;
      await settle();
      for (let due = earliest((item) => item.dueMs <= until); due; due = earliest((item) => item.dueMs <= until)) {
        waiting.delete(due);
        elapsed = Math.max(elapsed, due.dueMs);
        due.fire();
        await settle();
      }
      elapsed = until;
      await settle();
    },
    async leap(delayMs) {
      elapsed += delayMs;
      const due = [...waiting].filter((item) => item.dueMs <= elapsed).sort((a, b) => a.dueMs - b.dueMs);
      for (const item of due) {
        waiting.delete(item);
        item.fire();
      }
      await settle();
    },
    async drive(work) {
      let settled = false;
      const mark = () => {
        settled = true;
      };
      const end = work.then(mark, mark);
      while (!settled) {
        const due = earliest(sleeper);
        if (due) await clock.advance(Math.max(0, due.dueMs - elapsed));
        else await Promise.race([end, sleepBegun()]);
      }
      return work;
    },
    async nextSleep() {
      for (;;) {
        const due = earliest(sleeper);
        if (due) return due.dueMs - elapsed;
        await sleepBegun();
      }
    },
    get pending() {
      return waiting.size;
    },
  };
  return clock;
}

/** The machine's own time, where a test takes any clock. */
export function createRealClock(): Clock {
  return systemClock;
}
