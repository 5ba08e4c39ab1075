/**
 * Databases for tests and benches: one embedded server a run (without fsync), started by whoever asks first, and a clone of a
 * migrated template for each test file. Nothing is started for runs that never ask.
 */
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { silentLog } from '../../src/model/log.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { connectStore, type Store } from '../../src/store/open.ts';
import { systemClock } from './system-clock.ts';

export interface TestDatabase {
  readonly store: Store;
  readonly connection: pg.ClientConfig;
  readonly name: string;
  /** Closes the store, ends every other connection and drops the database. */
  drop(): Promise<void>;
}

export interface TestServer {
  /** A fresh database with the whole schema and no rows. */
  database(): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/** Names the folder of the run's server to the processes that run test files. */
export const folderVariable = 'RESCIND_TEST_SERVER';
const template = 'template_rescind';
const templateLock = 7_265_001;
let cloneCount = 0;
let shared: Promise<TestServer> | undefined;

/** A migrated database of one's own, on the server of this test run. */
export async function testDatabase(): Promise<TestDatabase> {
  shared ??= startTestServer(process.env[folderVariable]);
  return (await shared).database();
}

/** Outside vitest: a server of one's own. `settings` by PostgreSQL's names; a bench that measures commits passes `{ fsync: 'on' }`. */
export async function startTestServer(folder?: string, settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const dataDir = folder ?? makeServerFolder();
  const server = await startEmbedded({
    dataDir,
    log: silentLog,
    clock: systemClock,
    settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '200', ...settings },
    startTimeoutMs: 60_000,
  });
  await makeTemplate(server);
  return {
    database: () => clone(server),
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A folder below the system's own for temporary files that the database's user can reach also where we are root. */
export function makeServerFolder(prefix = `rescind-test-${process.pid}-`): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711);
  return folder;
}

async function makeTemplate(server: EmbeddedServer): Promise<void> {
  await administer(server, async (client) => {
    await client.query('select pg_advisory_lock($1)', [templateLock]);
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1 and datistemplate', [template]);
    if (rowCount === 1) return;
    await client.query(`drop database if exists ${template} with (force)`);
    await client.query(`create database ${template}`);
    const store = connectStore({ connection: { ...server.connection, database: template }, log: silentLog });
    try {
      await migrate(store);
    } finally {
      await store.close();
    }
    await client.query(`alter database ${template} is_template true`);
  });
}

async function clone(server: EmbeddedServer): Promise<TestDatabase> {
  const name = `t${process.pid}_${++cloneCount}`;
  await administer(server, async (client) => {
    await client.query('select pg_advisory_lock($1)', [templateLock]);
    await client.query(`create database ${name} template ${template}`);
  });
  const connection = { ...server.connection, database: name };
  const store = connectStore({ connection, log: silentLog, poolSize: 8 });
  return {
    store,
    connection,
    name,
    async drop() {
      await store.close();
      await administer(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function administer(server: EmbeddedServer, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ ...server.connection, database: 'postgres' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
