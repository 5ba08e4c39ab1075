/** Who enabled an account that we hold: noted with the event that says so, read when the account is seen reversed. */
import type { Instant } from '../model/clock.ts';
import type { ActionId, IdentityId, PlanId } from '../model/ids.ts';
import type { PlanState } from '../model/plan-state.ts';
import type { Db, Tx } from './db.ts';
import { everyIdOf, survivorOf } from './merged.ts';
import type { Statement } from './statement.ts';
import { endPlansUndone } from './undo-write.ts';

const instant = (name: string) => `to_timestamp(${name}::float8 / 1000)`;

/** An event of a connection about its own account, or an operator's word about a person. */
export interface EnabledRow {
  readonly identityId: IdentityId;
  readonly at: Instant;
  /** The connection whose event it is; null: an operator's word, which is about all accounts of the person. */
  readonly connection: string | null;
  /** The provider's ids of the accounts that the event names; empty: the person's, whichever. */
  readonly accounts: readonly string[];
  /** Who did it, as the provider names them: looked up here, and kept nowhere. Null: it does not say. */
  readonly actor: string | null;
  /** Name of the operator. */
  readonly by: string | null;
}

/**
 * The person whom a connection means by a name: whose account there has it as its id, else the one whom an address, UPN or alias names.
 * Null for nobody, for more than one, and for accounts that are no person's own.
 */
const actorOf = `(select case when count(*) = 1 then (array_agg(known.id))[1] end from (
    select distinct coalesce(i.merged_into, i.id) as id from (
      select a.identity_id from account a where a.connection = w.connection and a.external_id = w.actor and a.kind is null
      union all
      select n.identity_id from (
        select l.identity_id from identity_alias l where lower(l.alias) = lower(w.actor)
        union all select f.identity_id from identifier f where f.format in ('email', 'upn') and f.value = lower(w.actor)
      ) n where not exists (select from account a where a.connection = w.connection and a.external_id = w.actor)
    ) named join identity i on i.id = named.identity_id
  ) known where not exists (select from account a where a.identity_id = known.id and a.connection = w.connection and a.kind is not null)
    or exists (select from account a where a.identity_id = known.id and a.connection = w.connection and a.kind is null))`;

const noteText = `update undo u set enabled_at = w.at, enabled_by = w.by, enabled_by_identity = case when w.actor is not null then ${actorOf} end
  from (
    select distinct on (held.action_id) held.action_id, ${instant('r.at')} as at, r.connection, r.actor, r.by
    from json_to_recordset($1::text::json) as r(n int, "identityId" uuid, at float8, connection text, accounts json, actor text, by text)
    join account a on a.identity_id = r."identityId"
    join undo held on held.account_id = a.id
    where held.ended_at is null and held.done_at < ${instant('r.at')} and (r.connection is null or held.connection = r.connection)
      and (json_array_length(r.accounts) = 0 or a.external_id in (select json_array_elements_text(r.accounts)))
    order by held.action_id, r.at desc, r.n desc
  ) w where u.action_id = w.action_id and (u.enabled_at is null or u.enabled_at <= w.at)`;

/** Of each action in force the latest word after it. */
export function noteEnabled(rows: readonly EnabledRow[]): Statement {
  return { name: 'undo-enabled', text: noteText, values: [JSON.stringify(rows.map((row, n) => ({ n, ...row })))] };
}

/** What was said before is not about a reversal of later, where the account is seen held meanwhile; not at once, since providers lag. */
export async function forgetEnabled(db: Db, actionId: ActionId, saidBefore: Instant): Promise<void> {
  await db.query(
    `update undo set enabled_at = null, enabled_by = null, enabled_by_identity = null where action_id = $1 and enabled_at < ${instant('$2')}`,
    [actionId, saidBefore],
  );
}

export interface FoundReversed {
  readonly [column: string]: unknown;
  readonly planId: PlanId;
  readonly subject: IdentityId | null;
  readonly by: string | null;
  readonly actor: IdentityId | null;
  readonly inIncident: boolean;
  /** How often it was counted as reversed. */
  readonly times: number;
  /** Whether that is still to be decided on. */
  readonly deciding: boolean;
  /** The plan that puts it back, or did the last time; null: there was none. */
  readonly putBack: PlanState | null;
}

const putBackPlan = `(select p.state from plan p where p.decision_id = u.put_back_decision_id order by p.id limit 1)`;

/** A word of before the account was last put back is not about what was done since. */
const since = `greatest(u.done_at, (select max(a.finished_at) from plan p join action a on a.plan_id = p.id
  where p.decision_id = u.put_back_decision_id and a.state in ('done', 'already', 'unverified', 'unknown')))`;

const findText = `select u.plan_id as "planId", ${survivorOf('u.identity_id')} as subject,
    case when u.enabled_at > ${since} then u.enabled_by end as by,
    case when u.enabled_at > ${since} then ${survivorOf('u.enabled_by_identity')} end as actor,
    exists (select from incident_member m join incident i on i.id = m.incident_id
      where i.state = 'open' and m.identity_id in ${everyIdOf('u.identity_id')}) as "inIncident",
    u.reversed as times, u.reversed > u.put_back_count as deciding, ${putBackPlan} as "putBack"
  from undo u where u.action_id = $1 and u.ended_at is null and u.undo_decision_id is null and (u.due_at is null or u.due_at > ${instant('$2')})`;

/** Locks the row of an action that was seen reversed; undefined where it has ended, or where undoing it is due or under way. */
export async function lockReversed(tx: Tx, actionId: ActionId, at: Instant): Promise<FoundReversed | undefined> {
  // Read after the lock is held: one statement would see the plans of before the wait for it.
  await tx.query('select from undo where action_id = $1 for update', [actionId]);
  return (await tx.query<FoundReversed>(findText, [actionId, at])).rows[0];
}

/** Plans that would put an action back, and wait for a person. */
export async function heldPutBacks(tx: Tx, actionId: ActionId): Promise<readonly PlanId[]> {
  const { rows } = await tx.query<{ id: PlanId }>(
    `select p.id from plan p join undo u on u.put_back_decision_id = p.decision_id where u.action_id = $1 and p.state = 'held'`,
    [actionId],
  );
  return rows.map(({ id }) => id);
}

/** Somebody whose word counts took it back: it stays so, and nothing of it is left to undo. */
export async function endRespected(tx: Tx, actionId: ActionId, times: number, at: Instant): Promise<void> {
  const { rows } = await tx.query<{ planId: PlanId }>(
    `update undo set ended_at = ${instant('$2')}, ended_by = 'respected', due_at = null, read_at = null, reversed = $3
     where action_id = $1 and ended_at is null returning plan_id as "planId"`,
    [actionId, at, times],
  );
  await endPlansUndone(
    tx,
    rows.map(({ planId }) => planId),
  );
}
