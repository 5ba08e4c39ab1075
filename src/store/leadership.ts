/** Leadership among processes: a session lock, which PostgreSQL frees the moment its holder's connection ends. */
import { hash } from 'node:crypto';
import type pg from 'pg';
import type { Leadership } from '../ledger/contract.ts';
import type { Store } from './open.ts';

/** Of the space of two integers: the first says for what kind of thing, the second for which. */
export type AdvisoryLock = readonly [space: number, key: number];

const feedSpace = 0x466565;

/** Who reads the events of a connection. */
export function feedLock(connection: string): AdvisoryLock {
  return [feedSpace, hash('sha256', connection, 'buffer').readInt32BE()];
}

/** Holds the lock on a connection of its own, which is opened at the first `acquire` and opened again after a loss. */
export function createLeadership(store: Pick<Store, 'connect'>, [space, key]: AdvisoryLock): Leadership {
  let client: pg.Client | undefined;
  let held = false;
  const drop = async () => {
    const gone = client;
    client = undefined;
    held = false;
    await gone?.end().catch(() => {});
  };
  return {
    async acquire() {
      if (held) return true;
      if (client === undefined) {
        const fresh = await store.connect();
        // A lost connection is a lost lock.
        fresh.on('error', () => void (client === fresh && drop()));
        fresh.on('end', () => void (client === fresh && drop()));
        client = fresh;
      }
      const answer = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1, $2) as held', [space, key]);
      held = answer.rows[0]?.held === true;
      return held;
    },
    release: drop,
  };
}
