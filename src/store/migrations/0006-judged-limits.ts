/** Which decisions met a limit that stays full until a person has judged one of them. */
import { type Kysely, sql } from 'kysely';

const statements = [
  `create table limit_hit (
    scope text not null,
    decision_id uuid not null,
    at timestamptz not null,
    judged_at timestamptz,
    primary key (scope, decision_id)
  )`,
  `create index limit_hit_open on limit_hit (scope, at) where judged_at is null`,
  `create index limit_hit_decision on limit_hit (decision_id)`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
