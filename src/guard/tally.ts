/** Counts released plans inside one batch on top of what the database counted, so that a limit holds within a batch too. */
import type { Instant } from '../model/clock.ts';
import type { CounterReading, CounterUse } from '../model/decision.ts';
import { type Asked, readingOf } from './limits.ts';

export interface Counted {
  /** `from`: set where the window has not run out although its time is over, because nobody has judged what filled it. */
  readonly readings: readonly (CounterReading & { readonly from?: Instant })[];
  /** Of the batch's own subjects, those already counted in a scope, with the latest use. */
  readonly present: readonly { readonly scope: string; readonly subject: string; readonly at: Instant }[];
}

export interface Tally {
  /** The answers to what one decision asks; none where nothing was counted. */
  readingsFor(asked: readonly Asked[]): readonly CounterReading[];
  add(uses: readonly CounterUse[]): void;
}

export function createTally(counted: Counted, now: Instant): Tally {
  const added = new Map<string, Set<string>>();
  const totals = new Map(counted.readings.map((reading) => [`${reading.scope}\n${reading.windowMs}`, reading]));
  const present = new Map(counted.present.map(({ scope, subject, at }) => [`${scope}\n${subject}`, at]));
  const isIn = (scope: string, subject: string, from: Instant) => (present.get(`${scope}\n${subject}`) ?? Number.NEGATIVE_INFINITY) > from;
  return {
    readingsFor(asked) {
      return asked.flatMap((question) => {
        const { scope, subject, also = [], windowMs, own } = question;
        const since = added.get(scope);
        if (own) return [readingOf(question, isIn(scope, subject, now - windowMs) || since?.has(subject) ? 1 : 0)];
        const total = totals.get(`${scope}\n${windowMs}`);
        if (total === undefined) return [];
        const from = total.from ?? now - windowMs;
        const asking = [subject, ...also];
        const known = asking.filter((each) => isIn(scope, each, from)).length;
        const extra = [...(since ?? [])].filter((other) => !asking.includes(other) && !isIn(scope, other, from)).length;
        return [readingOf(question, total.used - known + extra, total.highest)];
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
