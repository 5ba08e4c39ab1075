/**
 * The embedded PostgreSQL: its programs under a supervisor of ours. It listens on a socket in a 0700 folder and nowhere else,
 * outlives a parent that was killed, and is then taken over instead of started a second time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { isUnavailable, sqlStateOf } from './db.ts';
import { findBinaries } from './embedded-binaries.ts';
import { createDatabaseFolder, createOwnFolder, embeddedUser, hasDatabase, serverEnvironment } from './embedded-folder.ts';
import { chooseUser, commandAs } from './embedded-user.ts';
import { isAlive, isPrivateFolder, lockHolder, recordedSocketFolder, removeLock, socketName, socketPort } from './postmaster.ts';
import { readTail, rotateLog } from './server-log.ts';

export interface EmbeddedConnection {
  /** The socket's folder. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly ssl: false;
}

export interface EmbeddedServer {
  readonly connection: EmbeddedConnection;
  /** True where the server ran already. */
  readonly adopted: boolean;
  /** Starts the server again where it died, or takes over the one that runs; does nothing while it answers. */
  revive(): Promise<void>;
  /** Ends all connections and stops the server, adopted or not; returns when it has gone. */
  stop(): Promise<void>;
  /** The last lines that the server wrote; no statement and no value of one is in there. */
  logTail(): string;
}

export interface EmbeddedOptions {
  /** Rescind's own data folder; PostgreSQL's is `pg` inside it. Created where it is missing. */
  readonly dataDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Server settings over ours, by PostgreSQL's names. Anything but `fsync=on` is for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long a server that does not answer at all is waited for; crash recovery has ten minutes. Default 20,000. */
  readonly startTimeoutMs?: number;
}

const databaseName = 'rescind';
const defaultStartTimeoutMs = 20_000;
const recoveryTimeoutMs = 600_000;
const stopTimeoutMs = 60_000;
const pollMs = 25;
const emptyLockPatienceMs = 1_000;
/** The longest path of a Unix socket that Linux takes, without its closing NUL. */
const socketPathLimit = 107;

/** Below level LOG nothing is written: an error's text can hold what a client sent. Clients get their errors themselves. */
const baseSettings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(socketPort),
  unix_socket_permissions: '0700',
  shared_buffers: '128MB',
  max_connections: '60',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
};

