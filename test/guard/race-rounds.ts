/**
 * Three processes ask one limit at once, round after round: what they release in sum. `node test/guard/race-rounds.ts [--rounds 1000]`.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startTestServer, type TestDatabase } from '../support/database.ts';
import { disturbingStates, floodBegin, openFloodWorld, partners } from '../support/flood-world.ts';
import type { RaceTurn } from './race-process.ts';

export interface RaceFigures {
  readonly rounds: number;
  /** How often each number of people was released in one round, by the limit that the round was about. */
  readonly released: Readonly<Record<'source' | 'people', Readonly<Record<number, number>>>>;
}

const processes = 3;
const asking = 12;

/** Even rounds are of one source, odd ones of three: the limits of a source, and of everybody, are reached and never passed. */
export async function raceRounds(database: TestDatabase, rounds: number): Promise<RaceFigures> {
  const world = await openFloodWorld(database, { people: processes * asking });
  const racers: Racer[] = [];
  const released: { source: Record<number, number>; people: Record<number, number> } = { source: {}, people: {} };
  try {
    for (let n = 0; n < processes; n++) racers.push(await startRacer(world.configuration));
    for (let round = 0; round < rounds; round++) {
      const at = floodBegin + round * 1_000;
      await world.at(at);
      await Promise.all(
        racers.map((racer, n) => {
          const people = world.people.slice(n * asking, (n + 1) * asking);
          // In parts, so that the processes take turns inside a round.
          return racer.settle({ people, source: partners[round % 2 === 0 ? 0 : n] as string, at, batch: 4 });
        }),
      );
      const { rows } = await database.store.query<{ count: number }>(
        `select count(distinct identity_id)::int as count from plan where state = any ($2) and created_at = to_timestamp($1::float8 / 1000)`,
        [at, disturbingStates],
      );
      const kind = round % 2 === 0 ? 'source' : 'people';
      const count = rows[0]?.count ?? 0;
      released[kind][count] = (released[kind][count] ?? 0) + 1;
      await database.store.query('truncate guard_use, limit_hit');
    }
  } finally {
    await Promise.all(racers.map((racer) => racer.stop()));
    await world.close();
  }
  return { rounds, released };
}

interface Racer {
  /** Answers when all of it is committed. */
  settle(turn: RaceTurn): Promise<void>;
  stop(): Promise<void>;
}

async function startRacer(configuration: string): Promise<Racer> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('race-process.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, RACE_CONFIGURATION: configuration },
  });
  const ended = once(child, 'exit');
  // What it did not hear, it does not answer either.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async (word: string) => {
    const { value } = await lines.next();
    if (value !== word) throw new Error(`a process of the race said ${value} and not ${word}`);
  };
  await hear('ready');
  return {
    settle(turn) {
      child.stdin.write(`${JSON.stringify(turn)}\n`);
      return hear('settled');
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1000' } } });
  const server = await startTestServer();
  try {
    const database = await server.database();
    const figures = await raceRounds(database, Number(values.rounds));
    await database.drop();
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    const highest = (kind: 'source' | 'people') => Math.max(...Object.keys(figures.released[kind]).map(Number));
    process.exitCode = highest('source') > 8 || highest('people') > 10 ? 1 : 0;
  } finally {
    await server.stop();
  }
}
