/** Accounts that we hold are enabled behind our back: whether it stays so is decided by who it was. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ActionId, IdentityId, PlanId } from '../../src/model/ids.ts';
import type { Role } from '../../src/model/operator.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { insertToken, revokeToken } from '../../src/store/token-store.ts';
import { openPeopleWorld, type PeopleProcess, type PeopleWorld } from './people-world.ts';
import { carryOut, linesOf, planState, release, rowOf } from './undo-world.ts';

/** `kim` has the name of a token, `lea` is named for one, `max` is another person of the directory, `sync` synchronises it. */
const others = ['ann', 'kim', 'lea', 'lea2', 'max', 'sync'];
const victims = Array.from({ length: 40 }, (_, n) => `v${n}`);
const admin = { name: 'root', roles: ['admin'] as readonly Role[] };
const analyst = { name: 'kim', roles: ['analyst'] as readonly Role[] };
const client = { name: 'feed', roles: ['ingest'] as readonly Role[] };

const account = (id: string, kind?: string) => ({ connection: 'sandbox', id, ...(kind && { kind }) });
const accountsOf: Readonly<Record<string, readonly object[]>> = {
  kim: [account('kim'), account('kim-svc', 'service'), account('max@example.com', 'service')],
  sync: [account('sync', 'sync')],
  duo: [account('duo1'), account('duo2')],
};

let world: PeopleWorld;
let service: PeopleProcess;
let left: string[];
let who = '';
let held: { actionId: ActionId; planId: PlanId; identityId: IdentityId };

beforeAll(async () => {
  world = await openPeopleWorld([...others, 'duo1', 'duo2', ...victims]);
  const identities = [...others, 'duo', ...victims].map((id) => ({
    id,
    emails: [`${id}@example.com`],
    upn: `${id}@corp.example.com`,
    accounts: accountsOf[id] ?? [account(id)],
  }));
  const tokens = [admin, analyst, client, { name: 'lea-ci', roles: ['approver'] }].map(({ name, roles }) => ({
    name,
    sha256: createHash('sha256').update(name).digest('hex'),
    roles,
  }));
  service = await world.start(identities, { tokens, people: { 'lea-ci': 'lea', feed: 'max' } });
  left = [...victims];
});
afterAll(() => world?.close());
beforeEach(async () => {
  // What was suspended before ends, and counts against no limit of a day any more.
  await world.pass(25 * 3600);
  await service.core.undos.look();
  await watch();
  who = left.pop() as string;
  held = await suspend(who);
});

async function suspend(person: string) {
  const [plan] = await release(world, service, [person]);
  if (plan === undefined) throw new Error('nobody was suspended');
  await world.pass(1);
  return { actionId: plan.actionIds[0] as ActionId, planId: plan.planId, identityId: plan.identityId };
}
const isSuspended = () => world.provider.account(who).suspended;
const enable = () => world.provider.hold(who, { suspended: false });
/** Somebody enables the account, and the provider tells who. */
async function enabledBy(actor?: string, initiator?: string): Promise<void> {
  enable();
  await service.event('account_enabled', who, { ...(actor && { actor }), ...(initiator && { initiator }) });
  await watch();
}
async function watch(): Promise<void> {
  while ((await service.core.undos.watch(AbortSignal.timeout(10_000))) > 0);
  await carryOut(world, service);
  await world.pass(1);
}
async function openIncident(identityId: IdentityId): Promise<string> {
  const [incident, plan] = [service.core.ids.next<never>(service.core.clock.now()), service.core.ids.next<never>(service.core.clock.now())];
  await world.query(
    `insert into incident (id, signal_type, guard, source, opened_at, last_at) values ($1, $2, 'surge', 'partner', clock_timestamp(), clock_timestamp())`,
    [incident, `${incident}`],
  );
  await world.query(
    `insert into incident_member (plan_id, incident_id, decision_id, signal_id, identity_id, joined_at) values ($1, $2, $1, $1, $3, clock_timestamp())`,
    [plan, incident, identityId],
  );
  return incident;
}
const told = async () => (await world.told('action.reversed')).filter(({ actionId }) => actionId === held.actionId);
const core = async () => {
  const rows = await world.query(
    `select core from ledger_entry where type = 'action.reversed' and core::json->>'actionId' = $1 order by id`,
    [held.actionId],
  );
  return rows.map((row) => JSON.parse(String(row['core'])) as Record<string, unknown>);
};
const subject = () => ({ format: 'email', email: `${who}@example.com` });

