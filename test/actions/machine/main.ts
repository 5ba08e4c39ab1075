/**
 * Looks through every course of events of a plan: `node test/actions/machine/main.ts`. `--deep` takes the larger worlds too (minutes),
 * `--only WORD` those whose name holds the word, `--worlds N` stops each after so many. Exit 1 where something must not happen, 2 for a
 * wrong argument.
 */
import { parseArgs } from 'node:util';
import { explore } from './explore.ts';
import { deepScenarios, scenarios } from './scenarios.ts';

const { deep, only, worlds } = readArguments();
const wanted = (deep ? deepScenarios : scenarios).filter(({ name }) => name.includes(only));
if (wanted.length === 0) refuse(`There are no worlds of the name ${only}.`);
for (const scenario of wanted) {
  const startedMs = performance.now();
  const seen = await explore(scenario, {}, worlds);
  const took = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  const found = `${seen.worlds} worlds, ${seen.interleavings} courses of events, up to ${seen.deepest} steps, ${seen.atRest} at rest`;
  const verdict = seen.violation !== undefined ? 'FAIL' : seen.whole ? 'ok  ' : 'part';
  process.stdout.write(`${verdict}  ${took.padStart(8)}  ${scenario.name}: ${found}\n`);
  if (seen.violation === undefined) continue;
  process.stdout.write(`${seen.violation.what}\n${seen.violation.course.map((step) => `  ${step}\n`).join('')}`);
  process.exitCode = 1;
}

function readArguments(): { readonly deep: boolean; readonly only: string; readonly worlds: number } {
  try {
    const { values } = parseArgs({ options: { deep: { type: 'boolean' }, only: { type: 'string' }, worlds: { type: 'string' } } });
    const most = values.worlds === undefined ? Number.POSITIVE_INFINITY : Number(values.worlds);
    if (Number.isNaN(most) || most < 1) return refuse('--worlds takes a number.');
    return { deep: values.deep ?? false, only: values.only ?? '', worlds: most };
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
