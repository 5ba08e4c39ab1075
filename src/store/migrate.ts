/** Brings the schema up to what this version of the code knows. Forward only; several processes may ask at once. */
import { Kysely, PostgresDialect } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { AppError } from '../model/errors.ts';
import { asStoreError, sqlStateOf } from './db.ts';
import { migrations as allMigrations } from './migrations/index.ts';
import type { Store } from './open.ts';

export interface MigrationReport {
  /** Names of the steps that this call took; empty where another process was quicker or nothing was to do. */
  readonly applied: readonly string[];
  /** The newest step of the database now. */
  readonly current: string;
}

export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Steps that only a newer version knows. */
  readonly unknown: readonly string[];
}

type Migrations = Readonly<Record<string, Migration>>;

/** Takes every pending step, each in the one transaction of all. A database of a newer version: `store.schemaNewer`, untouched. */
export async function migrate(
  store: Pick<Store, 'connection' | 'query'>,
  migrations: Migrations = allMigrations,
): Promise<MigrationReport> {
  refuseNewer(await migrationStatus(store, migrations));
  // Connections of their own: a step may take longer than the limits of everyday statements. Kysely takes an advisory lock.
  const pool = new pg.Pool({
    ...store.connection,
    max: 2,
    application_name: 'rescind migrate',
    onConnect: (client) => client.query('set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0'),
  });
  pool.on('error', () => {});
  const database = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...migrations }) } });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) {
      refuseNewer(await migrationStatus(store, migrations));
      throw error;
    }
    const applied = (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
    return { applied, current: newest(Object.keys(migrations)) };
  } catch (error) {
    throw asStoreError(error);
  } finally {
    await database.destroy();
  }
}

/** Reads only; an empty database has everything pending. */
export async function migrationStatus(store: Pick<Store, 'query'>, migrations: Migrations = allMigrations): Promise<MigrationStatus> {
  const applied = await readApplied(store);
  const known = Object.keys(migrations).sort();
  return { applied, pending: known.filter((name) => !applied.includes(name)), unknown: applied.filter((name) => !known.includes(name)) };
}

async function readApplied(store: Pick<Store, 'query'>): Promise<readonly string[]> {
  try {
    return (await store.query<{ name: string }>('select name from kysely_migration order by name')).rows.map((row) => row.name);
  } catch (error) {
    if (sqlStateOf(error) === '42P01') return [];
    throw error;
  }
}

function refuseNewer(status: MigrationStatus): void {
  if (status.unknown.length === 0) return;
  const known = newest(status.applied.filter((name) => !status.unknown.includes(name)).concat(status.pending));
  throw new AppError(
    'store.schemaNewer',
    `the database is at schema ${newest(status.unknown)}, this version knows ${known} at most: run the version that wrote it, or restore the backup made before the upgrade`,
  );
}

function newest(names: readonly string[]): string {
  return [...names].sort().at(-1) ?? 'none';
}
