/** When each connection was last heard, what is missing of it, and what is alarming about it: for people who look. */
import type { HeardView } from '../server/index.ts';
import type { Db } from '../store/db.ts';
import { listAlarms, listFeeds } from '../store/feed.ts';
import { openGaps } from '../store/feed-gap.ts';

/** Read once, asked by connection. */
export async function readHeard(db: Db): Promise<(connection: string) => HeardView> {
  const [feeds, gaps, alarms] = [await listFeeds(db), await openGaps(db), await listAlarms(db)];
  return (connection) => {
    const feed = feeds.find((one) => one.connection === connection);
    return {
      pushedAt: feed?.pushedAt ?? null,
      polledAt: feed?.polledAt ?? null,
      cursorAt: feed?.movedAt ?? null,
      gaps: gaps.filter((gap) => gap.connection === connection).map(({ id, from, to, reason }) => ({ id, from, to, reason })),
      alarms: alarms.filter((alarm) => alarm.connection === connection).map(({ code, raisedAt }) => ({ code, since: raisedAt })),
    };
  };
}
