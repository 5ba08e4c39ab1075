/** A share of what `npm run fuzz` tries at length; a failure names the seed that repeats it. */
import { describe, it } from 'vitest';
import { agreementChecks } from './agreement.ts';
import { propertiesOfScore } from './properties-of-score.ts';
import { propertiesOfState, zoneAndLocaleChangeNothing } from './properties-of-state.ts';
import { asItStands } from './room.ts';

const runs = { numRuns: 250 };

describe('invariants', () => {
  it.each(propertiesOfState(asItStands))('$name', ({ run }) => run(runs));
  it.each(propertiesOfScore(asItStands))('$name', ({ run }) => run(runs));
  it('15: zone and locale of the machine change nothing', () => zoneAndLocaleChangeNothing(asItStands));
});

describe('a second scorer, written from the rules', () => {
  it.each(agreementChecks(asItStands))('$name', ({ run }) => run(runs));
});
