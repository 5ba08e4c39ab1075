/** Rolling limits by distinct people. */
import type { CounterReading } from '../model/decision.ts';
import type { GuardId } from './binding.ts';
import type { RollingLimit } from './counting-rows.ts';
import type { ProfileName } from './guardrails.ts';

/** A limit that a release would have to keep. `allowed` is for this population, the one who asks included; `own`: only its own uses count. */
export interface Asked {
  readonly scope: string;
  readonly subject: string;
  /** Others who would be counted with it. */
  readonly also?: readonly string[];
  readonly windowMs: number;
  readonly allowed: number;
  readonly own?: true;
  /** Once it has been hit its window does not run out until a person has judged what hit it. */
  readonly untilJudged?: true;
  /** `allowed`, or so many times the most that any such window held before. */
  readonly growing?: { readonly times: number; readonly overMs: number };
}

/** The answer to one question. */
export function readingOf({ scope, windowMs, subject, own }: Asked, used: number, highest?: number): CounterReading {
  return { scope, windowMs, ...(own ? { subject } : {}), used, ...(highest === undefined ? {} : { highest }) };
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

/** The name of a counter. People of sandboxes never use up what is allowed for real ones, nor the other way round. */
export function scopeOf(guard: GuardId, profile: ProfileName, key?: string): string {
  const sandbox = profile === 'sandbox';
  // No source, policy or rung begins so: ids hold no slash.
  if (key !== undefined) return `${guard}:${sandbox ? 'sandbox/' : ''}${key}`;
  return sandbox ? `${guard}:sandbox` : guard;
}

/** The guard whose counter it is. */
export function guardOf(scope: string): GuardId {
  return scope.split(':', 1)[0] as GuardId;
}

/** How many are allowed, once it is known how many there were before. */
export function allowedBy({ allowed, growing }: Asked, reading: CounterReading | undefined): number {
  return growing === undefined ? allowed : Math.max(allowed, Math.floor(growing.times * (reading?.highest ?? 0)));
}

/** Whether one more would be too many. A counter that nobody read counts as full: harm waits for a person. */
export function isOver(asked: Asked, readings: readonly CounterReading[]): boolean {
  const reading = answerTo(asked, readings);
  const more = asked.own ? 0 : 1 + (asked.also?.length ?? 0);
  return reading === undefined || reading.used + more > allowedBy(asked, reading);
}
