/** How far the events of a connection have been read, when it was last heard, and which spans are read once more. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // The cursor is written in the transaction of what it brought. It is the provider's own text; nothing of a person is in it.
  `create table feed (
    connection text primary key,
    cursor text,
    moved_at timestamptz,
    polled_at timestamptz,
    pushed_at timestamptz,
    alarm text,
    alarmed_at timestamptz
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
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
