import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { raceRounds } from './race-rounds.ts';

it('three processes that ask one limit at once release in sum as many as it allows, and never more', { timeout: 120_000 }, async () => {
  const database = await testDatabase();
  try {
    const { released } = await raceRounds(database, 20);
    expect(released).toEqual({ source: { 8: 10 }, people: { 10: 10 } });
  } finally {
    await database.drop();
  }
});
