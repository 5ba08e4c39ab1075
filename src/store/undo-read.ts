/** One action in force, as whoever asks for its end needs it. */

import type { ActionState, ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { ActionId, DecisionId, PlanId } from '../model/ids.ts';
import type { PlanState } from '../model/plan-state.ts';
import type { Db, Tx } from './db.ts';
import type { DueUndo } from './undo-due.ts';

export interface StoredUndo extends DueUndo {
  readonly planId: PlanId;
  readonly doneAt: Instant;
  readonly expiresAt: Instant | null;
  readonly undoDecisionId: DecisionId | null;
  readonly endedAt: Instant | null;
  /** The guard profile of the plan. */
  readonly profile: string;
}

/** Undefined for an action that has nothing to undo. */
export async function readUndo(db: Db, actionId: ActionId): Promise<StoredUndo | undefined> {
  const { rows } = await db.query<StoredUndo>(
    `select u.action_id as "actionId", (select coalesce(i.merged_into, i.id) from identity i where i.id = u.identity_id) as "identityId",
       u.account_id as "accountId", u.connection, u.type, u.inverse, u.parameters, u.tries, u.ordered_by as "orderedBy", u.campaign_id as "campaignId",
       null as reason, u.plan_id as "planId", u.done_at as "doneAt", u.expires_at as "expiresAt", u.undo_decision_id as "undoDecisionId",
       u.ended_at as "endedAt", p.profile from undo u join plan p on p.id = u.plan_id where u.action_id = $1`,
    [actionId],
  );
  return rows[0];
}

export async function readActionKind(
  db: Db,
  actionId: ActionId,
): Promise<{ readonly type: ActionType; readonly state: ActionState } | undefined> {
  const { rows } = await db.query<{ type: ActionType; state: ActionState }>('select type, state from action where id = $1', [actionId]);
  return rows[0];
}

/** The plans by which something is undone. */
export async function plansOfDecision(
  db: Db,
  decisionId: string,
): Promise<readonly { readonly id: PlanId; readonly state: PlanState; readonly heldFor: string | null }[]> {
  const { rows } = await db.query<{ id: PlanId; state: PlanState; heldFor: string | null }>(
    'select id, state, held_for as "heldFor" from plan where decision_id = $1 order by id',
    [decisionId],
  );
  return rows;
}

/** Sets another end, or none; false where it has ended or is being undone. */
export async function writeEnd(tx: Tx, actionId: ActionId, until: Instant | null): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update undo set expires_at = to_timestamp($2::float8 / 1000), due_at = to_timestamp($2::float8 / 1000), announced_at = null
     where action_id = $1 and ended_at is null and undo_decision_id is null and ordered_by is null`,
    [actionId, until],
  );
  return rowCount === 1;
}
