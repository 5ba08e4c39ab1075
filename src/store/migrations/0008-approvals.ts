/** Until when held plans wait, and what people said of them. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // Null beside a held plan: nobody has reckoned yet how long it waits.
  `alter table plan add column held_until timestamptz`,
  `create index plan_held on plan (held_until nulls first) where state = 'held'`,
  // Each person once a plan. Why stands sealed in the entry; \`hold\` is what the plan waited for when they said it.
  `create table approval (
    plan_id uuid not null,
    by_name text not null,
    hold text not null,
    list_hash text not null,
    entry_id uuid not null,
    given_at timestamptz not null,
    primary key (plan_id, by_name)
  )`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
