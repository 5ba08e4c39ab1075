/** What detections keep of the events of each person or address. */
import { type Kysely, sql } from 'kysely';

const statements = [
  // The key is a pseudonym of whom or what the events are about. Written with every event, read by nobody but settle.
  `create table detection_ring (
    detection text not null,
    key_hash text not null,
    state text not null,
    forget_at timestamptz not null,
    primary key (detection, key_hash)
  ) with (fillfactor = 70)`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
