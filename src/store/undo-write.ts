/** Rows of what can be undone, written with the end of the plan that did it, with the decision to undo it and with the end of that. */
import type { ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { ActionId, DecisionId, PlanId } from '../model/ids.ts';
import type { Reversible, UndoneAction } from '../model/undo.ts';
import type { Db, Tx } from './db.ts';
import { endOf, maySet } from './plan-move.ts';
import { joined, type Statement } from './statement.ts';

/** States of accounts that somebody else could reverse behind our back; how long after the act they are read first. */
const watched: readonly ActionType[] = ['account.suspend', 'account.disable'];
const firstReadMs = 60_000;

const instant = (name: string) => `to_timestamp(${name}::float8 / 1000)`;

/** An action that was put back belongs to the row of the one that was reversed. */
const insertText = `insert into undo (action_id, plan_id, decision_id, identity_id, account_id, connection, type, inverse, parameters,
  done_at, expires_at, due_at, read_at)
select r."actionId", p.id, p.decision_id, p.identity_id, r."accountId", p.connection, r.type, r.inverse, r.parameters,
  ${instant('r."doneAt"')}, ${instant('r."expiresAt"')}, ${instant('r."expiresAt"')}, ${instant('r."readAt"')}
from json_to_recordset($2::text::json) as r("actionId" uuid, "accountId" uuid, type text, inverse text, parameters text, "doneAt" float8,
  "expiresAt" float8, "readAt" float8)
join plan p on p.id = $1
where not exists (select from undo u where u.put_back_decision_id = p.decision_id)
on conflict do nothing`;

/** What was done once more in another measure ends with the later one, and not before it. */
const supersedeText = `update undo set ended_at = ${instant('$4')}, ended_by = 'superseded', due_at = null, read_at = null
  where account_id = $1 and type = $2 and action_id <> $3 and ended_at is null and undo_decision_id is null
    and parameters::json->>'group' is not distinct from $5 and parameters::json->>'role' is not distinct from $6
    and exists (select from undo n where n.action_id = $3)`;

export async function insertReversible(tx: Tx, planId: PlanId, rows: readonly Reversible[]): Promise<void> {
  if (rows.length === 0) return;
  const written = rows.map((row) => ({
    ...row,
    parameters: JSON.stringify(row.parameters),
    readAt: watched.includes(row.type) ? row.doneAt + firstReadMs : null,
  }));
  await tx.query({ name: 'undo-insert', text: insertText, values: [planId, JSON.stringify(written)] });
  for (const { accountId, type, actionId, doneAt, parameters } of rows) {
    const { group = null, role = null } = parameters;
    await tx.query({ name: 'undo-supersede', text: supersedeText, values: [accountId, type, actionId, doneAt, group, role] });
  }
}

/** What a decision undoes. */
export async function undoneByDecision(tx: Db, decisionId: DecisionId): Promise<readonly UndoneAction[]> {
  const { rows } = await tx.query<{ actionId: ActionId; planId: PlanId }>({
    name: 'undo-of-decision',
    text: `select action_id as "actionId", plan_id as "planId" from undo where undo_decision_id = $1 and ended_at is null`,
    values: [decisionId],
  });
  return rows;
}

/** Ends what was undone; a plan of which nothing is left in force becomes `undone`. */
export async function closeUndone(tx: Tx, actionIds: readonly ActionId[], at: Instant): Promise<void> {
  const { rows } = await tx.query<{ planId: PlanId }>(
    `update undo set ended_at = ${instant('$2')}, ended_by = 'undone', due_at = null, read_at = null
     where action_id = any ($1::uuid[]) and ended_at is null returning plan_id as "planId"`,
    [actionIds, at],
  );
  await tx.query(
    `update plan set state = ${endOf('undo')} where id = any ($1::uuid[]) and ${maySet('undo')}
       and not exists (select from undo where undo.plan_id = plan.id and undo.ended_at is null)`,
    [rows.map(({ planId }) => planId)],
  );
}

export interface OrderedReversal {
  readonly actionId: string;
  readonly decisionId: DecisionId;
  /** Who ordered it; null where its time came. */
  readonly by: string | null;
}

/** The decisions under which undoing goes on, written with them. */
export function markUndoDecided(rows: readonly OrderedReversal[]): Statement {
  return {
    name: 'undo-decided',
    text: `update undo u set undo_decision_id = r.decision_id::uuid, due_at = null, ordered_by = r.ordered_by
      from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e', '')) as r(action_id, decision_id, ordered_by)
      where u.action_id = r.action_id::uuid and u.ended_at is null`,
    values: [joined(rows.map((row) => row.actionId)), joined(rows.map((row) => row.decisionId)), joined(rows.map((row) => row.by))],
  };
}

/** Somebody says that their accounts were enabled: what we hold of them is read again at once. */
export function readAgain(identityIds: readonly string[], at: Instant): Statement {
  return {
    name: 'undo-read-at-once',
    text: `update undo set read_at = ${instant('$2')} where read_at > ${instant('$2')} and account_id in (
      select id from account where identity_id = any (string_to_array($1, ',')::uuid[]))`,
    values: [identityIds.join(','), at],
  };
}

/** The decisions under which reversed actions are done again. */
export function markPutBack(rows: readonly OrderedReversal[]): Statement {
  return {
    name: 'undo-put-back',
    text: `update undo u set put_back_decision_id = r.decision_id::uuid, put_back_count = u.reversed
      from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as r(action_id, decision_id) where u.action_id = r.action_id::uuid`,
    values: [joined(rows.map((row) => row.actionId)), joined(rows.map((row) => row.decisionId))],
  };
}
