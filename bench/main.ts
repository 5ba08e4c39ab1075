/**
 * `npm run bench`: measures on this machine. `--only NAME[,NAME]` runs what makes these rows, `--json` prints one object a line,
 * `--cpu-prof DIR` leaves a profile of the service there. Exit 1 where a bench fails, 2 for a wrong argument.
 */
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { ingest } from './ingest.ts';
import { judging } from './judging.ts';
import { latency } from './latency.ts';
import { normalising } from './normalising.ts';
import { oktaHook } from './okta-hook.ts';
import { oktaPoll } from './okta-poll.ts';
import { formatRow } from './row.ts';
import { start } from './start.ts';

const benches: readonly Bench[] = [judging, normalising, ingest, oktaHook, oktaPoll, latency, start];
const known = benches.flatMap((bench) => bench.names);

const values = readArguments();
const only = values.only?.split(',');
const unknown = only?.filter((name) => !known.includes(name)) ?? [];
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}. There are: ${known.join(', ')}\n`);
  process.exit(2);
}
const profile = values['cpu-prof'];
const options = { serviceOptions: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`] };
for (const bench of benches) {
  if (only !== undefined && !bench.names.some((name) => only.includes(name))) continue;
  try {
    for (const row of await bench.run(options)) {
      const wanted = only === undefined || only.includes(row.name) || row.name.startsWith('baseline.');
      if (wanted) process.stdout.write(`${values.json === true ? JSON.stringify(row) : formatRow(row)}\n`);
    }
  } catch (error) {
    process.stderr.write(`${bench.names.join(', ')}: ${(error as Error).stack}\n`);
    process.exitCode = 1;
  }
}

function readArguments() {
  try {
    return parseArgs({ options: { only: { type: 'string' }, json: { type: 'boolean' }, 'cpu-prof': { type: 'string' } } }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}
