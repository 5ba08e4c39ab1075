import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIdMaker } from '../../src/model/ids.ts';
import { endPause, setPause } from '../../src/store/pause-write.ts';
import { createFakeAdapter, type FakeAdapter } from '../fakes/adapter.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { createManualQueue } from '../support/manual-queue.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';
import { createWorld, done, type World } from './world.ts';

let database: TestDatabase;
let clock: ManualClock;
let fake: FakeAdapter;
let world: World;
const ids = createIdMaker(systemRandom);

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(() => {
  clock = createManualClock();
  fake = createFakeAdapter();
  world = createWorld({ database, clock, fake });
});
afterEach(async () => {
  await world.close();
  await database.store.query('truncate plan, action, pause, ledger_entry, ledger_pending');
});
afterAll(async () => {
  await database?.drop();
});

async function pause(scope: Record<string, string> = {}): Promise<string> {
  const id = ids.next<never>(clock.now()) as string;
  await database.store.transaction((tx) => setPause(tx, { id, scope, reason: 'test', setBy: 'ci', setAt: clock.now() }));
  return id;
}

describe('a plan that can be carried out', () => {
  it('is called once, verified, and written down from intention to outcome', async () => {
    const person = await world.person();
    const planId = await world.plan(person);
    const executor = await world.executor();
    expect(await clock.drive(executor.run(planId))).toEqual(done);
    expect(fake.calls).toHaveLength(1);
    expect(fake.calls[0]).toMatchObject({ account: person.externalId, type: 'session.revoke', intendedAt: clock.now() });
    expect(await world.actions(planId)).toMatchObject([
      { state: 'done', attempts: 1, code: null, verifiedAt: clock.now(), residualAccessMs: 300_000 },
    ]);
    expect(await world.state(planId)).toMatchObject({ state: 'done', claimedBy: null });
    expect((await world.entries(planId)).map(({ type, core }) => [type, core.state ?? core.attempt])).toEqual([
      ['action.intended', 1],
      ['action.finished', 'done'],
    ]);
    expect(executor.finished).toHaveLength(1);
  });

  it('has the intention in the log before the provider is called', async () => {
    const planId = await world.plan(await world.person());
    let before: string[] = [];
    fake.onAct = async () => {
      before = (await world.entries(planId)).map(({ type }) => type);
    };
    await clock.drive((await world.executor()).run(planId));
    expect(before).toEqual(['action.intended']);
  });

  it('has its actions called in the order of the plan, all of them before any is looked at again', async () => {
    const planId = await world.plan({
      ...(await world.person()),
      change: { types: ['session.revoke', 'account.suspend', 'token.revoke'] },
    });
    fake.readSteps.push({ inForce: false, code: 'stillActive' });
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    expect(fake.calls.map(({ type }) => type)).toEqual(['session.revoke', 'account.suspend', 'token.revoke']);
  });

  it('ends as already where the provider says so and reading back agrees', async () => {
    const planId = await world.plan(await world.person());
    fake.acts.push({ outcome: 'already' });
    fake.readSteps.push({ inForce: true, residualAccessMs: 0 });
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    expect(await world.actions(planId)).toMatchObject([{ state: 'already', residualAccessMs: 0 }]);
  });

  it('is done once when it is run again', async () => {
    const planId = await world.plan(await world.person());
    const executor = await world.executor();
    await clock.drive(executor.run(planId));
    expect(await clock.drive(executor.run(planId))).toEqual({ result: 'none' });
    expect(fake.calls).toHaveLength(1);
  });

  it('is unverified where the adapter cannot read back', async () => {
    const blind = createFakeAdapter({ readBack: false });
    const planId = await world.plan(await world.person());
    const executor = await world.executor({ adapter: () => blind });
    expect(await clock.drive(executor.run(planId))).toEqual({ result: 'finished', state: 'partial' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'unverified', code: 'noReadBack' }]);
    expect(blind.reads).toHaveLength(0);
  });
});

