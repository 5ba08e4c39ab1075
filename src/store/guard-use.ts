/** Uses of guards' counters, as far back as any window reaches. */
import type { Instant } from '../model/clock.ts';
import type { Db } from './db.ts';

/** The longest window that a guard or a policy may have. */
const keptMs = 90 * 86_400_000;

/** Deletes what no window reaches any more, except where a limit waits for somebody to judge it; answers how many. */
export async function sweepGuardUses(db: Db, at: Instant): Promise<number> {
  const { rowCount } = await db.query(
    `delete from guard_use where at <= to_timestamp($1::float8 / 1000) and scope not in (select scope from limit_hit where judged_at is null)`,
    [at - keptMs],
  );
  await db.query(`delete from limit_hit where judged_at <= to_timestamp($1::float8 / 1000)`, [at - keptMs]);
  return rowCount ?? 0;
}
