/** When a held level must be looked at next, and which decisions people have judged. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // Null beside a held level: nobody has looked since the evidence changed. Infinity: it changes only with the evidence.
  `alter table identity add column level_due_at timestamptz`,
  `create index identity_level_due on identity (level_due_at nulls first) where held_level <> 'none' or level_due_at is not null`,
  // What is judged by has changed, and not everybody's level has been made due since.
  `create table level_recheck (
    id uuid primary key
  )`,
  // What was said and why stands sealed with the verdict's own entry; here is where to find it.
  `create table verdict (
    signal_id uuid primary key,
    decision_id uuid not null,
    verdict text not null
  )`,
  `create index verdict_of on verdict (decision_id)`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