describe('the claim', () => {
  it('lets one of two racing processes call the provider', async () => {
    world = createWorld({ database, clock: systemClock, fake });
    const [first, second] = [await world.executor(), await world.executor()];
    for (let round = 0; round < 20; round++) {
      const planId = await world.plan(await world.person());
      const results = await Promise.all([first.run(planId), second.run(planId)]);
      expect(results.map(({ result }) => result).sort()).toEqual(['finished', 'none']);
    }
    expect(fake.calls).toHaveLength(20);
    expect([...fake.effects.values()].every((count) => count === 1)).toBe(true);
  });

  it('keeps a later plan of a lane behind an earlier open one, and gives its job back after a while', async () => {
    const person = await world.person();
    const first = await world.plan(person);
    const second = await world.plan(person);
    const executor = await world.executor();
    expect(await clock.drive(executor.run(second))).toEqual({ result: 'blocked', by: 'lane' });
    expect(await clock.drive(executor.handle(second))).toBe('retry');
    expect(fake.calls).toHaveLength(0);
    expect(await clock.drive(executor.run(first))).toEqual(done);
    expect(await clock.drive(executor.run(second))).toEqual(done);
  });

  it('waits for an earlier plan that ends meanwhile', async () => {
    world = createWorld({ database, clock: systemClock, fake });
    const person = await world.person();
    const first = await world.plan(person);
    const second = await world.plan({ ...person, change: { types: ['token.revoke'] } });
    const executor = await world.executor();
    expect(await Promise.all([executor.run(second), executor.run(first)])).toEqual([done, done]);
    expect(fake.calls.map(({ type }) => type)).toEqual(['session.revoke', 'token.revoke']);
  });

  it('does not start an earlier plan that is committed while a later one of its lane is being carried out', async () => {
    const person = await world.person();
    const later = await world.plan(person);
    const holder = await world.executor();
    const processId = holder.process.current() as number;
    expect(await world.plans.claim({ planId: later, processId }, clock.now(), () => ({ records: [], entries: [] }))).toBeDefined();
    const earlier = await world.plan({ ...person, change: { createdAt: clock.now() - 1_000 } });
    const executor = await world.executor();
    expect(await clock.drive(executor.run(earlier))).toEqual({ result: 'blocked', by: 'lane' });
  });

  it('does not take plans that are held, refused or done', async () => {
    const executor = await world.executor();
    for (const state of ['held', 'refused'] as const) {
      const planId = await world.plan({ ...(await world.person()), change: { state } });
      expect(await clock.drive(executor.run(planId))).toEqual({ result: 'none' });
    }
    expect(fake.calls).toHaveLength(0);
  });
});

