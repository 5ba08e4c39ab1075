/** Setting and ending a pause. From the commit on no intention that it covers is recorded any more, in any process. */
import type { Instant } from '../model/clock.ts';
import type { Pause, PauseScope } from '../model/pause.ts';
import type { Db, Tx } from './db.ts';
import { takePauseLock } from './pause-lock.ts';

export async function setPause(
  tx: Tx,
  pause: {
    readonly id: string;
    readonly scope: PauseScope;
    readonly reason: string;
    readonly setBy: string;
    readonly setAt: Instant;
    readonly until?: Instant | null;
  },
): Promise<void> {
  await takePauseLock(tx);
  await tx.query(
    `insert into pause (id, scope, reason, set_by, set_at, until)
     values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000))`,
    [pause.id, JSON.stringify(pause.scope), pause.reason, pause.setBy, pause.setAt, pause.until ?? null],
  );
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

/** Notes who would end it, for a second one to agree. */
export async function askToResume(db: Db, ask: { readonly id: string; readonly by: string; readonly at: Instant }): Promise<void> {
  await db.query(`update pause set asked_by = $2, asked_at = to_timestamp($3::float8 / 1000) where id = $1 and ended_at is null`, [
    ask.id,
    ask.by,
    ask.at,
  ]);
}

/** Running pauses whose time is up. */
export async function duePauses(db: Db, at: Instant): Promise<readonly Pause[]> {
  const { rows } = await db.query<PauseColumns>(
    `select id, scope, set_at as since from pause where ended_at is null and until <= to_timestamp($1::float8 / 1000) order by id`,
    [at],
  );
  return rows.map(pauseOf);
}

/** Running pauses of which nobody was told for so long; they count as told from here on. */
export async function takeReminders(tx: Tx, at: Instant, everyMs: number): Promise<readonly Pause[]> {
  const { rows } = await tx.query<PauseColumns>({
    name: 'pause-remind',
    text: `update pause set reminded_at = to_timestamp($1::float8 / 1000)
      where ended_at is null and coalesce(reminded_at, set_at) <= to_timestamp(($1::float8 - $2::float8) / 1000)
      returning id, scope, set_at as since`,
    values: [at, everyMs],
  });
  return rows.map(pauseOf);
}

interface PauseColumns {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly scope: string;
  readonly since: Instant;
}

function pauseOf({ id, scope, since }: PauseColumns): Pause {
  return { id, scope: JSON.parse(scope) as PauseScope, since };
}
