/** The connections on which batches are settled: as many as batches at once, made again after they broke. */
import type pg from 'pg';
import { AppError } from '../model/errors.ts';
import type { Store } from './open.ts';
import { createSettleSession, type SettleSession } from './settle-session.ts';
import { createGroupRunner, type RunGroup } from './statement-group.ts';

export interface SettleConnection {
  /**
   * Runs `work` in a transaction that it commits itself; rolls back on what it throws. A broken connection is `store.unavailable`,
   * whether or not a commit in flight took effect: the door's keys tell when the batch comes again.
   */
  transaction<T>(work: (session: SettleSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Made {
  readonly client: pg.Client;
  readonly run: RunGroup;
  broken: boolean;
}

export function createSettleConnection(store: Pick<Store, 'connect'>): SettleConnection {
  const idle: Made[] = [];

  async function connected(): Promise<Made> {
    for (let made = idle.pop(); made !== undefined; made = idle.pop()) if (!made.broken) return made;
    const client = await store.connect();
    // Everything here is found by its key. Left to itself, the planner reads the tables of a small organisation from end to end.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    const made: Made = { client, run: createGroupRunner(client), broken: false };
    for (const event of ['error', 'end'] as const) {
      client.on(event, () => {
        made.broken = true;
      });
    }
    return made;
  }

  return {
    async transaction(work) {
      const made = await connected();
      const session = createSettleSession(made.run);
      try {
        const result = await work(session);
        idle.push(made);
        return result;
      } catch (error) {
        if (isLost(error) || made.broken) {
          made.broken = true;
          made.client.end().catch(() => undefined);
          throw new AppError('store.unavailable', 'the connection to the database broke', { cause: error });
        }
        await session.rollback().catch(() => {
          made.broken = true;
        });
        idle.push(made);
        throw error;
      }
    },
    async close() {
      await Promise.all(idle.splice(0).map((made) => made.client.end()));
    },
  };
}

/** Errors after which the connection is of no use: no SQLSTATE at all, class 08, or a server that goes away (57P). */
function isLost(error: unknown): boolean {
  if (error instanceof AppError) return false;
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (code === undefined)
    return /Connection terminated|Client has encountered a connection error|not queryable|client was closed/i.test(error.message);
  return typeof code === 'string' && (/^(08|57P)/.test(code) || /^E[A-Z]+$/.test(code));
}
