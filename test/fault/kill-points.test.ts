import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { runRounds } from './rounds.ts';

it('a process that dies at any statement or call of the path loses nothing, does nothing twice and leaves nothing open', {
  timeout: 600_000,
}, async () => {
  const { points, missed, unnumbered, lostAnswers, findings, accepted } = await runRounds(await testDatabase(), 1);
  expect(points.length).toBeGreaterThan(40);
  expect({ missed, unnumbered }).toEqual({ missed: [], unnumbered: [] });
  expect(findings).toMatchObject({ lost: [], openIntents: 0, openPlans: 0, unsequenced: 0, ledger: [] });
  // Every accepted SET of these rounds releases one plan of two actions, and each had its effect exactly once.
  expect(findings.plans).toBe(accepted);
  expect(findings.effects).toBe(2 * findings.plans);
  expect(findings.calls - findings.effects).toBeLessThanOrEqual(lostAnswers);
});
