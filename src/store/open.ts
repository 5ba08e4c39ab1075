/** Opens the database: the one that is named, or the embedded one of the data folder. */
import pg from 'pg';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { asStoreError, asTx, type Db, isUnavailable, sqlStateOf, type Tx } from './db.ts';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';
import { holdFolder, joinFolder, type OwnerLock } from './owner-lock.ts';
import { valueTypes } from './value-types.ts';

export interface Store extends Db {
  readonly pool: pg.Pool;
  /** For clients of one's own and for libraries that bring their own pool. Holds the password of a named database. */
  readonly connection: pg.ClientConfig;
  readonly embedded: boolean;
  /** True where the embedded server ran already. */
  readonly adoptedServer: boolean;
  /** One statement on the pool; a database that is away is `store.unavailable`, other failures keep their SQLSTATE. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: string | pg.QueryConfig,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>;
  /**
   * Runs `work` in one READ COMMITTED transaction: committed when it returns, rolled back when it throws. A commit that
   * PostgreSQL turned into a rollback (an error was swallowed inside) fails too. Never repeated by itself.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A connection outside the pool with the same value types; `pipeline` sends statements without waiting for answers. The caller ends it. */
  connect(options?: { readonly pipeline?: boolean }): Promise<pg.Client>;
  /** Ends the pool; the embedded server stops with its last user. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** `postgres://...`; absent: the embedded server of `dataDir`. */
  readonly url?: string;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** True for a service, which must be the only one on its folder; false for a command, which may run beside it. No meaning with `url`. */
  readonly hold: boolean;
  /** Server settings of the embedded server, by PostgreSQL's names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Connections of the pool. Default 16. */
  readonly poolSize?: number;
}

