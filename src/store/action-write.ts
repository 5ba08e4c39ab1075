/** Records of actions: made with the claim, brought up to date before a further call and when a run ends. */
import type { ActionParameters, ActionState, ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { AccountId, ActionId, PlanId } from '../model/ids.ts';
import type { Tx } from './db.ts';
import { sharePauseLock } from './pause-lock.ts';
import { pauseCoversPlan } from './pause-read.ts';
import { planFallsOnProtected } from './protection.ts';

export interface ActionValues {
  readonly id: ActionId;
  readonly state: ActionState;
  readonly attempts: number;
  readonly code: string | null;
  readonly idempotencyKey: string;
  readonly intendedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly verifiedAt: Instant | null;
  readonly residualAccessMs: number | null;
}

export interface NewAction extends ActionValues {
  readonly planId: PlanId;
  readonly position: number;
  readonly connection: string;
  readonly accountId: AccountId | null;
  readonly type: ActionType;
  readonly parameters: ActionParameters;
}

const instant = (name: string) => `to_timestamp(${name}::float8 / 1000)`;

const insertText = `insert into action (id, plan_id, position, connection, account_id, type, parameters, idempotency_key, state, attempts, code,
  intended_at, finished_at, verified_at, residual_access_ms)
select r.id, r."planId", r.position, r.connection, r."accountId", r.type, r.parameters, r."idempotencyKey", r.state, r.attempts, r.code,
  ${instant('r."intendedAt"')}, ${instant('r."finishedAt"')}, ${instant('r."verifiedAt"')}, r."residualAccessMs"
from json_to_recordset($1::text::json) as r(id uuid, "planId" uuid, position smallint, connection text, "accountId" uuid, type text, parameters text,
  "idempotencyKey" text, state text, attempts integer, code text, "intendedAt" float8, "finishedAt" float8, "verifiedAt" float8, "residualAccessMs" bigint)`;

export async function insertActions(tx: Tx, actions: readonly NewAction[]): Promise<void> {
  if (actions.length === 0) return;
  const rows = actions.map((action) => ({ ...action, parameters: JSON.stringify(action.parameters) }));
  await tx.query({ name: 'action-insert', text: insertText, values: [JSON.stringify(rows)] });
}

const updateText = `update action a set state = r.state, attempts = r.attempts, code = r.code, finished_at = ${instant('r."finishedAt"')},
  verified_at = ${instant('r."verifiedAt"')}, residual_access_ms = r."residualAccessMs"
from json_to_recordset($1::text::json) as r(id uuid, state text, attempts integer, code text, "finishedAt" float8, "verifiedAt" float8, "residualAccessMs" bigint)
where a.id = r.id`;

export async function updateActions(tx: Tx, actions: readonly ActionValues[]): Promise<void> {
  if (actions.length > 0) await tx.query({ name: 'action-update', text: updateText, values: [JSON.stringify(actions)] });
}

/** Ends what is open of plans that are carried out no further, with the reason for each plan; answers which actions. */
export async function closeActions(
  tx: Tx,
  plans: readonly { readonly planId: PlanId; readonly code: string }[],
  at: Instant,
): Promise<ReadonlySet<ActionId>> {
  const { rows } = await tx.query<{ id: ActionId }>(
    `update action a set state = case a.state when 'failed' then a.state else 'refused' end, code = case a.state when 'failed' then a.code else c.code end,
       finished_at = ${instant('$3')}
     from unnest($1::uuid[], $2::text[]) as c(plan_id, code) where a.plan_id = c.plan_id and a.finished_at is null returning a.id`,
    [plans.map(({ planId }) => planId), plans.map(({ code }) => code), at],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Counts a further attempt, only while the plan is claimed by this process, no pause covers it and it falls on nobody protected. */
export async function countAttempt(tx: Tx, planId: PlanId, processId: number, actionId: ActionId, attempts: number): Promise<boolean> {
  const attempt = {
    name: 'action-attempt',
    text: `update action a set attempts = $4, state = 'intended', code = null from plan
      where a.id = $3 and a.plan_id = plan.id and plan.id = $1 and plan.state = 'released' and plan.claimed_by = $2
        and not ${pauseCoversPlan} and not ${planFallsOnProtected}`,
    values: [planId, processId, actionId, attempts],
  };
  const [, { rowCount }] = await Promise.all([tx.query(sharePauseLock), tx.query(attempt)]);
  return rowCount === 1;
}
