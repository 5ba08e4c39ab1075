/** Signals whose person is not known wait to be resolved; people who were merged into one are found by whom they became. */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create index identity_merged on identity (merged_into) where merged_into is not null`,
  // One row a signal that was decided as unresolved and has not been decided anew. The arrival is sealed with its connection's key;
  // null for one that may never be acted on, whoever is meant.
  `create table unresolved (
    signal_id uuid primary key,
    source text not null,
    reason text not null,
    arrival bytea,
    candidates uuid[] not null default '{}',
    attempts smallint not null default 0,
    next_at timestamptz,
    woken_at timestamptz,
    received_at timestamptz not null
  )`,
  `create index unresolved_due on unresolved (next_at) where next_at is not null`,
  `create index unresolved_woken on unresolved (woken_at) where woken_at is not null`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
