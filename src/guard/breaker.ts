/** When things go wrong at large nothing more is done by itself: the conditions that open a breaker, and whom an open one holds. */
import type { Reason } from '../model/decision.ts';
import type { Situation } from '../model/situation.ts';
import { durationMs } from './schema.ts';
import type { StandingRules } from './standing.ts';

export type BreakerRule = Exclude<StandingRules['breaker'], 'off'>;
export type BreakerCondition = BreakerRule['opensOn'][number];

/** What was counted for one condition. `ref` names a connection or a source where there are several to look at. */
export type Measured =
  | { readonly of: 'limitHits'; readonly hits: number }
  | { readonly of: 'undoneOrFalse'; readonly plans: number; readonly wrong: number }
  | { readonly of: 'providerErrors'; readonly ref: string; readonly calls: number; readonly errors: number }
  | { readonly of: 'sourceRate'; readonly ref: string; readonly lastHour: number; readonly hourlyMean: number }
  | { readonly of: 'peopleAboveMedium'; readonly people: number; readonly population: number; readonly countsOnlyBelow: number };

/** Why this condition opens a breaker, in numbers; undefined where it does not. A measurement of something else never does. */
export function opens(condition: BreakerCondition, measured: Measured): string | undefined {
  switch (measured.of) {
    case 'limitHits':
      return 'limitHits' in condition && measured.hits >= condition.limitHits
        ? `${measured.hits} limits reached in ${condition.window}`
        : undefined;
    case 'undoneOrFalse':
      return 'undoneOrFalsePercent' in condition &&
        measured.plans >= condition.min &&
        measured.wrong * 100 >= condition.undoneOrFalsePercent * measured.plans
        ? `${measured.wrong} of the last ${measured.plans} undone or judged false`
        : undefined;
    case 'providerErrors':
      return 'providerErrorPercent' in condition &&
        measured.calls >= condition.ofLast &&
        measured.errors * 100 >= condition.providerErrorPercent * measured.calls
        ? `${measured.errors} of the last ${measured.calls} actions at ${measured.ref} failed`
        : undefined;
    case 'sourceRate': {
      if (!('sourceTimesHourlyMean' in condition)) return undefined;
      // A source that hardly ever speaks is measured against the least mean, not against nothing.
      const mean = Math.max(measured.hourlyMean, condition.minMean);
      return measured.lastHour >= condition.sourceTimesHourlyMean * mean
        ? `${measured.lastHour} signals of ${measured.ref} in an hour, ${Math.round(mean * 10) / 10} are usual`
        : undefined;
    }
    case 'peopleAboveMedium':
      // A few people are no share.
      return 'peopleAboveMediumPercent' in condition &&
        measured.population >= measured.countsOnlyBelow &&
        measured.people * 100 >= condition.peopleAboveMediumPercent * measured.population
        ? `${measured.people} of ${measured.population} people above medium`
        : undefined;
    default:
      return measured satisfies never;
  }
}

/** The span that a condition looks back over, where it has one. */
export function spanOf(condition: BreakerCondition): number | undefined {
  if ('window' in condition) return durationMs(condition.window);
  return 'meanOver' in condition ? durationMs(condition.meanOver) : undefined;
}

export const openForMs = (rule: BreakerRule): number => durationMs(rule.openFor);

/** Why an open breaker holds this, or undefined. `rung` is that of the whole step. */
export function heldByBreaker(
  rung: number,
  { breaker, now }: Pick<Situation, 'breaker' | 'now'>,
  rule: StandingRules['breaker'],
): Reason | undefined {
  if (rule === 'off' || breaker === undefined || rung < rule.fromRung || now >= breaker.until) return undefined;
  return { code: 'guard', ref: 'breaker', detail: breaker.id };
}
