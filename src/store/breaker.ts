/** Breakers: which is open, opening and closing one, and what is counted to know whether one must open. */
import type { Instant } from '../model/clock.ts';
import type { Db, Tx } from './db.ts';
import { lowestId } from './partitions.ts';
import { joined } from './statement.ts';

export interface BreakerRow {
  readonly id: string;
  readonly condition: string;
  readonly detail: string;
  readonly openedAt: Instant;
  /** When it closes by itself. */
  readonly until: Instant;
  readonly closedAt: Instant | null;
  readonly closedBy: string | null;
}

const columns = `id, condition, detail, opened_at as "openedAt", until, closed_at as "closedAt", closed_by as "closedBy"`;
const instant = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;

export async function openBreaker(db: Db, at: Instant): Promise<BreakerRow | undefined> {
  const { rows } = await db.query<BreakerRow & { [column: string]: unknown }>({
    name: 'breaker-open',
    text: `select ${columns} from breaker where closed_at is null and until > ${instant('$1')} order by id desc limit 1`,
    values: [at],
  });
  return rows[0];
}

/** Newest first. */
export async function listBreakers(db: Db, limit: number): Promise<readonly BreakerRow[]> {
  const { rows } = await db.query<BreakerRow & { [column: string]: unknown }>(`select ${columns} from breaker order by id desc limit $1`, [
    limit,
  ]);
  return rows;
}

/** False where one is open already, or another process is about to open one. */
export async function insertBreaker(tx: Tx, row: Omit<BreakerRow, 'closedAt' | 'closedBy'>): Promise<boolean> {
  const { rows } = await tx.query<{ got: boolean }>(`select pg_try_advisory_xact_lock(hashtextextended('breaker', 0)) as got`);
  if (!rows[0]?.got || (await openBreaker(tx, row.openedAt)) !== undefined) return false;
  await tx.query(`insert into breaker (id, condition, detail, opened_at, until) values ($1, $2, $3, ${instant('$4')}, ${instant('$5')})`, [
    row.id,
    row.condition,
    row.detail,
    row.openedAt,
    row.until,
  ]);
  return true;
}

export async function closeBreaker(
  tx: Tx,
  close: { readonly id: string; readonly reason: string; readonly by: string; readonly at: Instant },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update breaker set closed_at = ${instant('$3')}, closed_by = $2, closed_reason = $4 where id = $1 and closed_at is null and until > ${instant('$3')}`,
    [close.id, close.by, close.at, close.reason],
  );
  return rowCount === 1;
}

/** Opened, and not yet told as a signal. */
export async function untoldBreakers(db: Db): Promise<readonly BreakerRow[]> {
  const { rows } = await db.query<BreakerRow & { [column: string]: unknown }>(
    `select ${columns} from breaker where told_at is null order by id limit 16`,
  );
  return rows;
}

export async function markTold(db: Db, id: string, at: Instant): Promise<void> {
  await db.query(`update breaker set told_at = ${instant('$2')} where id = $1`, [id, at]);
}

/** What lies before the end of the last breaker has been answered for; 0 where there was none. */
export async function lastBreakerEnd(db: Db): Promise<Instant> {
  const { rows } = await db.query<{ at: Instant | null }>(`select max(coalesce(closed_at, until)) as at from breaker`);
  return rows[0]?.at ?? 0;
}

export async function countLimitHits(db: Db, guards: readonly string[], since: Instant): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(distinct decision_id)::int as count from plan
     where id >= $1 and created_at > ${instant('$2')} and profile <> 'sandbox' and state = 'held' and held_for = any (string_to_array($3, ','))`,
    [lowestId(since), since, guards.join(',')],
  );
  return rows[0]?.count ?? 0;
}

/** Of the last plans that policies released, those that were undone or whose decision a person called false. */
export async function countWrong(db: Db, last: number, since: Instant): Promise<{ readonly plans: number; readonly wrong: number }> {
  const { rows } = await db.query<{ plans: number; wrong: number }>(
    `select count(*)::int as plans, (count(*) filter (where p.state = 'undone'
         or exists (select 1 from verdict v where v.decision_id = p.decision_id and v.verdict = 'false')))::int as wrong
     from (select id, decision_id, state from plan where id >= $2 and created_at > ${instant('$3')} and profile <> 'sandbox'
         and cause in ('risk', 'partner') and state in ('released', 'done', 'partial', 'failed', 'undone')
       order by id desc limit $1) p`,
    [last, lowestId(since), since],
  );
  return rows[0] ?? { plans: 0, wrong: 0 };
}

/** How the last actions ended at each connection. */
export async function countErrors(
  db: Db,
  connections: readonly string[],
  last: number,
  since: Instant,
): Promise<readonly { readonly connection: string; readonly calls: number; readonly errors: number }[]> {
  const { rows } = await db.query<{ connection: string; calls: number; errors: number }>(
    `select c.connection, count(l.state)::int as calls, (count(l.state) filter (where l.state in ('failed', 'unknown', 'unverified')))::int as errors
     from unnest(string_to_array($1, E'\\x1e')) as c(connection)
     left join lateral (select a.state from action a where a.connection = c.connection and a.id >= $3 and a.attempts > 0
       and a.finished_at > ${instant('$4')} and a.state <> 'intended' order by a.id desc limit $2) l on true
     group by c.connection`,
    [joined(connections), last, lowestId(since), since],
  );
  return rows;
}

export async function countPeopleAboveMedium(db: Db): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count from identity where held_level in ('high', 'critical') and merged_into is null`,
  );
  return rows[0]?.count ?? 0;
}
