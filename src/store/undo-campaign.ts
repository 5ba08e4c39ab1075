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
  /** Whose plans did it. */
  readonly incident?: string | undefined;
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
  and ($4::text is null or exists (select from signal s where s.id = p.signal_id and s.type = $4))
  and ($8::uuid is null or exists (select from incident_member m where m.plan_id = p.id and m.incident_id = $8))`;

const given = ({ cause, source, policy, signalType, incident, from, to }: CampaignFilter, limit: number) => [
  cause ?? null,
  source ?? null,
  policy ?? null,
  signalType ?? null,
  from,
  to,
  limit,
  incident ?? null,
];

/** What can be undone and is not yet being undone; in the order order does not change it. */
export async function listCampaign(db: Db, filter: CampaignFilter, limit: number): Promise<readonly CampaignAction[]> {
  const { rows } = await db.query<CampaignAction>(
    `select u.action_id as "actionId", u.identity_id as "identityId", u.connection, u.type, u.inverse, u.done_at as "doneAt"
     from undo u join plan p on p.id = u.plan_id
     where ${fits} and u.done_at >= to_timestamp($5::float8 / 1000) and u.done_at <= to_timestamp($6::float8 / 1000)
       and u.ended_at is null and u.undo_decision_id is null and u.ordered_by is null
     order by u.action_id limit $7`,
    given(filter, limit),
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
    given(filter, limit),
  );
  return rows;
}

export interface Campaign {
  readonly id: string;
  readonly hash: string;
  readonly filter: string;
  readonly reason: string;
  readonly by: string;
  readonly incidentId: string | null;
}

/** Makes exactly these due; answers how many were still as they were previewed. The caller rolls back where it is not all. */
export async function orderCampaign(tx: Tx, campaign: Campaign, actionIds: readonly ActionId[], at: Instant): Promise<number> {
  await tx.query(
    `insert into undo_campaign (id, hash, filter, reason, ordered_by, ordered_at, incident_id)
     values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), $7)`,
    [campaign.id, campaign.hash, campaign.filter, campaign.reason, campaign.by, at, campaign.incidentId],
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

/** Counts of actions. `held` waits for another person, `open` goes on by itself, `left` is not undone by this order any more. */
export interface CampaignCounts {
  readonly undone: number;
  readonly held: number;
  readonly open: number;
  readonly left: number;
}

export interface CampaignProgress extends CampaignCounts {
  readonly id: string;
  readonly hash: string;
  readonly orderedBy: string;
  readonly orderedAt: Instant;
  readonly reason: string;
  readonly incidentId: string | null;
}

const goesOn = `u.ended_at is null and u.ordered_by is not null and p.state is distinct from 'held'`;

const counts = `count(*) filter (where u.ended_at is not null)::int as undone,
  count(*) filter (where u.ended_at is null and p.state = 'held')::int as held,
  count(*) filter (where ${goesOn})::int as open,
  count(*) filter (where u.ended_at is null and u.ordered_by is null and p.state is distinct from 'held')::int as "left"`;

const ofCampaign = `undo_campaign c join undo u on u.campaign_id = c.id left join plan p on p.decision_id = u.undo_decision_id`;

export async function readCampaign(db: Db, id: string): Promise<CampaignProgress | undefined> {
  return (await readCampaigns(db, 'c.id = $1', id))[0];
}

/** Orders that undid an incident, oldest first. */
export function campaignsOfIncident(db: Db, incidentId: string): Promise<readonly CampaignProgress[]> {
  return readCampaigns(db, 'c.incident_id = $1', incidentId);
}

async function readCampaigns(db: Db, which: string, id: string): Promise<readonly CampaignProgress[]> {
  const { rows } = await db.query<CampaignProgress & { readonly [column: string]: unknown }>(
    `select c.id, c.hash, c.ordered_by as "orderedBy", c.ordered_at as "orderedAt", c.reason, c.incident_id as "incidentId", ${counts}
     from ${ofCampaign} where ${which} group by c.id order by c.id`,
    [id],
  );
  return rows;
}

/** Orders of which nothing goes on by itself any more and of which nobody was told yet. */
export async function takeFinishedCampaigns(
  tx: Tx,
  at: Instant,
): Promise<readonly (Omit<CampaignCounts, 'open'> & { readonly campaignId: string; readonly incidentId: string | null })[]> {
  const { rows } = await tx.query<{ id: string }>({
    name: 'undo-campaign-told',
    text: `update undo_campaign set told_at = to_timestamp($1::float8 / 1000) where id in (
        select d.id from undo_campaign d where d.told_at is null and not exists (
          select from undo u left join plan p on p.decision_id = u.undo_decision_id where u.campaign_id = d.id and ${goesOn})
        for update skip locked)
      returning id`,
    values: [at],
  });
  const finished: (Omit<CampaignCounts, 'open'> & { campaignId: string; incidentId: string | null })[] = [];
  for (const { id } of rows) {
    const found = await readCampaign(tx, id);
    if (found === undefined) continue;
    const { incidentId, undone, held, left } = found;
    finished.push({ campaignId: id, incidentId, undone, held, left });
  }
  return finished;
}