describe('a pause', () => {
  const scopes: [string, Record<string, string>, boolean][] = [
    ['the whole service', {}, true],
    ['its connection', { connection: 'okta' }, true],
    ['another connection', { connection: 'entra' }, false],
    ['its policy', { policy: 'RP-004' }, true],
    ['another policy', { policy: 'RP-001' }, false],
    ['its source', { source: 'okta' }, true],
    ['another source', { source: 'partner' }, false],
    ['one of its actions', { action: 'token.revoke' }, true],
    ['another action', { action: 'account.disable' }, false],
    ['its connection and another policy', { connection: 'okta', policy: 'RP-001' }, false],
    ['its connection and its policy', { connection: 'okta', policy: 'RP-004' }, true],
  ];
  it.each(scopes)('of %s blocks inside the claim itself: %j -> %s', async (_, scope, blocks) => {
    const planId = await world.plan({ ...(await world.person()), change: { types: ['session.revoke', 'token.revoke'] } });
    await pause(scope);
    const { process } = await world.executor();
    const claimed = await world.plans.claim({ planId, processId: process.current() as number }, clock.now(), () => ({
      records: [],
      entries: [],
    }));
    expect(claimed === undefined).toBe(blocks);
  });

  it('turns a released plan into a held one, which does not run by itself afterwards', async () => {
    const planId = await world.plan(await world.person());
    const pauseId = await pause();
    const executor = await world.executor();
    expect(await clock.drive(executor.run(planId))).toEqual({ result: 'held' });
    expect(await world.state(planId)).toMatchObject({ state: 'held', heldFor: 'pause' });
    expect((await world.entries(planId)).map(({ type }) => type)).toEqual(['plan.held']);
    expect(await endPause(database.store, { id: pauseId, endedBy: 'ci', endedAt: clock.now() })).toBe(true);
    expect(await clock.drive(executor.run(planId))).toEqual({ result: 'none' });
    expect(fake.calls).toHaveLength(0);
  });

  it('makes a due leaver wait, who is acted on when it ends', async () => {
    const planId = await world.plan({ ...(await world.person()), change: { cause: 'leaver' } });
    const pauseId = await pause();
    const jobs = createManualQueue({ clock, waiting: world.plans.waiting });
    const executor = await world.executor({ jobs });
    expect(await clock.drive(executor.run(planId))).toMatchObject({ result: 'waiting' });
    expect(jobs.sent).toMatchObject([{ plan: { id: planId }, startAt: clock.now() + 5_000 }]);
    await endPause(database.store, { id: pauseId, endedBy: 'ci', endedAt: clock.now() });
    await clock.advance(60 * 60_000);
    expect(await clock.drive(executor.run(planId))).toEqual(done);
  });

  it('that begins between two actions stops the second, and the plan is held with its intention open', async () => {
    const planId = await world.plan({ ...(await world.person()), change: { types: ['session.revoke', 'token.revoke'] } });
    fake.onAct = async () => void (await pause({ connection: 'okta' }));
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'held' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'done' }, { state: 'intended' }]);
    expect(await world.state(planId)).toMatchObject({ state: 'held', heldFor: 'pause', claimedBy: null });
    expect(fake.calls.map(({ type }) => type)).toEqual(['session.revoke']);
  });

  it('does not hide what a dead process did: it is looked at, nothing is called, and only what is left is held', async () => {
    const types = ['session.revoke', 'token.revoke'] as const;
    const [planId, whole] = [
      await world.plan({ ...(await world.person()), change: { types } }),
      await world.plan({ ...(await world.person()), change: { types: ['session.revoke'] } }),
    ];
    const died = await world.executor({ plans: { ...world.plans, end: () => Promise.reject(new Error('the process dies here')) } });
    fake.acts.push({ outcome: 'done', affected: 1 }, { outcome: 'failed', code: 'http.500', retryAfterMs: 60_000 });
    for (const each of [planId, whole]) await expect(clock.drive(died.run(each))).rejects.toThrow('the process dies here');
    await died.process.stop();
    await pause();
    const calls = fake.calls.length;
    const executor = await world.executor();
    expect(await clock.drive(executor.recover())).toBe(2);
    expect(await world.state(whole)).toMatchObject({ state: 'done' });
    expect(await world.state(planId)).toMatchObject({ state: 'held', heldFor: 'pause' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'done' }, { state: 'intended', finishedAt: null }]);
    expect(fake.calls).toHaveLength(calls);
  });

  it('leaves nothing to be called again of which nobody can say whether it took effect', async () => {
    const blind = createFakeAdapter({ readBack: false });
    const planId = await world.plan({ ...(await world.person()), change: { types: ['session.revoke', 'token.revoke'] } });
    blind.acts.push('lost');
    blind.onAct = async () => void (await pause());
    const executor = await world.executor({ adapter: () => blind });
    expect(await clock.drive(executor.run(planId))).toEqual({ result: 'held' });
    expect(await world.actions(planId)).toMatchObject([
      { state: 'unknown', finishedAt: clock.now() },
      { state: 'intended', finishedAt: null },
    ]);
  });
});

