/** What is wrong with a connection's ways in: raised once, told to people, counted, shown until it is over. */
import type { Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Tx } from '../store/db.ts';
import { endAlarms, raiseAlarm } from '../store/feed.ts';
import type { Store } from '../store/open.ts';
import type { Metrics } from './metrics.ts';
import type { Telling } from './telling.ts';

/** `hook.*`: pushed events stay away, or will. `poll.failing`: nothing is heard at all. `credential.elsewhere`: see `confirmations.ts`. */
export type FeedAlarmCode = 'hook.nearLimit' | 'hook.ended' | 'hook.silent' | 'poll.failing' | 'credential.elsewhere';

export interface FeedAlarms {
  /** At the instant that it began; with `tx`, together with what brings it up. One that lasts is told again at most each hour. */
  raise(connection: string, code: FeedAlarmCode, at: Instant, tx?: Tx): Promise<void>;
  /** Ends those that were last told before `before`. */
  end(connection: string, codes: readonly FeedAlarmCode[], before: Instant): Promise<void>;
}

/** Access is at stake now, and not only later. */
const paging: ReadonlySet<FeedAlarmCode> = new Set<FeedAlarmCode>(['hook.ended', 'poll.failing', 'credential.elsewhere']);

export function createFeedAlarms(parts: {
  readonly store: Store;
  readonly telling: Pick<Telling, 'tell'>;
  readonly metrics: Pick<Metrics, 'alarmed'>;
  readonly clock: { now(): Instant };
  readonly log: Log;
}): FeedAlarms {
  const { store, telling, metrics, clock, log } = parts;
  return {
    async raise(connection, code, at, given) {
      const write = async (tx: Tx) => {
        if (!(await raiseAlarm(tx, connection, code, at))) return false;
        const data = { connection, code, ...(paging.has(code) ? { page: true as const } : {}) };
        await telling.tell(tx, [{ type: 'feed.alarm', about: null, data, people: [] }], clock.now());
        return true;
      };
      const told = await (given === undefined ? store.transaction(write) : write(given));
      if (!told) return;
      metrics.alarmed(connection, code);
      log.error({ connection, code }, 'feed.alarm');
    },
    async end(connection, codes, before) {
      for (const code of await endAlarms(store, connection, codes, before, clock.now())) log.info({ connection, code }, 'feed.alarmEnded');
    },
  };
}
