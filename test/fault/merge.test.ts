import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { runMergeRounds } from './merge-rounds.ts';

it('people who become one while signals for both arrive at two processes: the union of the evidence, and no signal lost', {
  timeout: 180_000,
}, async () => {
  const { overlapped, accepted, faults } = await runMergeRounds(await testDatabase(), 40);
  expect(faults).toEqual([]);
  expect(accepted).toBe(40 * 12 + 20 * 2);
  // Otherwise the rounds prove nothing.
  expect(overlapped).toBeGreaterThan(0);
});
