/**
 * Who uses a data folder: advisory locks on a connection of their own, so that a killed process frees them at once. One process
 * owns the folder; any number take part, and the last to leave stops the server.
 */
import pg from 'pg';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import { asStoreError } from './db.ts';
import { livingOwner, removeOwner, writeOwner } from './owner-file.ts';

/** First half of every advisory lock of this file; the second says which. */
const lockSpace = 0x7265_7363;
const ownerLock = 1;
const guestLock = 2;
const patienceMs = 3_000;
const pollMs = 50;

export interface OwnerLock {
  /** Called once when the connection, and with it the lock, is lost without `release`; at once where it has gone already. */
  onLost(callback: () => void): void;
  /** Gives the folder up. Answers whether nobody else takes part any more; until `end`, nobody else can then join. */
  release(): Promise<boolean>;
  end(): Promise<void>;
}

export interface HoldOptions {
  readonly dataDir: string;
  readonly clock: Clock;
}

/** Takes the folder for this process. Held by another for 3 s: `store.folderInUse`, naming its process. */
export async function holdFolder(connection: pg.ClientConfig, { dataDir, clock }: HoldOptions): Promise<OwnerLock> {
  const seat = await take(connection, `rescind owner ${process.pid}`, async (client) => {
    const startedAt = clock.elapsedMs();
    for (;;) {
      const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', [lockSpace, ownerLock]);
      const living = await livingOwner(dataDir);
      // One whose server just died has lost its lock and comes back for it.
      if (rows[0]?.taken && (living === undefined || living === process.pid)) return writeOwner(dataDir);
      if (rows[0]?.taken) await client.query('select pg_advisory_unlock($1, $2)', [lockSpace, ownerLock]);
      if (clock.elapsedMs() - startedAt > patienceMs) throw await folderInUse(client, living);
      await clock.sleep(pollMs);
    }
  });
  return {
    ...seat,
    async release() {
      await removeOwner(dataDir);
      return seat.release();
    },
  };
}

/** Takes part without owning: a command beside a running service. */
export function joinFolder(connection: pg.ClientConfig): Promise<OwnerLock> {
  return take(connection, `rescind guest ${process.pid}`, async () => {});
}

async function take(connection: pg.ClientConfig, name: string, own: (client: pg.Client) => Promise<void>): Promise<OwnerLock> {
  const client = new pg.Client({ ...connection, application_name: name, keepAlive: true, connectionTimeoutMillis: 5_000 });
  let released = false;
  let lost = false;
  let tell: (() => void) | undefined;
  const lose = () => {
    if (lost || released) return;
    lost = true;
    tell?.();
  };
  client.on('error', lose);
  client.on('end', lose);
  try {
    await client.connect();
    await own(client);
    // Waits while a server is being stopped; the connection is then lost, and the caller starts one anew.
    await client.query('select pg_advisory_lock_shared($1, $2)', [lockSpace, guestLock]);
  } catch (error) {
    released = true;
    await client.end().catch(() => {});
    throw asStoreError(error);
  }
  return {
    onLost(callback) {
      if (lost) callback();
      else tell = callback;
    },
    async release() {
      released = true;
      if (lost) return false;
      try {
        await client.query('select pg_advisory_unlock_shared($1, $2)', [lockSpace, guestLock]);
        const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', [lockSpace, guestLock]);
        return rows[0]?.taken ?? false;
      } catch {
        return false;
      }
    },
    async end() {
      released = true;
      await client.end().catch(() => {});
    },
  };
}

async function folderInUse(client: pg.Client, living: number | undefined): Promise<AppError> {
  const { rows } = await client.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.classid = $1::oid and l.objid = $2::oid and l.granted limit 1`,
    [lockSpace, ownerLock],
  );
  const pid = living ?? /^rescind owner (\d+)$/.exec(rows[0]?.name ?? '')?.[1];
  return new AppError(
    'store.folderInUse',
    pid === undefined ? 'the data folder is in use by another process' : `the data folder is in use by process ${pid}`,
  );
}
