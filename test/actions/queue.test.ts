/** The job queue against the real pg-boss. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createQueue, type JobQueue } from '../../src/actions/index.ts';
import { createIdMaker, type PlanId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import { createFakeAdapter } from '../fakes/adapter.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';
import { createWorld, type World } from './world.ts';

let database: TestDatabase;
let world: World | undefined;
const open: JobQueue[] = [];
const ids = createIdMaker(systemRandom);
const ref = (connection = 'okta') => ({ id: ids.next<PlanId>(Date.now()), connection });

async function queueOf(connections: readonly string[] = ['okta']): Promise<JobQueue> {
  const queue = createQueue({ connection: database.connection, connections, log: silentLog });
  await queue.start();
  open.push(queue);
  return queue;
}

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await world?.close();
  world = undefined;
  await Promise.all(open.splice(0).map((queue) => queue.stop(2_000)));
});
afterAll(async () => {
  await database?.drop();
});

describe('a job', () => {
  it('exists when the transaction that sent it has committed, and reaches the handler', async () => {
    const queue = await queueOf();
    const handled: PlanId[] = [];
    await queue.work(async (planId) => {
      handled.push(planId);
      return 'completed';
    });
    const plans = [ref(), ref()];
    await database.store.transaction(async (tx) => {
      for (const { text, values } of await queue.jobStatements(plans)) await tx.query(text, [...values]);
    });
    await expect.poll(() => [...handled].sort(), { timeout: 5_000 }).toEqual(plans.map(({ id }) => id));
  });

  it('does not exist after a rollback', async () => {
    const queue = await queueOf();
    const plan = ref();
    await expect(
      database.store.transaction(async (tx) => {
        for (const { text, values } of await queue.jobStatements([plan])) await tx.query(text, [...values]);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await queue.queued([plan])).toEqual(new Set());
    await queue.send([plan]);
    expect(await queue.queued([plan, ref()])).toEqual(new Set([plan.id]));
  });

  it('of many plans is one statement a connection', async () => {
    const queue = await queueOf(['okta', 'entra']);
    const statements = await queue.jobStatements([
      ...Array.from({ length: 100 }, () => ref()),
      ...Array.from({ length: 100 }, () => ref('entra')),
    ]);
    expect(statements).toHaveLength(2);
  });

  it('with a start is not handed out before it', async () => {
    const queue = await queueOf();
    const handled: PlanId[] = [];
    const [now, later] = [ref(), ref()];
    await queue.send([later], Date.now() + 3_600_000);
    await queue.send([now]);
    await queue.work(async (planId) => {
      handled.push(planId);
      return 'completed';
    });
    await expect.poll(() => handled).toContain(now.id);
    expect(handled).not.toContain(later.id);
    expect(await queue.queued([later])).toEqual(new Set([later.id]));
  });

  it('that is given back comes again', async () => {
    const queue = await queueOf();
    const plan = ref();
    let times = 0;
    await queue.work(async (planId) => {
      if (planId !== plan.id) return 'completed';
      times += 1;
      return times < 2 ? 'retry' : 'completed';
    });
    await queue.send([plan]);
    await expect.poll(() => times, { timeout: 10_000, interval: 50 }).toBe(2);
    await expect.poll(async () => (await queue.queued([plan])).size).toBe(0);
  });

  it('of a connection that is no longer configured is handed out all the same', async () => {
    const before = await queueOf(['removed']);
    const plan = ref('removed');
    await before.send([plan]);
    const queue = await queueOf(['okta']);
    const handled: PlanId[] = [];
    await queue.work(async (planId) => {
      handled.push(planId);
      return 'completed';
    });
    await expect.poll(() => handled).toContain(plan.id);
  });
});

describe('executors behind the queue', () => {
  it('end 200 plans on 50 lanes in order and once, two processes at once', async () => {
    const fake = createFakeAdapter({ concurrency: 16, types: ['session.revoke'] });
    world = createWorld({ database, clock: systemClock, fake });
    const people = await Promise.all(Array.from({ length: 50 }, () => (world as World).person()));
    const laneOf = new Map<string, string>();
    const wanted = new Map<string, PlanId[]>();
    const refs: { id: PlanId; connection: string }[] = [];
    for (let n = 0; n < 200; n++) {
      const person = people[n % 50] as (typeof people)[number];
      const id = await world.plan(person);
      laneOf.set(id, person.externalId);
      wanted.set(person.externalId, [...(wanted.get(person.externalId) ?? []), id]);
      refs.push({ id, connection: 'okta' });
    }
    const queues = [await queueOf(), await queueOf()];
    for (const queue of queues) await queue.work((await world.executor({ jobs: queue })).handle);
    const started = performance.now();
    await database.store.transaction(async (tx) => {
      for (const { text, values } of await (queues[0] as JobQueue).jobStatements(refs)) await tx.query(text, [...values]);
    });
    const open = async () =>
      (await database.store.query<{ n: number }>(`select count(*) as n from plan where state = 'released'`)).rows[0]?.n;
    await expect.poll(open, { timeout: 15_000, interval: 50 }).toBe(0);
    const tookMs = performance.now() - started;
    const { rows } = await database.store.query<{ id: PlanId; key: string }>(`select plan_id as id, idempotency_key as key from action`);
    const planOf = new Map(rows.map(({ id, key }) => [key, id]));
    const got = new Map<string, PlanId[]>();
    for (const { key, account } of fake.calls) got.set(account, [...(got.get(account) ?? []), planOf.get(key) as PlanId]);
    expect(got).toEqual(wanted);
    expect(fake.calls).toHaveLength(200);
    expect(tookMs).toBeLessThan(15_000);
  });

  it('go on with other connections while one provider hangs', async () => {
    const slow = createFakeAdapter({ concurrency: 2 });
    const good = createFakeAdapter();
    const queue = await queueOf(['okta', 'entra']);
    world = createWorld({ database, clock: systemClock, fake: good });
    const executor = await world.executor({ jobs: queue, adapter: (connection) => (connection === 'entra' ? slow : good) });
    const stuck: { id: PlanId; connection: string }[] = [];
    for (let n = 0; n < 60; n++) {
      const person = await world.person();
      slow.hanging.add(person.externalId);
      stuck.push({ id: await world.plan({ ...person, change: { connection: 'entra' } }), connection: 'entra' });
    }
    await queue.work(executor.handle);
    await queue.send(stuck);
    await expect.poll(() => slow.calls.length).toBe(2);
    const free = { id: await world.plan(await world.person()), connection: 'okta' };
    await queue.send([free]);
    await expect.poll(async () => (await (world as World).state(free.id)).state, { timeout: 3_000, interval: 20 }).toBe('done');
    expect(slow.calls).toHaveLength(2);
    await executor.shutdown(0);
  });
});
