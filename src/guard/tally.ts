/** Counts released plans inside one batch on top of what the database counted, so that a limit holds within a batch too. */
import type { CounterReading, CounterUse } from '../model/decision.ts';

export interface Counted {
  readonly readings: readonly CounterReading[];
  /** Of the batch's own subjects, those already counted in a scope, with the latest use. */
  readonly present: readonly { readonly scope: string; readonly subject: string; readonly at: number }[];
}

export interface Tally {
  /** What the counters say to one subject: everybody else's use. */
  readingsFor(subject: string): readonly CounterReading[];
  add(uses: readonly CounterUse[]): void;
}

export function createTally(counted: Counted, now: number): Tally {
  const added = new Map<string, Set<string>>();
  const inWindow = (scope: string, subject: string, windowMs: number) =>
    counted.present.some((row) => row.scope === scope && row.subject === subject && row.at > now - windowMs);
  return {
    readingsFor(subject) {
      return counted.readings.map(({ scope, windowMs, used }) => {
        const extra = [...(added.get(scope) ?? [])].filter((other) => other !== subject && !inWindow(scope, other, windowMs)).length;
        return { scope, windowMs, used: used - (inWindow(scope, subject, windowMs) ? 1 : 0) + extra };
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
