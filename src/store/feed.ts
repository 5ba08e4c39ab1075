/** How far the events of each connection have been read, when it was last heard, and what is alarming about its ways in. */
import type { Instant } from '../model/clock.ts';
import type { Db, Tx } from './db.ts';
import type { Statement } from './statement.ts';

export interface Feed {
  readonly connection: string;
  /** Where to read on, in the provider's words; null before the first page. */
  readonly cursor: string | null;
  /** When the cursor was written. */
  readonly movedAt: Instant | null;
  /** When the provider last answered a poll, and last pushed something that was proven. */
  readonly polledAt: Instant | null;
  readonly pushedAt: Instant | null;
}

export interface FeedAlarm {
  readonly connection: string;
  readonly code: string;
  readonly raisedAt: Instant;
}

const instant = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;
const columns = `connection, cursor, moved_at as "movedAt", polled_at as "polledAt", pushed_at as "pushedAt"`;

/** Belongs into the transaction of what was read up to there. */
export function moveFeed(connection: string, cursor: string, at: Instant): Statement {
  return {
    name: 'feed-move',
    text: `insert into feed (connection, cursor, moved_at, polled_at) values ($1, $2, ${instant('$3')}, ${instant('$3')})
      on conflict (connection) do update set cursor = excluded.cursor, moved_at = excluded.moved_at, polled_at = excluded.polled_at`,
    values: [connection, cursor, at],
  };
}

/** Undefined for a connection of which nothing was ever heard. */
export async function readFeed(db: Db, connection: string): Promise<Feed | undefined> {
  return (await db.query<Feed & { [column: string]: unknown }>(`select ${columns} from feed where connection = $1`, [connection])).rows[0];
}

export async function listFeeds(db: Db): Promise<readonly Feed[]> {
  return (await db.query<Feed & { [column: string]: unknown }>(`select ${columns} from feed`)).rows;
}

/** Never goes back: of two processes that hear at once the later counts. */
export async function notePushed(db: Db, connection: string, at: Instant): Promise<void> {
  await db.query(
    `insert into feed (connection, pushed_at) values ($1, ${instant('$2')})
     on conflict (connection) do update set pushed_at = greatest(feed.pushed_at, excluded.pushed_at)`,
    [connection, at],
  );
}

const alarmAgainMs = 3_600_000;

/** Whether it is to be told: it begins, or lasts for another hour. One that ended after `at` is over. */
export async function raiseAlarm(tx: Tx, connection: string, code: string, at: Instant): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into feed_alarm (connection, code, raised_at, told_at) values ($1, $2, ${instant('$3')}, ${instant('$3')})
     on conflict (connection, code) do update set ended_at = null, told_at = excluded.told_at,
       raised_at = case when feed_alarm.ended_at is null then feed_alarm.raised_at else excluded.raised_at end
     where feed_alarm.ended_at < excluded.raised_at or (feed_alarm.ended_at is null and feed_alarm.told_at <= ${instant('$4')})`,
    [connection, code, at, at - alarmAgainMs],
  );
  return rowCount === 1;
}

/** Ends alarms that were last told before `before`; answers which. */
export async function endAlarms(
  db: Db,
  connection: string,
  codes: readonly string[],
  before: Instant,
  at: Instant,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ code: string }>(
    `update feed_alarm set ended_at = ${instant('$4')}
     where connection = $1 and code = any (string_to_array($2, ',')) and ended_at is null and told_at < ${instant('$3')} returning code`,
    [connection, codes.join(','), before, at],
  );
  return rows.map(({ code }) => code);
}

/** Those that last. */
export async function listAlarms(db: Db): Promise<readonly FeedAlarm[]> {
  const { rows } = await db.query<FeedAlarm & { [column: string]: unknown }>(
    `select connection, code, raised_at as "raisedAt" from feed_alarm where ended_at is null order by connection, raised_at`,
  );
  return rows;
}