/** Starts the server of a data folder, or takes over the one that runs there. Fails with `store.startFailed`, `.folderClosed`, `.majorDiffers`. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { log, clock, settings = {}, startTimeoutMs = defaultStartTimeoutMs } = options;
  await createOwnFolder(options.dataDir).catch((error: unknown) => {
    throw new AppError(
      'store.startFailed',
      `the data folder ${resolve(options.dataDir)} cannot be made (${(error as NodeJS.ErrnoException).code})`,
      { cause: error },
    );
  });
  const ownFolder = await realpath(options.dataDir);
  const dataFolder = join(ownFolder, 'pg');
  const logFile = join(ownFolder, 'pg.log');
  const binaries = await findBinaries();
  const runAs = await chooseUser([binaries.initdb, binaries.postgres], ownFolder, dataFolder);
  const socketOwner = runAs.kind === 'user' ? runAs.uid : (process.getuid?.() ?? 0);
  const lockFiles = [join(dataFolder, 'postmaster.pid'), join(dataFolder, `${socketName}.lock`)];
  if (!(await hasDatabase(dataFolder, binaries))) {
    await createDatabaseFolder(ownFolder, binaries, runAs, settings.fsync !== 'off');
    await hasDatabase(dataFolder, binaries);
  }

  let child: ChildProcess | undefined;
  let spawnError: Error | undefined;
  let logStart = 0;
  let shortFolder: string | undefined;

  const at = (host: string): EmbeddedConnection => ({ host, port: socketPort, user: embeddedUser, database: databaseName, ssl: false });

  /** Where a server of this folder has its socket, or will have it. A recorded folder that others could have made is not believed. */
  async function socketFolder(): Promise<string> {
    if (Buffer.byteLength(join(dataFolder, socketName)) <= socketPathLimit) return dataFolder;
    const recorded = await recordedSocketFolder(dataFolder);
    if (recorded !== undefined && (await isPrivateFolder(recorded, socketOwner))) shortFolder = recorded;
    else if (shortFolder === undefined || !(await isPrivateFolder(shortFolder, socketOwner))) {
      shortFolder = await mkdtemp(join(tmpdir(), 'rescind-'));
      if (runAs.kind === 'user') await chown(shortFolder, runAs.uid, runAs.gid);
    }
    return shortFolder;
  }

  function launch(host: string): void {
    rotateLog(logFile);
    const logFd = openSync(logFile, 'a', 0o600);
    logStart = fstatSync(logFd).size;
    const all = { ...baseSettings, unix_socket_directories: `"${host.replaceAll('"', '""')}"`, ...settings };
    const command = commandAs(runAs, binaries.postgres, [
      '-D',
      dataFolder,
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    spawnError = undefined;
    // A session of its own, so that Ctrl-C in a terminal does not reach it; a file, not a pipe, so that it can outlive us.
    const started = spawn(command.file, command.args, {
      cwd: '/',
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', logFd, logFd],
      ...command.options,
    });
    started.on('error', (error) => {
      spawnError = error;
    });
    started.unref();
    closeSync(logFd);
    child = started;
  }

  const childEnded = () => child !== undefined && (spawnError !== undefined || child.exitCode !== null || child.signalCode !== null);
  const tail = () => readTail(logFile, logStart);
  const failed = (why: string) => new AppError('store.startFailed', tail() === '' ? why : `${why}; the last lines of its log:\n${tail()}`);

  /** Removes locks that PostgreSQL would believe although no server stands behind them; says whether a server does. */
  async function clearLocks(emptyForMs: number): Promise<'free' | 'held' | 'empty'> {
    let verdict: 'free' | 'held' | 'empty' = 'free';
    for (const file of lockFiles) {
      const holder = await lockHolder(file, dataFolder);
      if (holder.kind === 'server') return 'held';
      if (holder.kind === 'stranger') await removeLock(file, holder.text);
      if (holder.kind === 'empty') {
        if (emptyForMs >= emptyLockPatienceMs) await removeLock(file, '');
        else verdict = 'empty';
      }
    }
    return verdict;
  }

  /** Answers whether the server ran already. */
  async function bringUp(): Promise<boolean> {
    const startedAt = clock.elapsedMs();
    let emptySince: number | undefined;
    let launched = false;
    let recovering = false;
    for (;;) {
      const host = await socketFolder();
      const answer = await tryConnect({ ...at(host), database: 'postgres' });
      if (answer === 'up') return !launched || childEnded();
      const waitedMs = clock.elapsedMs() - startedAt;
      if (answer === 'starting') {
        if (!recovering && waitedMs > 2_000) {
          recovering = true;
          log.info({ dataFolder }, 'store.recovering');
        }
        if (waitedMs > recoveryTimeoutMs) throw failed('PostgreSQL did not finish its recovery in time');
      } else {
        if (launched && childEnded()) {
          if (spawnError !== undefined) throw failed(`PostgreSQL could not be run (${(spawnError as NodeJS.ErrnoException).code})`);
          if (!anotherStartWon(tail())) throw failed('PostgreSQL ended while it started');
          launched = false;
        }
        if (!launched) {
          const verdict = await clearLocks(emptySince === undefined ? 0 : clock.elapsedMs() - emptySince);
          if (verdict === 'empty') emptySince ??= clock.elapsedMs();
          if (verdict === 'free') {
            emptySince = undefined;
            launch(host);
            launched = true;
          }
        }
        if (waitedMs > startTimeoutMs) throw failed(`PostgreSQL did not answer within ${startTimeoutMs} ms`);
      }
      await clock.sleep(pollMs);
    }
  }

  const adopted = await bringUp();
  const host = await socketFolder();
  await createDatabase(at(host));
  log.info({ adopted, dataFolder }, 'store.started');

  return {
    connection: at(host),
    adopted,
    async revive() {
      const answered = await bringUp();
      if (!answered) log.warn({ dataFolder }, 'store.restarted');
    },
    async stop() {
      const holder = await lockHolder(lockFiles[0] as string, dataFolder);
      if (holder.kind === 'server') {
        await end(holder.pid, clock);
      }
      if (shortFolder !== undefined) await rm(shortFolder, { recursive: true, force: true });
      log.info({ dataFolder }, 'store.stopped');
    },
    logTail: tail,
  };
}

/** Fast shutdown (what pg_ctl sends for it), and where that does not end in time, an immediate one. */
async function end(pid: number, clock: Clock): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const sentAt = clock.elapsedMs();
    while (clock.elapsedMs() - sentAt < stopTimeoutMs) {
      if (!(await isAlive(pid))) return;
      await clock.sleep(pollMs);
    }
  }
  throw new AppError('internal', `PostgreSQL (process ${pid}) does not stop`);
}

async function tryConnect(connection: pg.ClientConfig): Promise<'up' | 'starting' | 'down'> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return 'up';
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === '57P03') return 'starting';
    if (state === '53300') return 'up';
    if (isUnavailable(error) || state === undefined) return 'down';
    throw new AppError('store.startFailed', `PostgreSQL refuses the connection (${state})`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(connection: EmbeddedConnection): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [connection.database]);
    if (rowCount === 0) await client.query(`create database ${connection.database}`);
  } catch (error) {
    // Another start was quicker: duplicate_database, or unique_violation in the same instant.
    if (!['42P04', '23505'].includes(sqlStateOf(error) ?? ''))
      throw new AppError('store.startFailed', `the database cannot be made: ${(error as Error).message}`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

/** Endings of a start that are no fault of the folder: a server is coming up, or the workers of a killed one are still going. */
function anotherStartWon(tail: string): boolean {
  return /lock file ".*" already exists|pre-existing shared memory block|lock file ".*" is empty|could not open lock file|could not create lock file ".*": File exists/.test(
    tail,
  );
}