describe('the checks beneath policy', () => {
  it.each(['risk', 'partner', 'leaver', 'leaver.immediate', 'person', 'declared', 'undo', 'drill'] as const)(
    'refuse a protected person in cause %s',
    async (cause) => {
      const planId = await world.plan({ ...(await world.person({ protected: true })), change: { cause } });
      expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'refused' });
      expect(fake.calls).toHaveLength(0);
      expect(await world.actions(planId)).toMatchObject([{ state: 'refused', code: 'protected', attempts: 0 }]);
      expect((await world.entries(planId)).map(({ type, core }) => [type, core.code])).toEqual([['action.finished', 'protected']]);
    },
  );

  it('see the protection of the person into whom the record was merged', async () => {
    const person = await world.person();
    const merged = await world.person({ protected: true });
    await database.store.query('update identity set merged_into = $1 where id = $2', [merged.identityId, person.identityId]);
    expect(await clock.drive((await world.executor()).run(await world.plan(person)))).toEqual({ result: 'finished', state: 'refused' });
  });

  it('hold policies, but not orders, to the ceiling of the connection', async () => {
    const reporting = await world.executor({ ceiling: () => ({ mode: 'report-only', maxRung: 6 }) });
    const low = await world.executor({ ceiling: () => ({ mode: 'enforce', maxRung: 3 }) });
    const plan = async (cause: 'risk' | 'person' | 'leaver.immediate', type: 'session.revoke' | 'account.suspend') =>
      world.plan({ ...(await world.person()), change: { cause, types: [type] } });
    expect(await clock.drive(reporting.run(await plan('risk', 'session.revoke')))).toEqual({ result: 'finished', state: 'refused' });
    expect(await clock.drive(low.run(await plan('risk', 'account.suspend')))).toEqual({ result: 'finished', state: 'refused' });
    expect(fake.calls).toHaveLength(0);
    expect(await clock.drive(low.run(await plan('risk', 'session.revoke')))).toEqual(done);
    expect(await clock.drive(reporting.run(await plan('person', 'account.suspend')))).toEqual(done);
    expect(await clock.drive(reporting.run(await plan('leaver.immediate', 'account.suspend')))).toEqual(done);
  });

  it('refuse what the adapter does not declare, and go on with what it does', async () => {
    const planId = await world.plan({ ...(await world.person()), change: { types: ['account.disable', 'session.revoke'] } });
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'partial' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'refused', code: 'unsupported' }, { state: 'done' }]);
  });

  it('refuse where connection, account or person is gone', async () => {
    const executor = await world.executor();
    const person = await world.person();
    const elsewhere = await world.plan({ ...person, change: { connection: 'gone' } });
    expect(await clock.drive(executor.run(elsewhere))).toEqual({ result: 'finished', state: 'refused' });
    expect(await world.actions(elsewhere)).toMatchObject([{ code: 'noConnection' }]);
    const erased = await world.plan(person);
    await database.store.query('delete from account where id = $1', [person.accountId]);
    expect(await clock.drive(executor.run(erased))).toEqual({ result: 'finished', state: 'refused' });
    expect(await world.actions(erased)).toMatchObject([{ code: 'noAccount' }]);
    expect(fake.calls).toHaveLength(0);
  });
});

describe('an action on one session', () => {
  it('names the session that the decision meant', async () => {
    const planId = await world.plan({ ...(await world.person()), change: { target: { sessionId: 's1' } } });
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    expect(fake.calls.map(({ parameters }) => parameters)).toEqual([{ scope: 'one', sessionId: 's1' }]);
  });

  it('is refused, and never widened, where the name of the session is gone', async () => {
    const planId = await world.plan({ ...(await world.person()), change: { target: {} } });
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'refused' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'refused', code: 'noTarget' }]);
    expect(fake.calls).toHaveLength(0);
  });
});

