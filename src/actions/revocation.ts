/** Whether the plans of one decision, taken together, ended every session of the accounts they touch: a fact that lowers a score. */

import type { Instant } from '../model/clock.ts';
import type { PlannedAction } from '../model/decision.ts';
import type { ActionId } from '../model/ids.ts';
import type { PlanState } from '../model/plan-state.ts';
import type { ActionRecord } from './ports.ts';

const both = ['session.revoke', 'token.revoke'] as const;

/** Whether an action can be a part of it. */
export function endsAllSessions({ type, parameters }: Pick<PlannedAction, 'type' | 'parameters'>): boolean {
  return (both as readonly string[]).includes(type) && parameters['scope'] === 'all';
}

/**
 * The start of the earliest call, where sessions and tokens were both revoked and read back on every account that any plan of the
 * decision touches, by plans that are done. Undefined otherwise, and where all of it had been so before we called: then it was not us.
 */
export function sessionsEndedAt(
  plans: readonly { readonly state: PlanState; readonly actions: readonly PlannedAction[] }[],
  records: ReadonlyMap<ActionId, Pick<ActionRecord, 'state' | 'intendedAt' | 'verifiedAt'>>,
): Instant | undefined {
  const accounts = new Set(plans.flatMap(({ actions }) => actions.flatMap(({ accountId }) => (accountId === null ? [] : [accountId]))));
  const done = plans.flatMap(({ state, actions }) => (state === 'done' ? actions.filter(endsAllSessions) : []));
  const counted = [...accounts].flatMap((account) =>
    both.map((type) => {
      const action = done.find((each) => each.accountId === account && each.type === type);
      const record = action && records.get(action.id);
      return record?.verifiedAt == null ? undefined : record;
    }),
  );
  const verified = counted.filter((record) => record !== undefined);
  if (verified.length < counted.length || !verified.some(({ state }) => state === 'done')) return undefined;
  return Math.min(...verified.map(({ intendedAt }) => intendedAt));
}
