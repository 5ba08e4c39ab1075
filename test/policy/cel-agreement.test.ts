/** A share of what `npm run fuzz -- --only conditions` compares; a failure names the seed that repeats it. */
import { expect, it } from 'vitest';
import { compareConditions, emptyTally } from './cel-agreement.ts';

it('a condition means here what it means to another implementation of its language', () => {
  const tally = emptyTally();
  const runs = 1500;
  compareConditions({ numRuns: runs }, tally);
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, each) => all + each, 0);
  // Nearly all of them load, and every verdict is among them, or nothing was shown.
  expect(sum(tally.refused)).toBeLessThan(runs / 100);
  for (const verdict of ['true', 'false', 'unknown', 'error']) expect(tally.verdicts[verdict]).toBeGreaterThan(runs / 100);
  expect(sum(tally.different)).toBeLessThan(runs / 10);
});