describe('a call that fails', () => {
  it('is called again with the same key after a short wait, each attempt in the log', async () => {
    fake.acts.push({ outcome: 'failed', code: 'http.500' }, { outcome: 'failed', code: 'http.503' });
    const planId = await world.plan(await world.person());
    const startAt = clock.now();
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    expect(new Set(fake.calls.map(({ key }) => key)).size).toBe(1);
    expect(new Set(fake.calls.map(({ intendedAt }) => intendedAt)).size).toBe(1);
    expect(clock.now() - startAt).toBe(250 + 500);
    expect(await world.actions(planId)).toMatchObject([{ state: 'done', attempts: 3 }]);
    expect((await world.entries(planId)).map(({ type, core }) => core.attempt ?? type)).toEqual([1, 2, 3, 'action.finished']);
  });

  it('is not repeated before Retry-After, over which the plan is given back', async () => {
    fake.acts.push({ outcome: 'failed', code: 'http.429', retryAfterMs: 30_000 });
    const planId = await world.plan(await world.person());
    const executor = await world.executor();
    const result = await clock.drive(executor.run(planId));
    expect(result).toMatchObject({ result: 'waiting', until: clock.now() + 30_250 });
    expect(await world.state(planId)).toMatchObject({ state: 'released', claimedBy: null, nextAt: clock.now() + 30_250 });
    expect(await world.actions(planId)).toMatchObject([{ state: 'failed', code: 'http.429', finishedAt: null }]);
    await clock.advance(26_000);
    expect(await clock.drive(executor.run(planId))).toEqual({ result: 'blocked', by: 'notDue' });
    expect(fake.calls).toHaveLength(1);
    await clock.advance(4_250);
    expect(await clock.drive(executor.run(planId))).toEqual(done);
    expect(fake.calls).toHaveLength(2);
    expect(fake.reads).toHaveLength(1);
  });

  it('ends as failed when the deadline of the plan does not allow another try', async () => {
    fake.acts.push({ outcome: 'failed', code: 'http.429', retryAfterMs: 16 * 60_000 });
    const planId = await world.plan(await world.person());
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'failed' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'failed', code: 'http.429' }]);
  });

  it('is tried until the deadline and no longer', async () => {
    fake.acts.push(...Array.from({ length: 400 }, () => ({ outcome: 'failed', code: 'http.500' }) as const));
    const planId = await world.plan(await world.person());
    const startAt = clock.now();
    const jobs = createManualQueue({ clock, waiting: world.plans.waiting });
    const executor = await world.executor({ jobs });
    await jobs.work(executor.handle);
    while ((await world.state(planId)).state === 'released') {
      await clock.drive(jobs.fireDue());
      const { nextAt } = await world.state(planId);
      if (nextAt !== null) await clock.advance(nextAt - clock.now());
    }
    expect(await world.state(planId)).toMatchObject({ state: 'failed' });
    expect(clock.now() - startAt).toBeGreaterThan(14 * 60_000);
    expect(clock.now() - startAt).toBeLessThanOrEqual(15 * 60_000);
  });

  it('has one attempt however late the plan begins', async () => {
    const planId = await world.plan({ ...(await world.person()), change: { createdAt: clock.now() - 24 * 3_600_000 } });
    fake.acts.push({ outcome: 'failed', code: 'http.500' });
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
  });

  it('is final when the provider refuses', async () => {
    fake.acts.push({ outcome: 'refused', code: 'notFound' });
    const planId = await world.plan(await world.person());
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'failed' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'refused', code: 'notFound', attempts: 1 }]);
    expect(fake.calls).toHaveLength(1);
  });
});

describe('a lost answer', () => {
  it('is settled by reading back, without a second call', async () => {
    fake.acts.push('lost');
    const planId = await world.plan(await world.person());
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    expect(fake.calls).toHaveLength(1);
    expect(await world.actions(planId)).toMatchObject([{ state: 'done', attempts: 1, residualAccessMs: 300_000 }]);
  });

  it('is followed by a call with the same key where the action is not in force', async () => {
    fake.acts.push({ outcome: 'unknown', code: 'reset' });
    const planId = await world.plan(await world.person());
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    expect(fake.calls).toHaveLength(2);
    expect(new Set(fake.calls.map(({ key }) => key)).size).toBe(1);
    expect(fake.reads.length).toBeGreaterThanOrEqual(2);
  });

  it('of an adapter that throws is treated as lost', async () => {
    fake.acts.push('throw');
    fake.readSteps.push('throw');
    expect(await clock.drive((await world.executor()).run(await world.plan(await world.person())))).toEqual(done);
  });

  it.each(['hang', 'deaf'] as const)('of a provider that does not answer (%s) is cut at the deadline of the call', async (step) => {
    fake.acts.push(step);
    const planId = await world.plan(await world.person());
    const executor = await world.executor();
    const run = executor.run(planId);
    await expect.poll(() => fake.calls.length).toBe(1);
    await clock.advance(10_000);
    expect(await clock.drive(run)).toEqual(done);
    expect(fake.calls).toHaveLength(2);
  });

  it('that cannot be read back until the deadline ends as unknown', async () => {
    fake.acts.push({ outcome: 'unknown', code: 'reset' });
    fake.readSteps.push({ inForce: null, code: 'http.503', retryAfterMs: 16 * 60_000 });
    const planId = await world.plan(await world.person());
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'failed' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'unknown', code: 'reset' }]);
  });
});

