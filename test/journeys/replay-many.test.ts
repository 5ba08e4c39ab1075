import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { replayMany } from './replay-many.ts';

it('decisions of one process come out the same in the next', { timeout: 120_000 }, async () => {
  const database = await testDatabase();
  const result = await replayMany(database, 400);
  expect(result).toMatchObject({ decisions: 400, same: 400, otherwise: [] });
  expect(result.kinds).toBeGreaterThanOrEqual(4);
});
