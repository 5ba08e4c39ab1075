/** What the executor refuses although everything above it let it pass. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refusesProtected, tooFew } from '../../src/guard/index.ts';
import { actionTypeNames } from '../../src/model/action.ts';
import { causes } from '../../src/model/signal.ts';
import { compileList, lasting } from '../../src/policy/lists.ts';
import { createFakeAdapter, type FakeAdapter } from '../fakes/adapter.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { createWorld, type World } from './world.ts';

let database: TestDatabase;
let clock: ManualClock;
let world: World;
let fake: FakeAdapter;

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(() => {
  clock = createManualClock();
  fake = createFakeAdapter({ types: actionTypeNames });
  world = createWorld({ database, clock, fake });
});
afterEach(async () => {
  await world.close();
  await database.store.query('truncate plan, action, pause, ledger_entry, ledger_pending, identifier');
});
afterAll(async () => {
  await database?.drop();
});

const protect = (id: string) => database.store.query('update identity set protected = true where id = $1', [id]);

const refused = { result: 'finished', state: 'refused' };

describe('a plan that falls on somebody protected', () => {
  it.each(causes)(
    'is refused for every action in cause %s, also where a fault above made it name somebody else, or nobody',
    async (cause) => {
      const [shielded, other] = [await world.person({ protected: true }), await world.person()];
      const executor = await world.executor();
      for (const identityId of [shielded.identityId, other.identityId, null]) {
        const planId = await world.plan({ identityId, accountId: shielded.accountId, change: { cause, types: actionTypeNames } });
        expect(await clock.drive(executor.run(planId))).toEqual(refused);
        const actions = await world.actions(planId);
        expect(actions.map(({ type }) => type)).toEqual(actionTypeNames);
        for (const action of actions) expect(action).toMatchObject({ state: 'refused', code: 'protected', attempts: 0 });
      }
      expect(fake.calls).toEqual([]);
    },
  );

  it.each(['break-glass', 'on-call'])('is refused for a member of the group %s, and one whom the list names', async (group) => {
    const person = await world.person();
    await database.store.query('update identity set groups = $2 where id = $1', [person.identityId, [group]]);
    const list = compileList(lasting(['on-call']));
    const executor = await world.executor({ refuses: (owner) => refusesProtected(owner, list, 0) });
    expect(await clock.drive(executor.run(await world.plan({ ...person, identityId: null })))).toEqual(refused);
    expect(fake.calls).toEqual([]);
  });

  it('is refused by an alias that the list names', async () => {
    const person = await world.person();
    await database.store.query(`insert into identifier (format, value, identity_id, source) values ('alias', 'ada', $1, 'test')`, [
      person.identityId,
    ]);
    const list = compileList(lasting(['ada']));
    const executor = await world.executor({ refuses: (owner) => refusesProtected(owner, list, 0) });
    expect(await clock.drive(executor.run(await world.plan({ ...person, identityId: null })))).toEqual(refused);
  });

  it('is refused where the protection begins after the claim: before the first call, and before the next', async () => {
    const person = await world.person();
    const planId = await world.plan({ ...person, change: { types: ['session.revoke', 'token.revoke'] } });
    fake.onAct = async () => void (await protect(person.identityId));
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'partial' });
    expect(await world.actions(planId)).toMatchObject([{ state: 'done' }, { state: 'refused', code: 'protected' }]);
    expect(fake.calls.map(({ type }) => type)).toEqual(['session.revoke']);
  });

  it('is not called again after a failure once the person is protected', async () => {
    const person = await world.person();
    const planId = await world.plan(person);
    fake.acts.push({ outcome: 'failed', code: 'busy' });
    fake.onAct = async () => void (await protect(person.identityId));
    expect(await clock.drive((await world.executor()).run(planId))).toEqual({ result: 'finished', state: 'failed' });
    expect(fake.calls).toHaveLength(1);
    expect(await world.actions(planId)).toMatchObject([{ state: 'refused', code: 'protected' }]);
  });
});

describe('the last administrators', () => {
  it.each(causes)('stay in cause %s', async (cause) => {
    const admin = await world.person();
    await database.store.query(`update identity set tier = 'standing' where id = $1`, [admin.identityId]);
    const floor = { perConnection: 2, perRolePercent: 50, breakGlassCounts: false };
    const executor = await world.executor({
      spares: (action, _, owner) => (action.type === 'account.suspend' ? tooFew({ active: 2, roles: {} }, owner.tier, floor) : undefined),
    });
    const planId = await world.plan({ ...admin, change: { cause, types: ['account.suspend', 'session.revoke'] } });
    await clock.drive(executor.run(planId));
    expect(await world.actions(planId)).toMatchObject([{ state: 'refused', code: 'adminFloor' }, { state: 'done' }]);
  });
});