describe('verification', () => {
  it('waits until the effect is seen', async () => {
    fake.readSteps.push(
      { inForce: false, code: 'stillActive' },
      { inForce: null, code: 'http.500' },
      { inForce: false, code: 'stillActive' },
    );
    const planId = await world.plan(await world.person());
    const acceptedAt = clock.now();
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
    const [action] = await world.actions(planId);
    expect(action).toMatchObject({ state: 'done', finishedAt: acceptedAt });
    expect(action?.verifiedAt).toBeGreaterThan(acceptedAt);
    expect(fake.calls).toHaveLength(1);
  });

  it('ends as unverified after two minutes, over runs that give the plan back, and calls nothing again', async () => {
    fake.readSteps.push(...Array.from({ length: 200 }, () => ({ inForce: false, code: 'stillActive' }) as const));
    const planId = await world.plan(await world.person());
    const startAt = clock.now();
    const jobs = createManualQueue({ clock, waiting: world.plans.waiting });
    const executor = await world.executor({ jobs });
    await jobs.work(executor.handle);
    while ((await world.state(planId)).state === 'released') {
      await clock.drive(jobs.fireDue());
      const { nextAt } = await world.state(planId);
      if (nextAt !== null) await clock.advance(nextAt - clock.now());
    }
    expect(await world.state(planId)).toMatchObject({ state: 'partial' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'unverified', code: 'stillActive', finishedAt: startAt }]);
    expect(clock.now() - startAt).toBeLessThanOrEqual(120_000);
    expect(clock.now() - startAt).toBeGreaterThan(90_000);
    expect(fake.calls).toHaveLength(1);
  });
});

describe('calls to one connection', () => {
  it('are never more at once than its manifest allows', async () => {
    fake = createFakeAdapter({ concurrency: 3 });
    world = createWorld({ database, clock: systemClock, fake });
    fake.onAct = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const executor = await world.executor();
    const planIds = await Promise.all(Array.from({ length: 12 }, async () => world.plan(await world.person())));
    expect(new Set((await Promise.all(planIds.map((id) => executor.run(id)))).map(({ result }) => result))).toEqual(new Set(['finished']));
    expect(fake.peak).toBeLessThanOrEqual(3);
  });
});

describe('shutdown', () => {
  it('lets runs end, and gives plans that only wait back at once', async () => {
    fake.acts.push({ outcome: 'failed', code: 'http.500', retryAfterMs: 1_500 });
    const planId = await world.plan(await world.person());
    const executor = await world.executor();
    const run = executor.run(planId);
    await clock.nextSleep();
    await executor.shutdown(10_000);
    expect(await run).toMatchObject({ result: 'waiting' });
    expect(await world.state(planId)).toMatchObject({ state: 'released', claimedBy: null });
  });

  it('cuts what does not end in time and leaves it to recovery', async () => {
    fake.acts.push('deaf');
    const planId = await world.plan(await world.person());
    const executor = await world.executor();
    const run = executor.run(planId);
    await expect.poll(() => fake.calls.length).toBe(1);
    await clock.drive(executor.shutdown(2_000));
    expect(await run).toEqual({ result: 'none' });
    expect(await world.state(planId)).toMatchObject({ state: 'released', claimedBy: executor.process.current() });
    await executor.process.stop();
    const next = await world.executor();
    expect(await clock.drive(next.recover())).toBe(1);
    expect(await world.state(planId)).toMatchObject({ state: 'done' });
  });
});
