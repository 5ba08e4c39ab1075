/** Setting and ending a pause. Claims see it from the commit on. */
import type { Instant } from '../model/clock.ts';
import type { PauseScope } from '../model/pause.ts';
import type { Db } from './db.ts';

export async function setPause(
  db: Db,
  pause: { readonly id: string; readonly scope: PauseScope; readonly reason: string; readonly setBy: string; readonly setAt: Instant },
): Promise<void> {
  await db.query(`insert into pause (id, scope, reason, set_by, set_at) values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000))`, [
    pause.id,
    JSON.stringify(pause.scope),
    pause.reason,
    pause.setBy,
    pause.setAt,
  ]);
}

/** Ends a running pause; false where it is not running. */
export async function endPause(
  db: Db,
  end: { readonly id: string; readonly endedBy: string; readonly endedAt: Instant },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update pause set ended_at = to_timestamp($2::float8 / 1000), ended_by = $3 where id = $1 and ended_at is null`,
    [end.id, end.endedAt, end.endedBy],
  );
  return rowCount === 1;
}
