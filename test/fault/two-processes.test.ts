import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { check, isDone } from './checker.ts';
import { type FaultWorld, openWorld, until } from './world.ts';

let world: FaultWorld;
afterAll(() => world?.close());

it('two processes on one database, one killed under load: nothing is lost and nothing is done twice', { timeout: 120_000 }, async () => {
  world = await openWorld(await testDatabase(), 120);
  const [doomed, survivor] = [await world.start(), await world.start()];
  const accepted = new Map<string, number>();
  for (const person of world.people) world.provider.signIn(person);
  const tokens = await Promise.all(world.people.map((person) => world.sign(person)));

  // Twelve senders, each with a token of its own at a time; the process dies in the middle of it.
  let next = 0;
  let answered = 0;
  const send = async (): Promise<void> => {
    for (let n = next++; n < tokens.length; n = next++) {
      const token = tokens[n] as string;
      const first = await world.push(n % 2 === 0 && answered < 40 ? doomed.origin : survivor.origin, token);
      if (first !== 202) await until('202', async () => ((await world.push(survivor.origin, token)) === 202 ? true : undefined));
      accepted.set(world.people[n] as string, 1);
      if (++answered === 40) doomed.child.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: 12 }, send));
  await until(
    'every plan',
    async () => ((await Promise.all(world.people.map((person) => isDone(world, person)))).every(Boolean) ? true : undefined),
    60_000,
  );

  const findings = await check(world, accepted, survivor.origin);
  expect(findings).toMatchObject({ lost: [], crooked: [], plans: 120, effects: 240, openIntents: 0, openPlans: 0, gaps: 0, ledger: [] });
  // A plan that the dead process had claimed waited for nobody's heartbeat.
  const { rows } = await world.database.store.query<{ slowest: number }>(
    `select (extract(epoch from max(finished_at - created_at)) * 1000)::float8 as slowest from plan`,
  );
  expect(rows[0]?.slowest).toBeLessThan(8_000);
  for (const person of world.people) expect([world.provider.sessions(person).length, world.provider.tokens(person)]).toEqual([0, 0]);
});
