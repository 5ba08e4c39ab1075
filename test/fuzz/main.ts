/**
 * `npm run fuzz`: every property at length. `--runs N` (20,000) tries each so often, `--seed N` repeats a run, `--only WORD[,WORD]` takes
 * those whose name holds one of the words. Prints the seed of each; exit 1 where one fails, 2 for a wrong argument.
 */
import { parseArgs } from 'node:util';
import { compareConditions, emptyTally } from '../policy/cel-agreement.ts';
import { agreementChecks } from '../risk/agreement.ts';
import { goldenChecks } from '../risk/goldens.ts';
import { propertiesOfScore } from '../risk/properties-of-score.ts';
import { propertiesOfState, zoneAndLocaleChangeNothing } from '../risk/properties-of-state.ts';
import { asItStands, type Check } from '../risk/room.ts';

const risk: readonly Check[] = [
  ...goldenChecks(asItStands),
  ...propertiesOfState(asItStands),
  ...propertiesOfScore(asItStands),
  {
    name: '15: zone and locale of the machine change nothing',
    run: ({ seed }) => zoneAndLocaleChangeNothing(asItStands, seed),
  },
  ...agreementChecks(asItStands),
];
const conditions: Check = {
  name: 'conditions mean the same to another implementation of their language',
  run(runs) {
    const tally = emptyTally();
    compareConditions(runs, tally);
    process.stdout.write(`${JSON.stringify(tally, null, 1)}\n`);
  },
};
const checks: readonly Check[] = [...risk.map((check) => ({ ...check, name: `risk ${check.name}` })), conditions];

const { only, runs: numRuns, seed } = readArguments();
const wanted = checks.filter(({ name }) => only === undefined || only.some((word) => name.includes(word)));
if (wanted.length === 0) refuse(`There is no property that holds ${only?.join(' or ')}.`);
for (const { name, run } of wanted) {
  const startedMs = performance.now();
  const took = () => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  try {
    run({ numRuns, seed });
    process.stdout.write(`ok    seed ${seed}  ${took().padStart(7)}  ${name}\n`);
  } catch (error) {
    process.stdout.write(`FAIL  seed ${seed}  ${took().padStart(7)}  ${name}\n${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

function readArguments(): { readonly only: readonly string[] | undefined; readonly runs: number; readonly seed: number } {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' } } });
    const runs = Number(values.runs ?? 20_000);
    const chosen = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
    if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(chosen)) return refuse('--runs and --seed take whole numbers.');
    return { only: values.only?.split(','), runs, seed: chosen };
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
