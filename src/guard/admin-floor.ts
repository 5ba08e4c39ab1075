/** An organisation that has locked its last administrators out cannot let anybody in again. */
import type { ActionType } from '../model/action.ts';
import type { WantedAction } from '../model/decision.ts';
import type { AdminCount, Situation } from '../model/situation.ts';
import type { StandingRules } from './standing.ts';

/** What takes administration away from whom it falls on. */
export const endsAdministration: ReadonlySet<ActionType> = new Set<ActionType>([
  'account.suspend',
  'account.disable',
  'role.remove',
  'group.remove',
]);

/** Why the action would leave too few, or undefined. Where nobody counted the administrators, none can be spared. */
export function belowFloor({ type, connection, accountId }: WantedAction, situation: Situation, rules: StandingRules): string | undefined {
  const { identity, standing } = situation;
  if (identity === null || identity.tier === 'none' || !endsAdministration.has(type)) return undefined;
  const account = identity.accounts.find(({ id }) => id === accountId);
  // Who cannot sign in administers nothing.
  if (account?.status === 'suspended' || account?.status === 'disabled') return undefined;
  return tooFew(standing?.admins[connection], identity.tier, rules.adminFloor);
}

/** Whether one administrator less of this role would be too few. */
export function tooFew(
  count: AdminCount | undefined,
  role: string,
  { perConnection, perRolePercent }: StandingRules['adminFloor'],
): string | undefined {
  if (count === undefined) return 'administrators not counted';
  if (count.active - 1 < perConnection) return `${count.active} active, ${perConnection} must stay`;
  const inRole = count.roles[role];
  if (inRole === undefined) return undefined;
  const mustStay = Math.ceil((inRole.all * perRolePercent) / 100);
  return inRole.active - 1 < mustStay ? `${inRole.active} of ${inRole.all} ${role} active, ${mustStay} must stay` : undefined;
}
