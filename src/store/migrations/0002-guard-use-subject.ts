/** Whether one subject used a counter a short while ago is asked for each release. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index guard_use_subject on guard_use (scope, subject, at)`.execute(db);
}
