/** What the executor asks whatever policies, guards and people have said before: protected people, and the last administrators. */
import type { Checks } from '../actions/index.ts';
import { endsAdministration, refusesProtected, tooFew } from '../guard/index.ts';
import type { Clock } from '../model/clock.ts';
import type { PlannedAction } from '../model/decision.ts';
import type { PlanId } from '../model/ids.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Standing } from '../model/situation.ts';
import type { Tx } from '../store/db.ts';
import { countAdmins, lockAdmins } from '../store/standing.ts';
import type { Judging } from './judging.ts';

export interface BeneathPolicy extends Pick<Checks, 'refuses' | 'spares'> {
  admins(tx: Tx, plan: { readonly id: PlanId; readonly actions: readonly Pick<PlannedAction, 'type'>[] }): Promise<Standing['admins']>;
}

export function beneathPolicy(parts: { judging: Judging; settings: JudgingSettings; clock: Clock }): BeneathPolicy {
  const { judging, settings, clock } = parts;
  return {
    refuses(owner) {
      const { bundle, listNames } = judging.state();
      const { protectedList } = bundle.guards.profiles.standard.standing;
      const names = [...(owner.names ?? []), ...(listNames(owner.id) ?? [])];
      return refusesProtected({ ...owner, names }, bundle.policies.lists.get(protectedList), clock.now());
    },
    spares(action, connection, owner, admins) {
      if (!endsAdministration.has(action.type) || owner.tier === 'none') return undefined;
      const profile = Object.hasOwn(settings.connections, connection) ? settings.connections[connection]?.profile : undefined;
      const { adminFloor } = judging.state().bundle.guards.profiles[profile ?? settings.profile].standing;
      return tooFew(admins[connection], owner.tier, adminFloor);
    },
    async admins(tx, plan) {
      if (!plan.actions.some(({ type }) => endsAdministration.has(type))) return {};
      await lockAdmins(tx);
      return countAdmins(tx, [...endsAdministration], plan.id);
    },
  };
}
