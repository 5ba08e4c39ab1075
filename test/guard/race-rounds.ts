/**
 * Three processes ask one limit at once, round after round: what they release in sum. `node test/guard/race-rounds.ts [--rounds 1000]`.
 */
import { parseArgs } from 'node:util';
import { startTestServer, type TestDatabase } from '../support/database.ts';
import { disturbingStates, floodBegin, openFloodWorld, partners } from '../support/flood-world.ts';

export interface RaceFigures {
  readonly rounds: number;
  /** How often each number of people was released in one round, by the limit that the round was about. */
  readonly released: Readonly<Record<'source' | 'people', Readonly<Record<number, number>>>>;
}

const processes = 3;
const asking = 12;

/** Even rounds are of one source, odd ones of three: the limits of a source, and of everybody, are reached and never passed. */
export async function raceRounds(database: TestDatabase, rounds: number): Promise<RaceFigures> {
  const world = await openFloodWorld(database, { people: processes * asking, processes });
  const released: { source: Record<number, number>; people: Record<number, number> } = { source: {}, people: {} };
  try {
    for (let round = 0; round < rounds; round++) {
      const at = floodBegin + round * 1_000;
      await world.at(at);
      await Promise.all(
        world.cores.map(async (core, n) => {
          const source = partners[round % 2 === 0 ? 0 : n] as string;
          const own = world.people.slice(n * asking, (n + 1) * asking).map((person) => world.arrival(person, source));
          // In parts, so that the processes take turns inside a round.
          for (let from = 0; from < asking; from += 4) await core.batcher.submit(own.slice(from, from + 4));
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
    await world.close();
  }
  return { rounds, released };
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
