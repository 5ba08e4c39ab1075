/** Rolling limits by distinct people. */
import type { CounterReading } from '../model/decision.ts';
import type { ProfileName, RollingLimit } from './guardrails.ts';

/** A limit that a release would have to keep. `allowed` is for this population, the one who asks included; `own`: only its own uses count. */
export interface Asked {
  readonly scope: string;
  readonly subject: string;
  readonly windowMs: number;
  readonly allowed: number;
  readonly own?: true;
}

/** The answer to one question. */
export function readingOf({ scope, windowMs, subject, own }: Asked, used: number): CounterReading {
  return { scope, windowMs, ...(own ? { subject } : {}), used };
}

export function answerTo(asked: Asked, readings: readonly CounterReading[]): CounterReading | undefined {
  const subject = asked.own ? asked.subject : undefined;
  return readings.find((one) => one.scope === asked.scope && one.windowMs === asked.windowMs && one.subject === subject);
}

/** `count: n` lets the n-th pass; of a percentage, the highest number that is still below it (conditions by percent use >=). */
export function allowedPeople(limit: RollingLimit, population: number, countsOnlyBelow: number): number {
  if (limit.percent === 0 || population < countsOnlyBelow) return limit.count;
  // Rounded first: 0.7 % of 1000 must not become 7.000000000000001.
  const share = Math.round(limit.percent * population * 1e6) / 1e8;
  return Math.max(limit.count, Math.ceil(share) - 1);
}

/** People of sandboxes never use up what is allowed for real ones, nor the other way round. */
export function peopleScope(profile: ProfileName): string {
  return profile === 'sandbox' ? 'people:sandbox' : 'people';
}

/** Whether one more would be too many. A counter that nobody read counts as full: harm waits for a person. */
export function isOver(asked: Asked, readings: readonly CounterReading[]): boolean {
  const reading = answerTo(asked, readings);
  return reading === undefined || reading.used + (asked.own ? 0 : 1) > asked.allowed;
}