const startAttempts = 5;
const revivePauseMs = 250;
/** Generic plans from the first use: planning was most of a short statement's cost. */
const sessionOptions = [
  'plan_cache_mode=force_generic_plan',
  'timezone=UTC',
  'datestyle=ISO',
  'statement_timeout=30000',
  'lock_timeout=10000',
  'idle_in_transaction_session_timeout=60000',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/** Fails with `store.unavailable`, `.folderInUse`, `.folderClosed`, `.startFailed` or `.majorDiffers`; nothing is then left behind. */
export async function openStore(options: OpenOptions): Promise<Store> {
  if (options.url === undefined) return openEmbedded(options);
  const store = connectStore({ connection: { connectionString: options.url }, log: options.log, ...sizeOf(options) });
  try {
    await store.query('select 1');
    return store;
  } catch (error) {
    await store.close();
    if (error instanceof AppError) throw error;
    throw new AppError('store.unavailable', `the database refuses the connection (${sqlStateOf(error) ?? 'unknown reason'})`, {
      cause: error,
    });
  }
}

async function openEmbedded(options: OpenOptions): Promise<Store> {
  const { clock, log, hold } = options;
  const enter = ({ connection }: EmbeddedServer) =>
    hold ? holdFolder(connection, { dataDir: options.dataDir, clock }) : joinFolder(connection);
  let server: EmbeddedServer;
  let seat: OwnerLock;
  for (let attempt = 1; ; attempt++) {
    server = await startEmbedded({
      dataDir: options.dataDir,
      log,
      clock,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    });
    try {
      seat = await enter(server);
      break;
    } catch (error) {
      // A server that its last user was stopping went away under us: start one.
      if (!isAway(error) || attempt === startAttempts) throw error;
    }
  }

  let closing = false;
  let reviving: Promise<void> | undefined;
  /** The server died, or was restarted by PostgreSQL itself: have it run again, and take our seat back. */
  async function revive(): Promise<void> {
    log.error({ log: server.logTail() }, 'store.lost');
    while (!closing) {
      try {
        await server.revive();
        seat = await enter(server);
        watch();
        return;
      } catch (error) {
        log.error({ code: error instanceof AppError ? error.code : 'unknown' }, 'store.reviveFailed');
        await clock.sleep(revivePauseMs);
      }
    }
  }
  function watch(): void {
    if (!hold) return;
    seat.onLost(() => {
      if (!closing) reviving = revive();
    });
  }
  watch();

  return connectStore({
    connection: server.connection,
    log,
    ...sizeOf(options),
    embedded: {
      adopted: server.adopted,
      async close() {
        closing = true;
        await reviving;
        const isLast = await seat.release();
        if (isLast) await server.stop();
        await seat.end();
      },
    },
  });
}

function isAway(error: unknown): boolean {
  return (error instanceof AppError && error.code === 'store.unavailable') || isUnavailable(error);
}

function sizeOf(options: OpenOptions): { poolSize?: number } {
  return options.poolSize === undefined ? {} : { poolSize: options.poolSize };
}

/** A store on a database that runs; nothing is asked of it until the first statement. */
export function connectStore(options: {
  readonly connection: pg.ClientConfig;
  readonly log: Log;
  readonly poolSize?: number;
  readonly embedded?: { readonly adopted: boolean; close(): Promise<void> };
}): Store {
  const { log, embedded } = options;
  const connection: pg.ClientConfig = { ...withSessionOptions(options.connection), application_name: 'rescind', keepAlive: true };
  const ours: pg.ClientConfig = { ...connection, types: valueTypes, connectionTimeoutMillis: 5_000 };
  // Pipelined, so that statements of one transaction that are asked for together go out together, `begin` with the first of them.
  const pool = new pg.Pool({ ...ours, pipeline: true, max: options.poolSize ?? 16, idleTimeoutMillis: 60_000 });
  pool.on('error', (error) => log.warn({ code: sqlStateOf(error) ?? 'connection' }, 'store.connectionLost'));
  let closed: Promise<void> | undefined;

  return {
    pool,
    connection,
    embedded: embedded !== undefined,
    adoptedServer: embedded?.adopted ?? false,
    async query(query, values) {
      try {
        return await pool.query(query, values);
      } catch (error) {
        throw asStoreError(error);
      }
    },
    async transaction(work) {
      let client: pg.PoolClient | undefined;
      let broken: Error | undefined;
      const onError = (error: Error) => {
        broken = error;
      };
      try {
        client = await pool.connect();
        client.on('error', onError);
        const [, result] = await Promise.all([client.query('begin isolation level read committed'), work(asTx(client))]);
        const { command } = await client.query('commit');
        if (command !== 'COMMIT') throw new AppError('internal', 'the transaction was rolled back: a statement had failed in it');
        return result;
      } catch (error) {
        if (isUnavailable(error)) broken ??= error as Error;
        await client?.query('rollback').catch((failure: Error) => {
          broken ??= failure;
        });
        throw asStoreError(error);
      } finally {
        client?.off('error', onError);
        client?.release(broken);
      }
    },
    async connect({ pipeline = false } = {}) {
      const client = new pg.Client({ ...ours, pipeline });
      client.on('error', (error) => log.warn({ code: sqlStateOf(error) ?? 'connection' }, 'store.connectionLost'));
      try {
        await client.connect();
        return client;
      } catch (error) {
        await client.end().catch(() => {});
        throw asStoreError(error);
      }
    },
    close() {
      closed ??= (async () => {
        await pool.end();
        await embedded?.close();
      })();
      return closed;
    },
  };
}

/** Ours first, the address's own `options` after them, so that an operator can raise a time limit there. */
function withSessionOptions(connection: pg.ClientConfig): pg.ClientConfig {
  if (connection.connectionString === undefined)
    return { ...connection, options: [sessionOptions, connection.options].filter(Boolean).join(' ') };
  let url: URL;
  try {
    url = new URL(connection.connectionString);
  } catch {
    return { ...connection, options: sessionOptions };
  }
  url.searchParams.set('options', [sessionOptions, url.searchParams.get('options')].filter(Boolean).join(' '));
  // The driver reads a plus sign in the query as itself, not as a space.
  return { ...connection, connectionString: url.toString().replaceAll('+', '%20') };
}
