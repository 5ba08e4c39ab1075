/** Counts released plans inside one batch on top of what the database counted, so that a limit holds within a batch too. */
import type { CounterReading, CounterUse } from '../model/decision.ts';
import { type Asked, readingOf } from './limits.ts';

export interface Counted {
  readonly readings: readonly CounterReading[];
  /** Of the batch's own subjects, those already counted in a scope, with the latest use. */
  readonly present: readonly { readonly scope: string; readonly subject: string; readonly at: number }[];
}

export interface Tally {
  /** The answers to what one decision asks; none where nothing was counted. */
  readingsFor(asked: readonly Asked[]): readonly CounterReading[];
  add(uses: readonly CounterUse[]): void;
}

export function createTally(counted: Counted, now: number): Tally {
  const added = new Map<string, Set<string>>();
  const totals = new Map(counted.readings.map(({ scope, windowMs, used }) => [`${scope}\n${windowMs}`, used]));
  const present = new Map(counted.present.map(({ scope, subject, at }) => [`${scope}\n${subject}`, at]));
  const inWindow = (scope: string, subject: string, windowMs: number) =>
    (present.get(`${scope}\n${subject}`) ?? Number.NEGATIVE_INFINITY) > now - windowMs;
  return {
    readingsFor(asked) {
      return asked.flatMap((question) => {
        const { scope, subject, windowMs, own } = question;
        const since = added.get(scope);
        if (own) return [readingOf(question, inWindow(scope, subject, windowMs) || since?.has(subject) ? 1 : 0)];
        const total = totals.get(`${scope}\n${windowMs}`);
        if (total === undefined) return [];
        const extra = [...(since ?? [])].filter((other) => other !== subject && !inWindow(scope, other, windowMs)).length;
        return [readingOf(question, total - (inWindow(scope, subject, windowMs) ? 1 : 0) + extra)];
      });
    },
    add(uses) {
      for (const { scope, subject } of uses) {
        const subjects = added.get(scope);
        if (subjects === undefined) added.set(scope, new Set([subject]));
        else subjects.add(subject);
      }
    },
  };
}