async function expectRespected(by: 'operator' | 'person', more: object): Promise<void> {
  const { actionId, planId } = held;
  expect([isSuspended(), await planState(world, planId)]).toEqual([false, 'undone']);
  expect(await rowOf(world, actionId)).toMatchObject({ endedBy: 'respected', dueAt: null });
  expect((await told()).at(-1)).toEqual({ actionId, planId, times: expect.any(Number), respected: by });
  expect((await core()).at(-1)).toMatchObject({ actionId, planId, respected: by, ...more });
  const shown = await service.parts.records.actions.get(actionId, {}, admin);
  expect(shown).toMatchObject({ state: 'done', endedBy: 'respected', endedAt: expect.any(String) });
  await world.pass(5 * 3600);
  await service.core.undos.look();
  await watch();
  expect(isSuspended()).toBe(false);
}

async function expectPutBack(): Promise<void> {
  expect(isSuspended()).toBe(true);
  expect(await rowOf(world, held.actionId)).toMatchObject({ reversed: 1, endedBy: null });
  expect(await told()).toEqual([{ actionId: held.actionId, planId: held.planId, times: 1 }]);
}

describe('put back once, then held and paged, is what was enabled', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['by nobody who is named', undefined, undefined],
    ['by a policy of the provider, whoever it names', 'kim', 'policy'],
    ['by the provider itself, whoever it names', 'kim', 'system'],
    ['by the account that synchronises the directory', 'sync', 'admin'],
    ['by the same, by its address', 'sync@example.com', 'admin'],
    ['by an account of an operator that is a service’s', 'kim-svc', 'admin'],
    ['by a service’s account that has the address of a person for its id', 'max@example.com', 'admin'],
    ['by somebody whom nobody knows', 'stranger@example.com', 'admin'],
    ['by a name that no person can have', 'kim\u0000', 'admin'],
  ])('%s', async (_, actor, initiator) => {
    await enabledBy(actor, initiator);
    await expectPutBack();
    await enabledBy(actor, initiator);
    expect(isSuspended()).toBe(false);
    expect((await told())[1]).toEqual({ actionId: held.actionId, planId: held.planId, times: 2, page: true });
  });

  it('by the person themselves', async () => {
    await enabledBy(who, 'user');
    await expectPutBack();
  });

  it('and found so by reading alone', async () => {
    enable();
    await world.pass(60);
    await watch();
    await expectPutBack();
  });
});

describe('an operator of ours', () => {
  it('by token, who says that they did it, is respected', async () => {
    enable();
    await service.signal(subject(), 'account_enabled', {}, analyst);
    await watch();
    await expectRespected('operator', { by: 'kim', times: 1 });
  });

  it.each([
    ['whose name is that of a token, by their account', 'kim', 'kim'],
    ['in another spelling, by their address', 'Kim@Example.com', 'kim'],
    ['by their UPN', 'kim@corp.example.com', 'kim'],
    ['whom the configuration names for a token', 'lea@example.com', 'lea'],
  ])('at the provider, %s, is respected', async (_, actor, alias) => {
    await enabledBy(actor, 'admin');
    const [row] = await world.query('select identity_id as id from identity_alias where alias = $1', [alias]);
    await expectRespected('operator', { byIdentityId: row?.['id'] });
  });

  it('is respected inside an open incident too', async () => {
    await openIncident(held.identityId);
    await enabledBy('kim', 'admin');
    await expectRespected('operator', {});
  });

  it('who was merged into another record since is still the operator', async () => {
    enable();
    await service.event('account_enabled', who, { actor: 'lea2', initiator: 'admin' });
    const idOf = async (alias: string) =>
      String((await world.query('select identity_id as id from identity_alias where alias = $1', [alias]))[0]?.['id']);
    await openIncident(held.identityId);
    await service.parts.merge(await idOf('lea2'), await idOf('lea'), 'one person', admin);
    await watch();
    await expectRespected('operator', {});
  });

  it('who restores what was put back in vain is respected', async () => {
    await enabledBy();
    await expectPutBack();
    await enabledBy('kim', 'admin');
    await expectRespected('operator', { times: 2 });
  });

  it('whose word comes while a second reversal waits for a person ends the waiting', async () => {
    await enabledBy();
    await enabledBy();
    const [plan] = await world.query(
      `select p.id, p.state from plan p join undo u on u.put_back_decision_id = p.decision_id where u.action_id = $1`,
      [held.actionId],
    );
    expect(plan?.['state']).toBe('held');
    await service.signal(subject(), 'account_enabled', {}, analyst);
    await watch();
    await expectRespected('operator', { by: 'kim', times: 2 });
    expect(await planState(world, plan?.['id'] as string)).toBe('refused');
    expect(await linesOf(world, 'planId', plan?.['id'] as string)).toContain('plan.refused');
  });

  it('whose event comes after the reading was too late for what was put back, and not for the next time', async () => {
    await world.pass(60);
    const enabledAt = service.core.clock.now();
    enable();
    await watch();
    await expectPutBack();
    await service.event('account_enabled', who, { actor: 'kim', initiator: 'admin' }, { occurredAt: enabledAt });
    await watch();
    expect(isSuspended()).toBe(true);
    enable();
    await world.pass(300);
    await watch();
    // That was somebody else, and nobody knows who.
    expect(await rowOf(world, held.actionId)).toMatchObject({ reversed: 2, endedBy: null });
    await service.event('account_enabled', who, { actor: 'kim', initiator: 'admin' });
    await watch();
    await expectRespected('operator', { times: 2 });
  });

  it('who is said to have enabled what is seen held an hour later did not enable it then', async () => {
    await service.event('account_enabled', who, { actor: 'kim', initiator: 'admin' });
    await world.pass(3600);
    await watch();
    expect(isSuspended()).toBe(true);
    enable();
    await world.pass(3600);
    await watch();
    await expectPutBack();
  });

  it('of an earlier event is not the one of a later', async () => {
    enable();
    await service.event('account_enabled', who);
    await service.event('account_enabled', who, { actor: 'kim', initiator: 'admin' }, { occurredAt: service.core.clock.now() - 500 });
    await watch();
    await expectPutBack();
  });

  it('who enabled the account before it was suspended is not asked', async () => {
    await service.event('account_enabled', who, { actor: 'kim' }, { occurredAt: service.core.clock.now() - 2_000 });
    expect(await world.query('select enabled_at from undo where action_id = $1', [held.actionId])).toEqual([{ enabled_at: null }]);
    enable();
    await world.pass(60);
    await watch();
    await expectPutBack();
  });

  it('is believed of the account that they enabled, and of no other of the person', async () => {
    [who, held] = ['duo1', await suspend('duo1')];
    const other = await suspend('duo2');
    enable();
    world.provider.hold('duo2', { suspended: false });
    await service.event('account_enabled', 'duo1', { actor: 'kim', initiator: 'admin' });
    await watch();
    expect(await rowOf(world, other.actionId)).toMatchObject({ endedBy: null, reversed: 1 });
    expect(world.provider.account('duo2').suspended).toBe(true);
    await expectRespected('operator', {});
  });
});

