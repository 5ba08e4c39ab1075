/** The kill switch: which running pause covers an action. */
import type { ActionType } from '../model/action.ts';
import type { Pause } from '../model/pause.ts';

/** The first pause whose every written member fits; a pause without members covers everything. */
export function coveringPause(
  pauses: readonly Pause[],
  action: { readonly source: string; readonly policyId: string; readonly connection: string; readonly type: ActionType },
): Pause | undefined {
  return pauses.find(
    ({ scope }) =>
      (scope.source === undefined || scope.source === action.source) &&
      (scope.policy === undefined || scope.policy === action.policyId) &&
      (scope.connection === undefined || scope.connection === action.connection) &&
      (scope.action === undefined || scope.action === action.type),
  );
}
