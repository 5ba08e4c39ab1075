/** How much single people may undo in a while before somebody must look at the whole of it. */
import type { CounterUse, WantedAction } from '../model/decision.ts';
import type { Situation } from '../model/situation.ts';
import type { ProfileGuards, ProfileName } from './guardrails.ts';
import { type Asked, scopeOf } from './limits.ts';
import { durationMs, type GuardSettings } from './schema.ts';

/**
 * Asked of a person's single order. An order bound to the list that was previewed is the leave that this guard asks for, and an end that
 * an action was given from the start was decided with it: neither is counted.
 */
export function undoLimit(
  { accountId }: Pick<WantedAction, 'accountId'>,
  { signal, subject }: Situation,
  rules: ProfileGuards,
  profile: ProfileName,
): { readonly asked: readonly Asked[]; readonly uses: readonly CounterUse[] } {
  const { by, campaign } = signal.facts;
  const guard = rules.all.undo as Pick<GuardSettings['undo'], 'limits'> | 'off';
  if (by === undefined || campaign !== undefined || guard === 'off') return { asked: [], uses: [] };
  const scope = scopeOf('undo', profile);
  const counted = accountId ?? subject.id;
  const asked = guard.limits.flatMap((limit): Asked[] =>
    'count' in limit ? [{ scope, subject: counted, windowMs: durationMs(limit.window), allowed: limit.count }] : [],
  );
  return { asked, uses: [{ scope, subject: counted }] };
}
