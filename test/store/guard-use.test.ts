import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { sweepGuardUses } from '../../src/store/guard-use.ts';
import { createSettleSession } from '../../src/store/settle-session.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const now = Date.UTC(2026, 4, 4, 10);
const minute = 60_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());
beforeEach(() => database.store.query('delete from guard_use'));

async function use(scope: string, subject: string, at: number): Promise<void> {
  await database.store.query(
    `insert into guard_use (scope, subject, plan_id, at) values ($1, $2, '01970000-0000-7000-8000-000000000001', to_timestamp($3::float8 / 1000))`,
    [scope, subject, at],
  );
}

it('uses are kept as long as the longest window, and no longer', async () => {
  const days = 86_400_000;
  await use('people', 'old', now - 90 * days);
  await use('people', 'new', now - 90 * days + 1);
  expect(await sweepGuardUses(database.store, now)).toBe(1);
  expect((await database.store.query('select subject from guard_use')).rows).toEqual([{ subject: 'new' }]);
});

it('others are counted in a window, and the ones who ask are found with their latest use', async () => {
  await use('people', 'ann', now - 50 * minute);
  await use('people', 'ben', now - 70 * minute);
  await use('cooldown:action:session.revoke', 'account-1', now - 40 * minute);
  await use('cooldown:action:session.revoke', 'account-1', now - 10 * minute);
  await use('cooldown:action:session.revoke', 'account-2', now - 10 * minute);
  const session = createSettleSession(async (statements) => {
    const results = [];
    for (const { text, values } of statements) {
      const { rows } = await database.store.query(text, [...values]);
      results.push({ rows, tag: '' });
    }
    return results as never;
  });
  const counted = await session.count(
    [
      { scope: 'people', windowMs: 60 * minute },
      { scope: 'cooldown:action:session.revoke', windowMs: 60 * minute, own: true },
    ],
    ['ann', 'account-1'],
    now,
  );
  expect(counted.readings).toEqual([{ scope: 'people', windowMs: 60 * minute, used: 1 }]);
  expect([...counted.present].sort((a, b) => (a.scope < b.scope ? -1 : 1))).toEqual([
    { scope: 'cooldown:action:session.revoke', subject: 'account-1', at: now - 10 * minute },
    { scope: 'people', subject: 'ann', at: now - 50 * minute },
  ]);
});