describe('somebody else whom we know', () => {
  it('is respected outside of any open incident', async () => {
    await openIncident((await world.query(`select identity_id as id from identity_alias where alias = 'max'`))[0]?.['id'] as IdentityId);
    await enabledBy('max', 'admin');
    await expectRespected('person', {});
  });

  it('is respected where the incident has ended', async () => {
    const incident = await openIncident(held.identityId);
    await world.query(`update incident set state = 'judged' where id = $1`, [incident]);
    await enabledBy('max', 'admin');
    await expectRespected('person', {});
  });

  it('is an operator by a token that was made by command, and none once it is revoked', async () => {
    const at = service.core.clock.now();
    const token = {
      id: service.core.ids.next<never>(at),
      name: 'max',
      roles: ['approver'] as const,
      types: null,
      createdAt: at,
      expiresAt: null,
    };
    await insertToken(world.database.store, { ...token, sha256: createHash('sha256').update('max').digest() });
    await openIncident(held.identityId);
    await enabledBy('max@corp.example.com', 'admin');
    await expectRespected('operator', {});
    await revokeToken(world.database.store, 'max', service.core.clock.now());
    [who, held] = ['ann', await suspend('ann')];
    await openIncident(held.identityId);
    await enabledBy('max@corp.example.com', 'admin');
    await expectPutBack();
  });

  it('inside one is not: it is put back', async () => {
    await openIncident(held.identityId);
    await enabledBy('max', 'admin');
    await expectPutBack();
  });
});

describe('nobody is believed who', () => {
  it('sends by API that an operator did it', async () => {
    enable();
    await service.signal(subject(), 'account_enabled', { facts: { actor: 'kim', by: 'kim', initiator: 'admin' } }, client);
    await watch();
    await expectPutBack();
  });

  it.each<[string, (email: string) => Partial<Arrival>]>([
    ['is another provider', (value) => ({ source: 'elsewhere', claim: { kind: 'person', person: [{ format: 'email', value }] } })],
    ['is a connection, and no provider of identities', () => ({ sourceKind: 'edr' })],
    ['breaks the definition of the event', () => ({ quarantine: 'occurredAt:ahead' })],
  ])('%s', async (_, more) => {
    enable();
    await service.event('account_enabled', who, { actor: 'kim', initiator: 'admin' }, more(`${who}@example.com`));
    await watch();
    await expectPutBack();
  });

  it('tells so as a partner', async () => {
    enable();
    const event = { uri: 'https://schemas.openid.net/secevent/risc/event-type/account-enabled', payload: { actor: 'kim' } };
    expect(await service.push(subject(), 0, event)).toBe(202);
    await watch();
    await expectPutBack();
  });
});

it('no name of who did it stands in a row, an entry or a notice in clear', async () => {
  await enabledBy('kim@corp.example.com', 'admin');
  for (const table of ['undo', 'signal', 'notice', 'ledger_entry', 'plan']) {
    const rows = await world.query(`select 1 from ${table} t where t::text like '%kim@%'`);
    expect(rows, table).toEqual([]);
  }
});
