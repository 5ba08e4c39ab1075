/** Time as a value. Only `app.ts` makes a clock; pure rooms are given instants. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time of this process. Windows and records use the batch's instant (from the database), not this. */
  now(): Instant;
  /** Milliseconds that only rise; for measuring durations. */
  elapsedMs(): number;
  /** Runs `task` once after `delayMs`; never keeps the process alive by itself. */
  after(delayMs: number, task: () => void): Timer;
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** RFC 3339 in UTC with milliseconds, always `Z`. */
export function toRfc3339(at: Instant): string {
  return new Date(at).toISOString();
}

/** Parses an RFC 3339 date-time with a zone; `undefined` when it is none. */
export function fromRfc3339(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const at = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(at) ? undefined : at;
}
