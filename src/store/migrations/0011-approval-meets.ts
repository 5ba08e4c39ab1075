/** For which of several approvals a person's yes counted. */
import { type Kysely, sql } from 'kysely';

// A JSON list; null in rows of before, whose people stood in every list that was asked.
const statement = 'alter table approval add column meets text';

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(statement).execute(database);
}
