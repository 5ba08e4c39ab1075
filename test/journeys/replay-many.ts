/**
 * Decisions of the running service, judged again by a process that was started later: `node test/journeys/replay-many.ts [COUNT]`
 * (10,000). Exit 1 where one comes out otherwise.
 */
import { adminToken, openWorld } from '../fault/world.ts';
import { startTestServer, type TestDatabase } from '../support/database.ts';

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const events: readonly (readonly [name: string, payload: object])[] = [
  ['risk-level-change', { principal: 'USER', current_level: 'HIGH' }],
  ['credential-change', { credential_type: 'password', change_type: 'update', initiating_entity: 'user' }],
  ['risk-level-change', { principal: 'USER', current_level: 'MEDIUM' }],
  ['session-revoked', { initiating_entity: 'user' }],
  ['risk-level-change', { principal: 'USER', current_level: 'LOW' }],
  ['session-presented', {}],
  ['session-revoked', { initiating_entity: 'policy' }],
  ['device-compliance-change', { previous_status: 'compliant', current_status: 'not-compliant' }],
];
const width = 16;

export interface ReplayedStore {
  readonly decisions: number;
  readonly same: number;
  /** How many distinct pairs of level and outcome were among them. */
  readonly kinds: number;
  /** The first few that came out otherwise, as the service tells of them. */
  readonly otherwise: readonly unknown[];
}

export async function replayMany(database: TestDatabase, count: number): Promise<ReplayedStore> {
  const world = await openWorld(database, Math.min(200, Math.max(20, count / 10)));
  try {
    const first = await world.start();
    await inParallel(count, async (n) => {
      const [name, payload] = events[n % events.length] as (typeof events)[number];
      const token = await world.sign(world.people[(n * 7) % world.people.length] as string, `${caep}${name}`, payload);
      const answer = await world.push(first.origin, token);
      if (answer !== 202) throw new Error(`the service answered ${answer}`);
    });
    await first.stop();
    const second = await world.start();
    const get = async (path: string) => {
      const response = await fetch(`${second.origin}${path}`, { headers: { authorization: `Bearer ${adminToken}` } });
      return (await response.json()) as Record<string, unknown>;
    };
    const ids: string[] = [];
    const kinds = new Set<string>();
    for (let cursor: unknown = ''; cursor !== null && cursor !== undefined; ) {
      const page = await get(`/api/v1/decisions?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(String(cursor))}`}`);
      for (const { id, level, outcome } of page['items'] as { id: string; level: string; outcome: string }[]) {
        ids.push(id);
        kinds.add(`${level} ${outcome}`);
      }
      cursor = page['nextCursor'];
    }
    const otherwise: unknown[] = [];
    await inParallel(ids.length, async (n) => {
      const replayed = await get(`/api/v1/decisions/${ids[n]}/replay`);
      if (replayed['same'] !== true) otherwise.push(replayed);
    });
    return { decisions: ids.length, same: ids.length - otherwise.length, kinds: kinds.size, otherwise: otherwise.slice(0, 3) };
  } finally {
    await world.close();
  }
}

async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 10_000);
  const server = await startTestServer();
  try {
    const result = await replayMany(await server.database(), count);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exitCode = result.same === count && result.decisions === count ? 0 : 1;
  } finally {
    await server.stop();
  }
}
