/** Which step of each policy is taken once the limits are known, and what becomes of the others. */
import type { CounterReading, Reason } from '../model/decision.ts';
import { type Asked, answerTo, isOver } from './limits.ts';
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
      const taken = counted.filter((action) => action.fate === 'released' || action.by === 'cooldown');
      if (taken.length === 0) continue;
      actions.push(...taken.filter((action) => !actions.some((other) => other.fate === action.fate && sameEffect(other, action))));
      // What was done a short while ago stands: nothing less is needed.
      if (running.length > 0) reasons.push({ code: 'fallback', ref: `${choice.policyId}/${running[0]?.wanted.step ?? ''}` });
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
      (asked) => `${asked.scope}\n${asked.windowMs}\n${asked.allowed}\n${asked.subject}`,
    ),
    uses: distinct(
      actions.filter((action) => action.fate === 'released').flatMap((action) => action.uses),
      (use) => `${use.scope}\n${use.subject}\n${use.lane ?? ''}`,
    ),
  };
}

/**
 * A hold or a refusal by a guard asks for the fallback, and so does a step of which nothing is offered anywhere. A pause does not:
 * what it holds waits as it is. Neither does what was done a short while ago.
 */
function asksForLess(step: readonly ReviewedAction[]): boolean {
  const acting = step.filter((action) => action.wouldRun);
  if (acting.length > 0 && acting.every((action) => action.by === 'unsupported')) return true;
  return acting.some((action) => action.fate !== 'released' && !contentWith.has(action.by));
}

const contentWith: ReadonlySet<ReviewedAction['by']> = new Set(['unsupported', 'killSwitch', 'cooldown'] as const);

function count(action: ReviewedAction, over: (asked: Asked) => boolean, readings: readonly CounterReading[]): ReviewedAction {
  if (action.fate !== 'released' && action.by !== 'approval') return action;
  const cooling = action.asked.find((asked) => asked.own && over(asked));
  if (cooling !== undefined) {
    const [, , ref = ''] = cooling.scope.split(':');
    return { ...action, fate: 'refused', by: 'cooldown', reasons: [{ code: 'cooldown', ref, detail: `${minutesOf(cooling)} min` }] };
  }
  const full = action.asked.find(over);
  if (full === undefined) return action;
  const used = answerTo(full, readings)?.used;
  const detail = `${used ?? 'unknown'} of ${full.allowed} in ${minutesOf(full)} min`;
  const by = full.scope.startsWith('undo') ? 'undo' : 'people';
  return { ...action, fate: 'held', by, reasons: [...action.reasons, { code: 'guard', ref: by, detail }] };
}

function minutesOf({ windowMs }: Asked): number {
  return Math.ceil(windowMs / 60_000);
}

function sameEffect(a: ReviewedAction, b: ReviewedAction): boolean {
  return a.wanted.type === b.wanted.type && a.wanted.connection === b.wanted.connection && a.wanted.accountId === b.wanted.accountId;
}

function distinct<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items.length < 2 ? [...items] : [...new Map(items.map((item) => [key(item), item])).values()];
}
