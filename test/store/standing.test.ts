/** Administrators, freshness of directories, and whom lists name, as the database has them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endsAdministration } from '../../src/guard/index.ts';
import { type AccountId, type ActionId, createIdMaker, type IdentityId, type PlanId } from '../../src/model/ids.ts';
import { countAdmins, peopleNamed, readDirectoryTimes, recordDirectoryRead } from '../../src/store/standing.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const ids = createIdMaker(systemRandom);
const ending = [...endsAdministration];
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(() => database.store.query('truncate identity, account, action, plan, identifier, directory_read cascade'));
afterAll(() => database?.drop());

async function person(
  tier: string,
  { status = 'active', groups = [] as string[], connection = 'okta' } = {},
): Promise<{ id: IdentityId; account: AccountId }> {
  const [id, account] = [ids.next<IdentityId>(1), ids.next<AccountId>(1)];
  await database.store.query(`insert into identity (id, tier, groups, created_at) values ($1, $2, $3, to_timestamp(0))`, [
    id,
    tier,
    groups,
  ]);
  await database.store.query(
    `insert into account (id, identity_id, connection, external_id, status, created_at) values ($1, $2, $5, $3, $4, to_timestamp(0))`,
    [account, id, account, status, connection],
  );
  return { id, account };
}

async function acted(account: AccountId, type: string, state: string, at = 1): Promise<PlanId> {
  const planId = ids.next<PlanId>(1);
  await database.store.query(
    `insert into plan (id, decision_id, signal_id, lane, connection, actions, cause, source, profile, state, created_at, deadline_at)
     values ($1, $1, $1, $2, 'okta', '[]', 'risk', 'idp', 'standard', 'done', to_timestamp(0), to_timestamp(0))`,
    [planId, account],
  );
  await database.store.query(
    `insert into action (id, plan_id, position, connection, account_id, type, parameters, idempotency_key, state, intended_at)
     values ($1, $2, 0, 'okta', $3, $4, '{}', '', $5, to_timestamp($6::float8 / 1000))`,
    [ids.next<ActionId>(1), planId, account, type, state, at],
  );
  return planId;
}

describe('administrators', () => {
  it('are counted by connection and role; emergency accounts, the disabled and those who hold no rights are not', async () => {
    for (const tier of ['standing', 'standing', 'tier0', 'none']) await person(tier);
    await person('tier0', { groups: ['break-glass'] });
    await person('standing', { status: 'disabled' });
    await person('standing', { status: 'suspended' });
    expect(await countAdmins(database.store, ending)).toEqual({
      okta: { active: 3, roles: { standing: { active: 2, all: 3 }, tier0: { active: 1, all: 1 } } },
    });
  });

  it.each([
    ['account.suspend', 'intended', 0],
    ['account.suspend', 'unknown', 0],
    ['account.disable', 'done', 0],
    ['account.suspend', 'refused', 1],
    ['account.suspend', 'failed', 1],
    ['session.revoke', 'done', 1],
  ])('on whom %s is %s leave %i active, directory or not, and the plan that asks does not count itself', async (type, state, active) => {
    const { account } = await person('standing');
    const planId = await acted(account, type, state);
    expect((await countAdmins(database.store, ending))['okta']?.active).toBe(active);
    expect((await countAdmins(database.store, ending, planId))['okta']?.active).toBe(1);
  });
});

describe('administration that was taken', () => {
  it('counts again once it was given back, or once the directory was read after it and calls the account active', async () => {
    const [restored, reread] = [await person('standing'), await person('standing', { connection: 'entra' })];
    const active = async () => Object.values(await countAdmins(database.store, ending)).map((count) => count.active);
    for (const { account } of [restored, reread]) await acted(account, 'account.suspend', 'done', 1_000);
    expect(await active()).toEqual([0, 0]);
    await acted(restored.account, 'account.restore', 'done', 2_000);
    await recordDirectoryRead(database.store, 'entra', 2_000);
    expect(await active()).toEqual([1, 1]);
    await acted(restored.account, 'account.suspend', 'intended', 3_000);
    await acted(reread.account, 'account.suspend', 'intended', 500);
    expect(await active()).toEqual([0, 0]);
  });
});

describe('lists of people', () => {
  it('name somebody by alias or address, in any spelling of an address, and nobody by a text that is nobody', async () => {
    const { id } = await person('none');
    for (const [format, value] of [
      ['alias', 'ada'],
      ['email', 'ada@corp.example'],
      ['phone_number', '+4711111111'],
    ])
      await database.store.query(`insert into identifier (format, value, identity_id, source) values ($1, $2, $3, 'test')`, [
        format,
        value,
        id,
      ]);
    const named = await peopleNamed(database.store, ['ada', 'Ada@Corp.example', 'nobody', '+4711111111']);
    expect([...named].map(([whom, texts]) => [whom, [...texts].sort()])).toEqual([[id, ['Ada@Corp.example', 'ada']]]);
    expect((await peopleNamed(database.store, [])).size).toBe(0);
  });
});

it('a directory is as fresh as it was last read whole', async () => {
  await recordDirectoryRead(database.store, 'okta', 1_000);
  await recordDirectoryRead(database.store, 'okta', 2_000);
  expect(await readDirectoryTimes(database.store)).toEqual({ okta: 2_000 });
});
