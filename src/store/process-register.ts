/**
 * The number of a running process, and the session lock that proves it lives: PostgreSQL frees the lock the moment the connection
 * ends, so claims of a killed process can be taken over within a second.
 */
import pg from 'pg';
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../model/log.ts';

/** Namespace of the process locks, the first number of a two-number advisory lock. */
export const processLockClass = 7301;

export interface ProcessRegistration {
  /** The number while the lock is held; undefined while the connection is lost. A new connection brings a new number. */
  current(): number | undefined;
  /** Frees the lock. Repeating it has no effect. */
  stop(): Promise<void>;
}

const reconnectMs = [100, 250, 500, 1_000, 2_000, 5_000];

/** Registers and holds the lock on a connection of its own until `stop`. Throws what the driver says if the first connection fails. */
export async function registerProcess(parts: {
  readonly connection: pg.ClientConfig;
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<ProcessRegistration> {
  let client: pg.Client | undefined;
  let number: number | undefined;
  let stopped = false;
  let timer: Timer | undefined;

  const reconnect = (attempt: number) => {
    if (stopped) return;
    timer = parts.clock.after(reconnectMs[Math.min(attempt, reconnectMs.length - 1)] as number, () => {
      connect().catch((error: unknown) => {
        parts.log.warn({ code: (error as { code?: unknown }).code ?? 'unknown' }, 'process.registrationFailed');
        reconnect(attempt + 1);
      });
    });
  };

  const connect = async () => {
    const next = new pg.Client({ ...parts.connection, keepAlive: true, application_name: `rescind process ${parts.name}` });
    const lose = () => {
      if (client !== next) return;
      client = undefined;
      number = undefined;
      parts.log.warn({}, 'process.registrationLost');
      reconnect(0);
    };
    next.on('error', lose);
    next.on('end', lose);
    try {
      await next.connect();
      const { rows } = await next.query<{ id: number }>(
        `insert into process (name, started_at) values ($1, to_timestamp($2::float8 / 1000)) returning id`,
        [parts.name, parts.clock.now()],
      );
      const id = rows[0]?.id as number;
      await next.query('select pg_advisory_lock($1, $2)', [processLockClass, id]);
      if (stopped) return await next.end();
      client = next;
      number = id;
    } catch (error) {
      await next.end().catch(() => {});
      throw error;
    }
  };

  await connect();
  return {
    current: () => number,
    async stop() {
      stopped = true;
      timer?.cancel();
      const held = client;
      client = undefined;
      number = undefined;
      await held?.end();
    },
  };
}
