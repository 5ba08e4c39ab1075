/** Spans of which pushed events are missing, from when they are noticed until they have been read once more. */
import type { Instant } from '../model/clock.ts';
import type { Db, Tx } from './db.ts';

export interface FeedGap {
  readonly id: string;
  readonly connection: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly reason: string;
  readonly foundAt: Instant;
  /** Brought by polling and by nothing else, so far. */
  readonly events: number;
}

const instant = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;
const columns = `id, connection, from_at as "from", to_at as "to", reason, found_at as "foundAt", events`;
type Row = FeedGap & { [column: string]: unknown };

export type NotedGap =
  | { readonly kind: 'opened' }
  /** Noted before, so that a page that is read twice opens nothing. */
  | { readonly kind: 'known' }
  /** It goes on these, which are open; their spans as they were. */
  | { readonly kind: 'extended'; readonly gaps: readonly Pick<FeedGap, 'id' | 'from' | 'to'>[] };

/** For the one process that reads the feed. */
export async function noteGap(tx: Tx, gap: Omit<FeedGap, 'events' | 'foundAt'>, at: Instant): Promise<NotedGap> {
  const values = [gap.connection, gap.reason, gap.from, gap.to];
  const known = await tx.query(
    `select from feed_gap where connection = $1 and reason = $2 and from_at <= ${instant('$3')} and to_at >= ${instant('$4')} limit 1`,
    values,
  );
  if (known.rowCount !== 0) return { kind: 'known' };
  const { rows } = await tx.query<Pick<Row, 'id' | 'from' | 'to'>>(
    `with touched as (
       select id, from_at, to_at from feed_gap
       where connection = $1 and reason = $2 and closed_at is null and from_at <= ${instant('$4')} and to_at >= ${instant('$3')}
     )
     update feed_gap g set from_at = least(g.from_at, ${instant('$3')}), to_at = greatest(g.to_at, ${instant('$4')})
     from touched t where g.id = t.id returning g.id, t.from_at as "from", t.to_at as "to"`,
    values,
  );
  if (rows.length > 0) return { kind: 'extended', gaps: rows };
  await tx.query(
    `insert into feed_gap (id, connection, reason, from_at, to_at, found_at)
     values ($5, $1, $2, ${instant('$3')}, ${instant('$4')}, ${instant('$6')})`,
    [...values, gap.id, at],
  );
  return { kind: 'opened' };
}

/** Open ones, oldest first; of all connections where none is named. */
export async function openGaps(db: Db, connection?: string): Promise<readonly FeedGap[]> {
  const { rows } = await db.query<Row>(
    `select ${columns} from feed_gap where closed_at is null and ($1::text is null or connection = $1) order by from_at, id`,
    [connection ?? null],
  );
  return rows;
}

/** Adds what polling alone brought of the span. */
export async function countIntoGap(db: Db, id: string, events: number): Promise<void> {
  await db.query('update feed_gap set events = events + $2::int where id = $1', [id, events]);
}

/** Undefined where it is closed already. */
export async function closeGap(tx: Tx, id: string, at: Instant): Promise<FeedGap | undefined> {
  const { rows } = await tx.query<Row>(
    `update feed_gap set closed_at = ${instant('$2')} where id = $1 and closed_at is null returning ${columns}`,
    [id, at],
  );
  return rows[0];
}
