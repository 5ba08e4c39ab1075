/** What the clock asks of actions in force: to be undone, announced, read again, put back. Any process may do it; each takes its share. */
import type { ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { AccountId, ActionId, IdentityId, PlanId } from '../model/ids.ts';
import type { Cause } from '../model/signal.ts';
import type { Db, Tx } from './db.ts';

const instant = (name: string) => `to_timestamp(${name}::float8 / 1000)`;

/** An action in force, as a signal about it names it. */
export interface ActionInForce {
  readonly [column: string]: unknown;
  readonly actionId: ActionId;
  readonly identityId: IdentityId;
  readonly accountId: AccountId;
  readonly connection: string;
  readonly type: ActionType;
  /** JSON, as it was called. */
  readonly parameters: string;
}

export interface DueUndo extends ActionInForce {
  readonly inverse: ActionType;
  readonly tries: number;
  readonly orderedBy: string | null;
  readonly campaignId: string | null;
  readonly reason: string | null;
}

/** Whoever a person is known as now. */
const survivor = `(select coalesce(i.merged_into, i.id) from identity i where i.id = u.identity_id)`;

/** Takes what is due until `again`, by when it is decided or somebody else's turn. */
export async function takeDueUndos(db: Db, at: Instant, again: Instant, limit: number): Promise<readonly DueUndo[]> {
  const { rows } = await db.query<DueUndo>({
    name: 'undo-take',
    text: `update undo u set due_at = ${instant('$2')} from (
        select action_id from undo where due_at <= ${instant('$1')} and ended_at is null and undo_decision_id is null
          and exists (select from account a where a.id = undo.account_id)
        order by due_at, action_id limit $3 for update skip locked
      ) as d where u.action_id = d.action_id
      returning u.action_id as "actionId", ${survivor} as "identityId", u.account_id as "accountId", u.connection, u.type, u.inverse, u.parameters,
        u.tries, u.ordered_by as "orderedBy", u.campaign_id as "campaignId", (select c.reason from undo_campaign c where c.id = u.campaign_id) as reason`,
    values: [at, again, limit],
  });
  return rows;
}

/** Of an account that is gone nothing can be undone. */
export async function endGoneUndos(db: Db, at: Instant): Promise<void> {
  await db.query(
    `update undo u set ended_at = ${instant('$1')}, ended_by = 'gone', due_at = null, read_at = null
     where ended_at is null and not exists (select from account a where a.id = u.account_id)`,
    [at],
  );
}

const backoff = `least(60 * 2 ^ least(u.tries, 6), 3600) * interval '1 second'`;

/**
 * Undoing that came to nothing is due again: what failed after a while, and what was refused or lapsed at its own end. An end that comes
 * while a person's order still waits for another person is not put off by it.
 */
const rearmText = `with stuck as (
    select u.action_id, u.ordered_by is not null as ordered,
      exists (select from plan p where p.decision_id = u.undo_decision_id and p.state in ('failed', 'partial')) as failed
    from undo u where u.undo_decision_id is not null and u.ended_at is null
      and (not exists (select from plan p where p.decision_id = u.undo_decision_id and p.state in ('released', 'held', 'done'))
        or (u.ordered_by is not null and u.expires_at <= ${instant('$1')}
          and exists (select from plan p where p.decision_id = u.undo_decision_id and p.state = 'held' and p.held_for <> 'pause')))
    limit 100 for update of u skip locked
  )
  update undo u set undo_decision_id = null, tries = u.tries + 1, ordered_by = case when s.failed then u.ordered_by end,
    due_at = case when s.failed then ${instant('$1')} + ${backoff} when u.expires_at > ${instant('$1')} then u.expires_at
      when u.expires_at is null then null when s.ordered then ${instant('$1')} else ${instant('$1')} + ${backoff} end
  from stuck s where u.action_id = s.action_id
  returning u.action_id as "actionId", u.tries`;

export async function rearmUndos(db: Db, at: Instant): Promise<readonly { readonly actionId: ActionId; readonly tries: number }[]> {
  return (await db.query<{ actionId: ActionId; tries: number }>({ name: 'undo-rearm', text: rearmText, values: [at] })).rows;
}

export interface EndingAction {
  readonly actionId: ActionId;
  readonly planId: PlanId;
  readonly expiresAt: Instant;
}

/** Actions that end before `until` and of which nobody was told yet. */
export async function takeUnannounced(tx: Tx, at: Instant, until: Instant, limit: number): Promise<readonly EndingAction[]> {
  const { rows } = await tx.query<EndingAction & { [column: string]: unknown }>({
    name: 'undo-announce',
    text: `update undo u set announced_at = ${instant('$1')} from (
        select action_id from undo where announced_at is null and ended_at is null and expires_at <= ${instant('$2')}
        order by expires_at limit $3 for update skip locked
      ) as d where u.action_id = d.action_id returning u.action_id as "actionId", u.plan_id as "planId", u.expires_at as "expiresAt"`,
    values: [at, until, limit],
  });
  return rows;
}

/** Actions that somebody ordered undone by themselves, and of whose end nobody was told yet. */
export async function takeUndone(
  tx: Tx,
  at: Instant,
  limit: number,
): Promise<readonly { readonly actionId: ActionId; readonly planId: PlanId }[]> {
  const { rows } = await tx.query<{ actionId: ActionId; planId: PlanId }>({
    name: 'undo-undone',
    text: `update undo u set told_at = ${instant('$1')} from (
        select action_id from undo where told_at is null and ended_by = 'undone' and ordered_by is not null and campaign_id is null
        order by action_id limit $2 for update skip locked
      ) as d where u.action_id = d.action_id returning u.action_id as "actionId", u.plan_id as "planId"`,
    values: [at, limit],
  });
  return rows;
}

export interface DueRead {
  readonly [column: string]: unknown;
  readonly actionId: ActionId;
  readonly connection: string;
  readonly type: ActionType;
  readonly parameters: string;
  readonly account: string | null;
  readonly doneAt: Instant;
  readonly reads: number;
}

/** Takes what is to be read now until `again`. */
export async function takeDueReads(db: Db, at: Instant, again: Instant, limit: number): Promise<readonly DueRead[]> {
  const { rows } = await db.query<DueRead>({
    name: 'undo-read',
    text: `update undo u set read_at = ${instant('$2')} from (
        select action_id from undo where read_at <= ${instant('$1')} order by read_at limit $3 for update skip locked
      ) as d where u.action_id = d.action_id
      returning u.action_id as "actionId", u.connection, u.type, u.parameters, u.done_at as "doneAt", u.reads,
        (select a.external_id from account a where a.id = u.account_id) as account`,
    values: [at, again, limit],
  });
  return rows;
}

export async function writeRead(db: Db, actionId: ActionId, reads: number, nextAt: Instant): Promise<void> {
  await db.query({
    name: 'undo-read-again',
    text: `update undo set reads = $2, read_at = ${instant('$3')} where action_id = $1 and ended_at is null`,
    values: [actionId, reads, nextAt],
  });
}

/** Given back by our own order, which stands: nothing is left to undo. */
export async function endLifted(tx: Tx, actionId: ActionId, at: Instant): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update undo u set ended_at = ${instant('$2')}, ended_by = 'lifted', due_at = null, read_at = null
     where action_id = $1 and ended_at is null and exists (select from action a where a.account_id = u.account_id and a.type = u.inverse
       and a.state in ('done', 'already') and a.finished_at >= u.done_at
       and coalesce(a.parameters::json->>'undoes', u.type) = u.type)`,
    [actionId, at],
  );
  return rowCount === 1;
}

/**
 * Counts a reversal by somebody who is not of ours; undefined where undoing is due or under way, or where the one before was not made good
 * and has been told already.
 */
export async function countReversal(
  tx: Tx,
  actionId: ActionId,
  at: Instant,
  nextAt: Instant,
): Promise<{ readonly planId: PlanId; readonly times: number } | undefined> {
  const { rows } = await tx.query<{ planId: PlanId; times: number }>(
    `update undo u set reversed = reversed + 1, reads = 0, read_at = ${instant('$3')}
     where action_id = $1 and ended_at is null and undo_decision_id is null and (due_at is null or due_at > ${instant('$2')})
       and reversed = put_back_count
       and (put_back_decision_id is null or exists (select from plan p where p.decision_id = u.put_back_decision_id and p.state = 'done'))
     returning plan_id as "planId", reversed as times`,
    [actionId, at, nextAt],
  );
  return rows[0];
}

export interface Reversed extends ActionInForce {
  readonly cause: Cause;
  readonly times: number;
}

/** Reversed actions of which it is not decided yet whether they are put back. */
export async function openReversals(db: Db, limit: number): Promise<readonly Reversed[]> {
  const { rows } = await db.query<Reversed>({
    name: 'undo-reversed',
    text: `select u.action_id as "actionId", ${survivor} as "identityId", u.account_id as "accountId", u.connection, u.type, u.parameters,
        u.reversed as times, p.cause from undo u join plan p on p.id = u.plan_id
      where u.read_at is not null and u.reversed > u.put_back_count and u.ended_at is null order by u.action_id limit $1`,
    values: [limit],
  });
  return rows;
}
