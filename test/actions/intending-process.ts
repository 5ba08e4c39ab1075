/** A process of its own that begins to carry out the plans it is given, several at a time, as soon as it is told to. */
import { createInterface } from 'node:readline';
import type pg from 'pg';
import type { PlanId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import { connectStore } from '../../src/store/open.ts';
import { systemClock } from '../support/system-clock.ts';
import { createWorld } from './world.ts';

const atOnce = 6;
const connection = JSON.parse(process.argv[2] ?? '{}') as pg.ClientConfig;
const store = connectStore({ connection, log: silentLog, poolSize: atOnce });
const world = createWorld({ database: { store, connection, name: '', drop: () => store.close() }, clock: systemClock });
const executor = await world.executor();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
process.stdout.write('ready\n');
const plans = JSON.parse((await lines.next()).value ?? '[]') as PlanId[];
const results: Record<string, number> = {};
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let planId = plans.shift(); planId !== undefined; planId = plans.shift()) {
      const { result } = await executor.run(planId);
      results[result] = (results[result] ?? 0) + 1;
    }
  }),
);
process.stdout.write(`${JSON.stringify(results)}\n`);
await world.close();
await store.close();
process.exit(0);
