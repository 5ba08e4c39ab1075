/** Rings of events: one row a detection and key, which whoever holds the key's lock reads and writes as a whole. */
import type { Instant } from '../model/clock.ts';
import type { Db } from './db.ts';
import { joined, type Statement } from './statement.ts';

export interface RingKey {
  readonly detection: string;
  readonly keyHash: string;
}

export interface RingRow extends RingKey {
  readonly state: string;
}

// A row that is not there yet cannot be locked, so the lock is on its name.
const lock = `select pg_advisory_xact_lock(hashtextextended('ring ' || detection || ' ' || key_hash, 0))
from (select detection, key_hash from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as t(detection, key_hash)
  order by detection, key_hash) as sorted`;

const read = `select r.detection, r.key_hash as "keyHash", r.state from detection_ring r
join unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as w(detection, key_hash)
  on r.detection = w.detection and r.key_hash = w.key_hash`;

const write = `insert into detection_ring (detection, key_hash, state, forget_at)
select detection, key_hash, state, to_timestamp(forget_at::float8 / 1000)
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($4, E'\\x1e'))
  as t(detection, key_hash, state, forget_at)
on conflict (detection, key_hash) do update set state = excluded.state, forget_at = excluded.forget_at`;

/** The second answers the rows; a statement of its own, so that it sees what the holder before has committed. */
export function ringStatements(keys: readonly RingKey[]): readonly Statement[] {
  const values = [joined(keys.map((key) => key.detection)), joined(keys.map((key) => key.keyHash))];
  return [
    { name: 'ring-lock', text: lock, values },
    { name: 'ring-read', text: read, values },
  ];
}

export function writeRings(rows: readonly (RingRow & { readonly forgetAt: Instant })[]): Statement {
  return {
    name: 'ring-write',
    text: write,
    values: [
      joined(rows.map((row) => row.detection)),
      joined(rows.map((row) => row.keyHash)),
      joined(rows.map((row) => row.state)),
      joined(rows.map((row) => row.forgetAt)),
    ],
  };
}

/** Deletes rings in which nothing matters any more; answers how many. */
export async function sweepRings(db: Db, at: Instant): Promise<number> {
  return (await db.query('delete from detection_ring where forget_at <= $1', [new Date(at)])).rowCount ?? 0;
}
