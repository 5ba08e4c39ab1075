/** The process dies at each write and each call; a fresh one must bring the plan to its end with one effect and a whole log. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PlanStore } from '../../src/actions/index.ts';
import { type ActStep, createFakeAdapter } from '../fakes/adapter.ts';
import { createManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { createWorld, type World } from './world.ts';

let database: TestDatabase;
let world: World | undefined;

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await world?.close();
  await database.store.query('truncate plan, action, pause, ledger_entry, ledger_pending');
});
afterAll(async () => {
  await database?.drop();
});

class Death extends Error {}

/** Dies at the `nth` request, before it takes effect or after; from then on nothing gets through. */
function mortal(plans: PlanStore, nth: number, when: 'before' | 'after'): { plans: PlanStore; dead: () => boolean } {
  let count = 0;
  let dead = false;
  const proxy = new Proxy(plans, {
    get(target, name: keyof PlanStore) {
      const method = target[name] as (...values: unknown[]) => Promise<unknown>;
      return async (...values: unknown[]) => {
        if (dead) throw new Death();
        count += 1;
        const last = count === nth;
        if (last && when === 'before') dead = true;
        if (dead) throw new Death();
        const answer = await method.apply(target, values);
        if (last) dead = true;
        if (dead) throw new Death();
        return answer;
      };
    },
  });
  return { plans: proxy, dead: () => dead };
}

const scripts: [string, ActStep[]][] = [
  ['a good provider', []],
  ['a lost answer', ['lost']],
  [
    'two failures',
    [
      { outcome: 'failed', code: 'http.500' },
      { outcome: 'failed', code: 'http.503' },
    ],
  ],
  ['a failure with a long wait', [{ outcome: 'failed', code: 'http.429', retryAfterMs: 30_000 }]],
];

describe.each(scripts)('with %s', (_, acts) => {
  it.each(['before', 'after'] as const)('a death %s any write leaves a plan that recovery ends with one effect a key', async (when) => {
    let deaths = 0;
    for (let nth = 1; nth <= 12; nth++) {
      const clock = createManualClock();
      const fake = createFakeAdapter();
      fake.acts.push(...acts);
      world = createWorld({ database, clock, fake });
      const planId = await world.plan({ ...(await world.person()), change: { types: ['session.revoke', 'token.revoke'] } });
      const doomed = mortal(world.plans, nth, when);
      const first = await world.executor({ plans: doomed.plans });
      const { result } = await clock.drive(first.run(planId)).catch(() => ({ result: 'died' }));
      if (doomed.dead()) deaths += 1;
      else expect(['finished', 'waiting']).toContain(result);
      await clock.drive(first.shutdown(0));
      await first.process.stop();

      const second = await world.executor();
      for (let round = 0; round < 8 && (await world.state(planId)).state === 'released'; round++) {
        await clock.drive(second.recover());
        const { nextAt } = await world.state(planId);
        if (nextAt !== null && nextAt > clock.now()) await clock.advance(nextAt - clock.now());
        await clock.drive(second.run(planId));
      }
      expect(await world.state(planId), `death at ${nth}`).toMatchObject({ state: 'done', claimedBy: null });
      expect([...fake.effects.values()], `death at ${nth}`).toEqual([1, 1]);

      const entries = await world.entries(planId);
      for (const type of ['session.revoke', 'token.revoke']) {
        const lines = entries.filter(({ core }) => core.type === type);
        expect(lines.filter((line) => line.type === 'action.finished')).toHaveLength(1);
        expect(lines.at(-1)?.type).toBe('action.finished');
        const attempts = lines.filter((line) => line.type === 'action.intended').map(({ core }) => core.attempt);
        expect(attempts).toEqual(attempts.map((__, n) => n + 1));
        expect(lines.at(-1)?.core.attempts).toBe(attempts.length);
        // Each call stands in the log before it is made; a death between the two leaves an intention more.
        if (acts.every((act) => act === 'lost')) expect(fake.calls.filter((call) => call.type === type)).toHaveLength(1);
        expect(fake.calls.filter((call) => call.type === type).length).toBeLessThanOrEqual(attempts.length);
      }
      await world.close();
    }
    expect(deaths).toBeGreaterThan(2);
  });
});

it('a death during the call is settled by reading back, without a second call', async () => {
  const clock = createManualClock();
  const fake = createFakeAdapter();
  world = createWorld({ database, clock, fake });
  const planId = await world.plan(await world.person());
  const first = await world.executor();
  fake.acts.push('lost');
  fake.readSteps.push('hang');
  const run = first.run(planId);
  await expect.poll(() => fake.reads.length).toBe(1);
  await clock.drive(first.shutdown(0));
  expect(await run).toEqual({ result: 'none' });
  expect(await world.actions(planId)).toMatchObject([{ state: 'intended' }]);
  await first.process.stop();
  const second = await world.executor();
  expect(await clock.drive(second.recover())).toBe(1);
  expect(await world.actions(planId)).toMatchObject([{ state: 'done', attempts: 1 }]);
  expect(fake.calls).toHaveLength(1);
});
