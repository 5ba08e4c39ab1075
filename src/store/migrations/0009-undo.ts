/** What was done and can be undone: its end, what is under way to undo it, and when its state is read again. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // A list of actions that one person ordered undone, as it was previewed.
  `create table undo_campaign (
    id uuid primary key,
    hash text not null,
    filter text not null,
    reason text not null,
    ordered_by text not null,
    ordered_at timestamptz not null
  )`,
  `create table undo (
    action_id uuid primary key,
    plan_id uuid not null,
    decision_id uuid not null,
    identity_id uuid,
    account_id uuid not null,
    connection text not null,
    type text not null,
    inverse text not null,
    parameters text not null,
    done_at timestamptz not null,
    expires_at timestamptz,
    due_at timestamptz,
    announced_at timestamptz,
    ordered_by text,
    campaign_id uuid references undo_campaign,
    tries integer not null default 0,
    undo_decision_id uuid,
    read_at timestamptz,
    reads integer not null default 0,
    reversed integer not null default 0,
    put_back_count integer not null default 0,
    put_back_decision_id uuid,
    ended_at timestamptz,
    ended_by text
  ) with (fillfactor = 80)`,
  `create index undo_plan on undo (plan_id)`,
  `create index undo_due on undo (due_at) where due_at is not null`,
  `create index undo_read on undo (read_at) where read_at is not null`,
  `create index undo_account on undo (account_id) where ended_at is null`,
  `create index undo_way on undo (undo_decision_id) where undo_decision_id is not null`,
  `create index undo_put_back on undo (put_back_decision_id) where put_back_decision_id is not null`,
  `create index undo_announce on undo (expires_at) where announced_at is null and ended_at is null and expires_at is not null`,
  `create index undo_campaign_of on undo (campaign_id) where campaign_id is not null`,
  `create index undo_done on undo (done_at)`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
