import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIdMaker } from '../../src/model/ids.ts';
import { ensureMonthlyPartitions, lowestId } from '../../src/store/partitions.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

async function addEntry(at: number): Promise<string> {
  const { rows } = await database.store.query<{ table: string }>(
    `insert into ledger_entry (id, type, body, core) values ($1, 'log.read', '', '') returning tableoid::regclass::text as table`,
    [createIdMaker(systemRandom).next(at)],
  );
  return rows[0]?.table ?? '';
}

test('the lowest id of an instant lies between the ids before it and its own', () => {
  const at = Date.UTC(2026, 11, 1);
  expect(createIdMaker(systemRandom).next(at - 1) < lowestId(at)).toBe(true);
  expect(lowestId(at) < createIdMaker(systemRandom).next(at)).toBe(true);
});

test('callers at once make this month and the next two once, over the turn of the year', async () => {
  const reports = await Promise.all([1, 2, 3].map(() => ensureMonthlyPartitions(database.store, Date.UTC(2026, 10, 30, 23, 59))));
  const months = ['2026_11', '2026_12', '2027_01'];
  expect(reports.flatMap((report) => report.created).sort()).toEqual([
    ...months.map((m) => `ledger_entry_${m}`),
    ...months.map((m) => `signal_${m}`),
  ]);
  expect(await ensureMonthlyPartitions(database.store, Date.UTC(2026, 10, 1))).toEqual({ created: [], blocked: [] });
});

test('rows land in the month of their id, others in the default partition', async () => {
  expect(await addEntry(Date.UTC(2026, 10, 30, 23, 59, 59, 999))).toBe('ledger_entry_2026_11');
  expect(await addEntry(Date.UTC(2026, 11, 1))).toBe('ledger_entry_2026_12');
  expect(await addEntry(Date.UTC(2027, 5, 1))).toBe('ledger_entry_default');
});

test('a month that the default partition holds rows of is left there and reported', async () => {
  const report = await ensureMonthlyPartitions(database.store, Date.UTC(2027, 5, 1));
  expect(report.blocked).toEqual(['ledger_entry_2027_06']);
  expect(report.created).toContain('signal_2027_06');
  expect(await addEntry(Date.UTC(2027, 5, 2))).toBe('ledger_entry_default');
});

test('a partition has the indexes of its table', async () => {
  const { rows } = await database.store.query<{ definition: string }>(
    `select indexdef as definition from pg_indexes where tablename = 'signal_2026_11'`,
  );
  expect(rows.some((row) => row.definition.includes('(identity_id, id) WHERE (identity_id IS NOT NULL)'))).toBe(true);
});
