/** Who is said to have enabled an account that we hold, and since when: what a reversal is judged by. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // The latest event of its kind after the action. At most one is set: the name of an operator of ours, or a person of the graph.
  'alter table undo add column enabled_at timestamptz, add column enabled_by text, add column enabled_by_identity uuid',
  // Whether an incident is open on somebody.
  'create index incident_member_person on incident_member (identity_id)',
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
