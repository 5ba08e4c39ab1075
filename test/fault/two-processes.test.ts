import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { check, isSettled } from './checker.ts';
import { type FaultWorld, openWorld, until } from './world.ts';

let world: FaultWorld;
afterAll(() => world?.close());

it('two processes on one database, one killed under load: nothing is lost and nothing is done twice', { timeout: 120_000 }, async () => {
  world = await openWorld(await testDatabase(), 120);
  const [doomed, survivor] = [await world.start(), await world.start()];
  const accepted: string[] = [];
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
      accepted.push(token);
      if (++answered === 40) doomed.child.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: 12 }, send));
  await until(
    'every plan',
    async () => ((await Promise.all(world.people.map((person) => isSettled(world, person)))).every(Boolean) ? true : undefined),
    60_000,
  );

  const findings = await check(world, accepted, survivor.origin);
  expect(findings).toMatchObject({ lost: [], plans: 120, effects: 240, openIntents: 0, openPlans: 0, unsequenced: 0, ledger: [] });
  for (const person of world.people) expect([world.provider.sessions(person).length, world.provider.tokens(person)]).toEqual([0, 0]);
});
