/** Which step of each policy is taken once the limits are known, and what becomes of the others. */
import type { CounterReading, CounterUse, Reason } from '../model/decision.ts';
import { type Asked, isOver } from './limits.ts';
import type { Choice, Review, ReviewedAction } from './review.ts';

/**
 * The review with its counters read: final. A step over a limit is held and its fallback is taken, which must keep the limits
 * itself. Counters that are missing in `readings` count as full. `used` is by others than the one asking, as `createTally` gives it.
 */
export function admit(review: Review, readings: readonly CounterReading[]): Review {
  return choose(review.choices, (asked) => isOver(asked, readings), readings);
}

export function choose(choices: readonly Choice[], over: (asked: Asked) => boolean, readings: readonly CounterReading[] = []): Review {
  const actions: ReviewedAction[] = [];
  const reasons: Reason[] = [];
  for (const choice of choices) {
    const first = choice.first.map((action) => count(action, over, readings));
    actions.push(...first);
    if (!asksForLess(first)) continue;
    for (const step of choice.instead) {
      const counted = step.map((action) => count(action, over, readings));
      const running = counted.filter((action) => action.fate === 'released');
      if (running.length === 0) continue;
      actions.push(...running.filter((action) => !actions.some((other) => other.fate === 'released' && sameEffect(other, action))));
      reasons.push({ code: 'fallback', ref: `${choice.policyId}/${running[0]?.wanted.step ?? ''}` });
      break;
    }
  }
  reasons.unshift(...actions.flatMap((action) => action.reasons));
  const everything = choices.flatMap(({ first, instead }) => [...first, ...instead.flat()]);
  return {
    choices,
    actions,
    reasons: distinct(reasons, (reason) => `${reason.code}\n${reason.ref ?? ''}\n${reason.detail ?? ''}`),
    asked: distinct(
      everything.flatMap((action) => action.asked),
      (asked) => `${asked.scope}\n${asked.windowMs}\n${asked.allowed}`,
    ),
    uses: distinct(
      actions
        .filter((action) => action.fate === 'released')
        .flatMap((action) => action.asked.map(({ scope, subject }): CounterUse => ({ scope, subject }))),
      (use) => use.scope,
    ),
  };
}

/**
 * A hold or a refusal by a guard asks for the fallback, and so does a step of which nothing is offered anywhere. A pause does not:
 * what it holds waits as it is.
 */
function asksForLess(step: readonly ReviewedAction[]): boolean {
  const acting = step.filter((action) => action.wouldRun);
  if (acting.length > 0 && acting.every((action) => action.by === 'unsupported')) return true;
  return acting.some((action) => action.fate !== 'released' && action.by !== 'unsupported' && action.by !== 'killSwitch');
}

function count(action: ReviewedAction, over: (asked: Asked) => boolean, readings: readonly CounterReading[]): ReviewedAction {
  if (action.fate !== 'released') return action;
  const full = action.asked.find(over);
  if (full === undefined) return action;
  const used = readings.find(({ scope, windowMs }) => scope === full.scope && windowMs === full.windowMs)?.used;
  const detail = `${used ?? 'unknown'} of ${full.allowed} in ${full.windowMs / 60_000} min`;
  return { ...action, fate: 'held', by: 'people', reasons: [...action.reasons, { code: 'guard', ref: 'people', detail }] };
}

function sameEffect(a: ReviewedAction, b: ReviewedAction): boolean {
  return a.wanted.type === b.wanted.type && a.wanted.connection === b.wanted.connection && a.wanted.accountId === b.wanted.accountId;
}

function distinct<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items.length < 2 ? [...items] : [...new Map(items.map((item) => [key(item), item])).values()];
}
