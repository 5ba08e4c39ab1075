/** The organisation's own time: the machine's unless a test sets it. Nothing waits on it; what is due is found when somebody looks. */
export interface OktaClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Stands still there from now on. Throws for an instant that is past: a log's order could not be kept. */
  set(at: number): void;
  /** Moves on, standing or running. */
  advance(delayMs: number): void;
}

export function createClock(moved: () => void, start?: number): OktaClock {
  let standing = start;
  let ahead = 0;
  return {
    now: () => standing ?? Date.now() + ahead,
    set(at) {
      if (at < this.now()) throw new Error('the clock does not go back');
      standing = at;
      moved();
    },
    advance(delayMs) {
      if (standing === undefined) ahead += delayMs;
      else standing += delayMs;
      moved();
    },
  };
}

/** As Okta writes instants: RFC 3339 in UTC with milliseconds. */
export const written = (at: number): string => new Date(at).toISOString();
