/** One seed over two worlds at once, and what must hold after it. */
import type { TestDatabase } from '../support/database.ts';
import { type RoundsResult, runRounds } from './rounds.ts';

export interface SeedResult {
  readonly seed: number;
  readonly path: readonly string[];
  readonly points: number;
  readonly accepted: number;
  readonly plans: number;
  readonly effects: number;
  readonly calls: number;
  readonly repeated: number;
  readonly lostAnswers: number;
  /** Empty where everything held. */
  readonly faults: readonly string[];
}

const worlds = 2;

export async function runSeed(seed: number, database: () => Promise<TestDatabase>): Promise<SeedResult> {
  const ended = await Promise.allSettled(
    Array.from({ length: worlds }, async (_, part) => runRounds(await database(), { seed, part, parts: worlds })),
  );
  // Both have put their processes away by now.
  const results = ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  const sum = (count: (result: RoundsResult) => number) => results.reduce((total, result) => total + count(result), 0);
  // Each world learns the path by itself; that they agree shows that none of it is chance.
  const [first, ...others] = results.map(({ path }) => [...path].sort());
  const differs = others.some((path) => path.join('\n') !== first?.join('\n'));
  return {
    seed,
    path: first ?? [],
    points: sum(({ points }) => points.length),
    accepted: sum(({ accepted }) => accepted),
    plans: sum(({ findings }) => findings.plans),
    effects: sum(({ findings }) => findings.effects),
    calls: sum(({ findings }) => findings.calls),
    repeated: sum(({ findings }) => findings.repeated),
    lostAnswers: sum(({ lostAnswers }) => lostAnswers),
    faults: [...(differs ? ['the worlds learnt different paths'] : []), ...results.flatMap(faultsOf)],
  };
}

function faultsOf({ missed, unnumbered, accepted, lostAnswers, findings }: RoundsResult): readonly string[] {
  const { lost, crooked, plans, effects, repeated, openIntents, openPlans, gaps, ledger } = findings;
  return [
    ...missed.map((point) => `nobody died ${point.moment} ${point.name}`),
    ...unnumbered.map((name) => `without a point: ${name}`),
    ...lost.map((what) => `lost: ${what}`),
    ...crooked,
    ...ledger.map((what) => `ledger: ${what}`),
    // Every accepted SET of these rounds releases one plan of two actions.
    ...(plans === accepted ? [] : [`${accepted} accepted, ${plans} plans`]),
    ...(effects === 2 * plans ? [] : [`${plans} plans of two actions, ${effects} effects`]),
    ...(repeated <= lostAnswers ? [] : [`${repeated} calls repeated, ${lostAnswers} answers lost`]),
    ...(openIntents + openPlans + gaps === 0 ? [] : [`open: ${openIntents} intentions, ${openPlans} plans, ${gaps} gaps in the log`]),
  ];
}
