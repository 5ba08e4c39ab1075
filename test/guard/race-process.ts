/** One of the processes of the race: has its own service core on the common database, and settles what it is told, when it is told. */
import { createInterface } from 'node:readline';
import { startCore } from '../../src/app/core.ts';
import { floodOptions, markHigh } from '../support/flood-world.ts';

/** Signals that it settles, in order, so many a batch. */
export interface RaceTurn {
  readonly people: readonly string[];
  readonly source: string;
  readonly at: number;
  readonly batch: number;
}

const core = await startCore(await floodOptions(process.env['RACE_CONFIGURATION'] as string));
await core.judging.refresh();
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { people, source, at, batch } = JSON.parse(line) as RaceTurn;
  const items = people.map((person) => markHigh(core.ids, person, source, at));
  for (let from = 0; from < items.length; from += batch) await core.batcher.submit(items.slice(from, from + batch));
  process.stdout.write('settled\n');
}
await core.stop();
process.exit(0);
