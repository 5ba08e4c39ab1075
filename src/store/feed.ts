/** How far the events of each connection have been read, and when it was last heard. */
import type { Instant } from '../model/clock.ts';
import type { Db } from './db.ts';
import type { Statement } from './statement.ts';

export interface Feed {
  /** Where to read on, in the provider's words; null before the first page. */
  readonly cursor: string | null;
  readonly polledAt: Instant | null;
  readonly pushedAt: Instant | null;
}

const instant = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;

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
  const { rows } = await db.query<Feed>(`select cursor, polled_at as "polledAt", pushed_at as "pushedAt" from feed where connection = $1`, [
    connection,
  ]);
  return rows[0];
}

/** The provider answered, though it had nothing new. */
export async function notePolled(db: Db, connection: string, at: Instant): Promise<void> {
  await db.query(
    `insert into feed (connection, polled_at) values ($1, ${instant('$2')}) on conflict (connection) do update set polled_at = excluded.polled_at`,
    [connection, at],
  );
}

export async function notePushed(db: Db, connection: string, at: Instant): Promise<void> {
  await db.query(
    `insert into feed (connection, pushed_at) values ($1, ${instant('$2')}) on conflict (connection) do update set pushed_at = excluded.pushed_at`,
    [connection, at],
  );
}
