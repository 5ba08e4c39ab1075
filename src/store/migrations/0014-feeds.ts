/** How far the events of a connection have been read, when it was last heard, what is missing, and what its provider says of our own deeds. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // The cursor is written in the transaction of what it brought. It is the provider's own text; nothing of a person is in it.
  `create table feed (
    connection text primary key,
    cursor text,
    moved_at timestamptz,
    polled_at timestamptz,
    pushed_at timestamptz
  )`,
  // A span of which pushed events are known to be missing: read once more by its instants.
  `create table feed_gap (
    id uuid primary key,
    connection text not null,
    from_at timestamptz not null,
    to_at timestamptz not null,
    reason text not null,
    found_at timestamptz not null,
    events integer not null default 0,
    closed_at timestamptz
  )`,
  `create index feed_gap_open on feed_gap (connection, from_at) where closed_at is null`,
  `create index feed_gap_span on feed_gap (connection, to_at)`,
  // One row a kind of alarm: told when it begins, and each hour that it lasts.
  `create table feed_alarm (
    connection text not null,
    code text not null,
    raised_at timestamptz not null,
    told_at timestamptz not null,
    ended_at timestamptz,
    primary key (connection, code)
  )`,
  // What was done with our credential, by the provider's word; `action_id` is null where no action of ours explains it.
  `create table confirmation (
    connection text not null,
    key bytea not null,
    event text not null,
    occurred_at timestamptz not null,
    action_id uuid,
    noted_at timestamptz not null,
    primary key (connection, key)
  )`,
  `create index confirmation_age on confirmation (noted_at)`,
  // To find the action that a provider's word confirms.
  `create index action_recent on action (connection, type, intended_at)`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
