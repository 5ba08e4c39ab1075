import { expect, it } from 'vitest';
import { loadCareless, search } from './adversary.ts';
import { kinds } from './adversary-streams.ts';

const bundle = await loadCareless();

it('no stream of a lying source disturbs more people than the worst case says, and some disturb as many', { timeout: 120_000 }, () => {
  const { most, bound, above, ...searched } = search(bundle, 1_200, 1);
  expect(bound).toEqual({ oneSource: 8, severalSources: { inAnHour: 10, inADay: 20 } });
  expect(most).toEqual({ liar: 8, hour: 10, day: 20 });
  expect(above).toBe(0);
  // Each way of lying occurs, and comes as far as the others.
  for (const kind of kinds) {
    expect(searched.kinds[kind].streams, kind).toBeGreaterThan(50);
    expect(searched.kinds[kind].atBound, kind).toBeGreaterThan(10);
  }
});

it('the search finds more where a source counts for its own triggers only', { timeout: 120_000 }, () => {
  const standard = bundle.guards.profiles.standard;
  const { counting } = standard;
  const blind = {
    ...bundle,
    guards: {
      ...bundle.guards,
      profiles: {
        ...bundle.guards.profiles,
        standard: { ...standard, counting: { ...counting, source: { ...counting.source, decisive: false } } },
      },
    },
  };
  expect(search(blind, 1_200, 1).most.liar).toBeGreaterThan(8);
});
