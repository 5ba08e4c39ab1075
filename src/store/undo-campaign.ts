/** Many actions undone by one order: which they are, the order bound to exactly these, and how far it has come. */
import type { ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { ActionId, IdentityId } from '../model/ids.ts';
import type { Db, Tx } from './db.ts';

/** Every member that is present must fit the plan that did the action. */
export interface CampaignFilter {
  readonly cause?: string | undefined;
  readonly source?: string | undefined;
  readonly policy?: string | undefined;
  readonly signalType?: string | undefined;
  /** When the action was done. */
  readonly from: Instant;
  readonly to: Instant;
}

export interface CampaignAction {
  readonly [column: string]: unknown;
  readonly actionId: ActionId;
  readonly identityId: IdentityId | null;
  readonly connection: string;
  readonly type: ActionType;
  readonly inverse: ActionType;
  readonly doneAt: Instant;
}

const fits = `($1::text is null or p.cause = $1) and ($2::text is null or p.source = $2) and ($3::text is null or p.policy_id = $3)
  and ($4::text is null or exists (select from signal s where s.id = p.signal_id and s.type = $4))`;

const given = ({ cause, source, policy, signalType, from, to }: CampaignFilter) => [
  cause ?? null,
  source ?? null,
  policy ?? null,
  signalType ?? null,
  from,
  to,
];

/** What can be undone and is not yet being undone; in the order order does not change it. */
export async function listCampaign(db: Db, filter: CampaignFilter, limit: number): Promise<readonly CampaignAction[]> {
  const { rows } = await db.query<CampaignAction>(
    `select u.action_id as "actionId", u.identity_id as "identityId", u.connection, u.type, u.inverse, u.done_at as "doneAt"
     from undo u join plan p on p.id = u.plan_id
     where ${fits} and u.done_at >= to_timestamp($5::float8 / 1000) and u.done_at <= to_timestamp($6::float8 / 1000)
       and u.ended_at is null and u.undo_decision_id is null and u.ordered_by is null
     order by u.action_id limit $7`,
    [...given(filter), limit],
  );
  return rows;
}

/** What was done to the same people by the same plans and nothing gives back. */
export async function listIrreversible(
  db: Db,
  filter: CampaignFilter,
  limit: number,
): Promise<readonly { readonly identityId: IdentityId; readonly type: ActionType }[]> {
  const { rows } = await db.query<{ identityId: IdentityId; type: ActionType }>(
    `select distinct p.identity_id as "identityId", a.type from action a join plan p on p.id = a.plan_id
     where ${fits} and a.intended_at >= to_timestamp($5::float8 / 1000) and a.intended_at <= to_timestamp($6::float8 / 1000)
       and p.identity_id is not null and p.cause <> 'undo' and a.state in ('done', 'unverified', 'unknown')
       and not exists (select from undo u where u.action_id = a.id)
     order by 1, 2 limit $7`,
    [...given(filter), limit],
  );
  return rows;
}

export interface Campaign {
  readonly id: string;
  readonly hash: string;
  readonly filter: string;
  readonly reason: string;
  readonly by: string;
}

/** Makes exactly these due; answers how many were still as they were previewed. The caller rolls back where it is not all. */
export async function orderCampaign(tx: Tx, campaign: Campaign, actionIds: readonly ActionId[], at: Instant): Promise<number> {
  await tx.query(
    `insert into undo_campaign (id, hash, filter, reason, ordered_by, ordered_at) values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000))`,
    [campaign.id, campaign.hash, campaign.filter, campaign.reason, campaign.by, at],
  );
  const { rowCount } = await tx.query(
    `update undo u set campaign_id = $1, ordered_by = $2, due_at = to_timestamp($3::float8 / 1000) from (
       select action_id from undo where action_id = any ($4::uuid[]) and ended_at is null and undo_decision_id is null and ordered_by is null
       order by action_id for update
     ) as d where u.action_id = d.action_id`,
    [campaign.id, campaign.by, at, actionIds],
  );
  return rowCount ?? 0;
}

export interface CampaignProgress {
  readonly hash: string;
  readonly orderedBy: string;
  readonly orderedAt: Instant;
  readonly reason: string;
  readonly undone: number;
  readonly held: number;
  readonly open: number;
}

export async function readCampaign(db: Db, id: string): Promise<CampaignProgress | undefined> {
  const { rows } = await db.query<CampaignProgress & { [column: string]: unknown }>(
    `select c.hash, c.ordered_by as "orderedBy", c.ordered_at as "orderedAt", c.reason,
       count(*) filter (where u.ended_at is not null)::int as undone,
       count(*) filter (where u.ended_at is null and p.state = 'held')::int as held,
       count(*) filter (where u.ended_at is null and p.state is distinct from 'held')::int as open
     from undo_campaign c join undo u on u.campaign_id = c.id left join plan p on p.decision_id = u.undo_decision_id
     where c.id = $1 group by c.id`,
    [id],
  );
  return rows[0];
}
