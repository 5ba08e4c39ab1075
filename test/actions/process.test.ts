import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../../src/model/log.ts';
import { registerProcess } from '../../src/store/process-register.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { createManualQueue } from '../support/manual-queue.ts';
import { systemClock } from '../support/system-clock.ts';
import { createWorld, type World } from './world.ts';

let database: TestDatabase;
let clock: ManualClock;
let world: World;

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(() => {
  clock = createManualClock();
  world = createWorld({ database, clock });
});
afterEach(async () => {
  await world.close();
  await database.store.query('truncate plan, action, pause, ledger_entry, ledger_pending');
});
afterAll(async () => {
  await database?.drop();
});

const nothing = () => ({ records: [], entries: [] });

it('claims of a living process stay, and are free the moment its connection ends', async () => {
  const [living, other] = [await world.executor(), await world.executor()];
  const planId = await world.plan(await world.person());
  await world.plans.claim({ planId, processId: living.process.current() as number }, clock.now(), nothing);
  expect(await clock.drive(other.recover())).toBe(0);
  await living.process.stop();
  expect(await clock.drive(other.recover())).toBe(1);
  expect(await world.state(planId)).toMatchObject({ state: 'done' });
});

it('a process that lost its connection may not write for its plan, and comes back under another number', async () => {
  const registration = await registerProcess({ connection: database.connection, name: 'lost', clock: systemClock, log: silentLog });
  const before = registration.current() as number;
  const planId = await world.plan(await world.person());
  const executor = await world.executor({ process: registration });
  world.fake.onAct = async () => {
    await database.store.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rescind process lost'`);
    await expect.poll(() => registration.current()).not.toBe(before);
    const other = await world.executor();
    world.fake.onAct = () => {};
    expect(await other.recover()).toBe(1);
  };
  const run = executor.run(planId);
  expect(await clock.drive(run)).toEqual({ result: 'none' });
  expect(await world.state(planId)).toMatchObject({ state: 'done' });
  expect([...world.fake.effects.values()]).toEqual([1]);
  await expect.poll(() => registration.current()).toBeGreaterThan(before);
  await registration.stop();
});

it('a claim that this process itself left behind is taken back after a while, and one at work is not', async () => {
  const executor = await world.executor();
  const left = await world.plan(await world.person());
  await world.plans.claim({ planId: left, processId: executor.process.current() as number }, clock.now(), nothing);
  expect(await clock.drive(executor.recover())).toBe(0);
  await clock.advance(31_000);
  expect(await world.plans.takeBack({ processId: executor.process.current() as number, running: [left], ownBefore: clock.now() })).toEqual(
    [],
  );
  expect(await clock.drive(executor.recover())).toBe(1);
  expect(await world.state(left)).toMatchObject({ state: 'done' });
});

it('the sweep reports released plans without a job and sends one, once they are a minute old', async () => {
  const reported: string[] = [];
  const jobs = { ...createManualQueue({ clock, waiting: world.plans.waiting }), queued: async () => new Set<never>() };
  const executor = await world.executor({
    jobs,
    log: { ...silentLog, error: (fields, event) => void reported.push(`${event} ${String(fields.planId)}`) },
  });
  const planId = await world.plan(await world.person());
  expect(await executor.sweep()).toBe(0);
  await clock.advance(61_000);
  expect(await executor.sweep()).toBe(1);
  expect(reported).toEqual([`plan.withoutJob ${planId}`]);
  expect(jobs.sent.map(({ plan }) => plan.id)).toEqual([planId]);
});

it('at start every waiting plan gets a job, and recovery goes on each second until shutdown', async () => {
  const jobs = createManualQueue({ clock, waiting: world.plans.waiting });
  const executor = await world.executor({ jobs });
  const planId = await world.plan(await world.person());
  await executor.start();
  expect(jobs.sent.map(({ plan }) => plan.id)).toEqual([planId]);
  const dead = await registerProcess({ connection: database.connection, name: 'dead', clock, log: silentLog });
  await world.plans.claim({ planId, processId: dead.current() as number }, clock.now(), nothing);
  await dead.stop();
  await clock.advance(1_000);
  await expect.poll(async () => (await world.state(planId)).state).toBe('done');
  await clock.drive(executor.shutdown(1_000));
  expect(clock.pending).toBe(0);
});

it('a process that is killed while it holds a claim is recovered from at once', async () => {
  const planId = await world.plan(await world.person());
  const child = spawn(
    process.execPath,
    [new URL('claiming-process.ts', import.meta.url).pathname, planId, JSON.stringify(database.connection)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  const executor = await world.executor();
  expect(await clock.drive(executor.recover())).toBe(0);
  expect((await world.state(planId)).claimedBy).not.toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const killedAt = performance.now();
  await expect.poll(() => clock.drive(executor.recover()), { interval: 5 }).toBe(1);
  expect(performance.now() - killedAt).toBeLessThan(1_000);
  expect(await world.state(planId)).toMatchObject({ state: 'done' });
});
