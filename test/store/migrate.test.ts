import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { afterEach, expect, test } from 'vitest';
import { migrate, migrationStatus } from '../../src/store/migrate.ts';
import { migrations } from '../../src/store/migrations/index.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const made: TestDatabase[] = [];
afterEach(async () => {
  for (const database of made.splice(0)) await database.drop();
});

async function fresh(): Promise<TestDatabase['store']> {
  const database = await testDatabase();
  made.push(database);
  return database.store;
}

const names = Object.keys(migrations).sort();
const step = (statement: string): Migration => ({ up: async (db) => void (await sql.raw(statement).execute(db)) });
const later: Record<string, Migration> = { ...migrations, '9000-later': step('create table later (n int)') };

test('a migrated database has nothing pending, and migrating it again does nothing', async () => {
  const store = await fresh();
  expect(await migrationStatus(store)).toEqual({ applied: names, pending: [], unknown: [] });
  expect(await migrate(store)).toEqual({ applied: [], current: names.at(-1) });
});

test('a pending step is taken once and reported', async () => {
  const store = await fresh();
  expect((await migrationStatus(store, later)).pending).toEqual(['9000-later']);
  expect(await migrate(store, later)).toEqual({ applied: ['9000-later'], current: '9000-later' });
  expect((await store.query('select 1 from later')).rowCount).toBe(0);
});

test('two processes that migrate at once take each step once, and neither fails', async () => {
  const store = await fresh();
  const slow = { ...migrations, '9000-later': step('create table later as select pg_sleep(0.2)::text as slept') };
  const reports = await Promise.all([migrate(store, slow), migrate(store, slow)]);
  expect(reports.flatMap((report) => report.applied)).toEqual(['9000-later']);
});

test('two processes that migrate an empty database at once make it once', async () => {
  const store = await fresh();
  await store.query('drop schema public cascade');
  await store.query('create schema public');
  expect((await migrationStatus(store)).pending).toEqual(names);
  const reports = await Promise.all([migrate(store), migrate(store)]);
  expect(reports.flatMap((report) => report.applied).sort()).toEqual(names);
});

test('a database of a newer version is refused, both versions are named, and nothing is changed', async () => {
  const store = await fresh();
  await migrate(store, later);
  await expect(migrate(store)).rejects.toMatchObject({
    code: 'store.schemaNewer',
    detail: expect.stringMatching(new RegExp(`schema 9000-later.*knows ${names.at(-1)} at most`)),
  });
  expect((await migrationStatus(store)).unknown).toEqual(['9000-later']);
});

test('a step that fails leaves the database as it was', async () => {
  const store = await fresh();
  const broken = { ...later, '9001-broken': step('select 1 / 0') };
  await expect(migrate(store, broken)).rejects.toThrow('division by zero');
  expect((await migrationStatus(store, broken)).pending).toEqual(['9000-later', '9001-broken']);
});
