/** `start.cold`, `start.warm` and `memory.idle`: from the start of the process until it listens, and what it then holds. */
import type { Bench } from './bench.ts';
import { databaseProcesses, memoryOf } from './machine.ts';
import { openOrganisation } from './organisation.ts';
import { median, round, spread } from './row.ts';

const starts = 5;
/** Until what starting left behind has been collected. */
const idleMs = 3_000;

export const start: Bench = {
  names: ['start.cold', 'start.warm', 'memory.idle', 'memory.idle.node', 'memory.idle.postgres'],
  async run({ serviceOptions }) {
    const cold: number[] = [];
    const warm: number[] = [];
    let memory = { node: 0, postgres: 0 };
    for (let n = 0; n < starts; n++) {
      const organisation = await openOrganisation();
      try {
        const first = await organisation.startService(serviceOptions);
        cold.push(first.startedInMs);
        await first.stop();
        const second = await organisation.startService(serviceOptions);
        warm.push(second.startedInMs);
        if (n === starts - 1) {
          await new Promise((resolve) => setTimeout(resolve, idleMs));
          const postgres = databaseProcesses(organisation.database).reduce((sum, pid) => sum + memoryOf(pid, 'shared'), 0);
          memory = { node: memoryOf(second.pid, 'resident') / 1e6, postgres: postgres / 1e6 };
        }
      } finally {
        await organisation.close();
      }
    }
    return [
      { name: 'start.cold', unit: 'ms', value: round(median(cold)), ...spread(cold) },
      { name: 'start.warm', unit: 'ms', value: round(median(warm)), ...spread(warm) },
      { name: 'memory.idle', unit: 'MB', value: round(memory.node + memory.postgres) },
      { name: 'memory.idle.node', unit: 'MB', value: round(memory.node) },
      { name: 'memory.idle.postgres', unit: 'MB', value: round(memory.postgres) },
    ];
  },
};
