/** Plans, carried out by the real executor in every order that processes, provider, kill switch and people can take. */
import { expect, it } from 'vitest';
import { explore } from './explore.ts';
import { scenarios } from './scenarios.ts';

it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s: nothing is stuck, nothing done twice, nothing done after the kill switch',
  { timeout: 120_000 },
  async (_, scenario) => {
    const { violation, whole, worlds, interleavings, deepest, atRest } = await explore(scenario);
    expect(violation).toBeUndefined();
    expect(whole).toBe(true);
    // Something happened, and more than one way.
    expect(atRest).toBeGreaterThan(0);
    expect(interleavings).toBeGreaterThan(1);
    process.stdout.write(`${scenario.name}: ${worlds} worlds, ${interleavings} courses of events, up to ${deepest} steps\n`);
  },
);
