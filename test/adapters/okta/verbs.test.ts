/** What is Okta's own in the actions: what a status forbids, whose a suspension is, how far each reaches, and what lives on. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionOrder } from '../../../src/adapters/contract.ts';
import type { ActionType } from '../../../src/model/action.ts';
import type { Person, Status } from '../../fakes/okta/records.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { createManualClock } from '../../support/clock.ts';
import { type Connected, connect } from './bench.ts';

const hour = 3_600_000;
let standIn: OktaStandIn;
let alice: Person;
let open: Connected[];

beforeEach(async () => {
  standIn = await startOkta({ people: [{ login: 'alice@example.com' }, { login: 'bob@example.com' }] });
  alice = standIn.person('alice@example.com');
  open = [];
});

afterEach(async () => {
  for (const connection of open) await connection.close();
  await standIn.close();
});

async function connected(...given: Parameters<typeof connect> extends [unknown, ...infer Rest] ? Rest : never) {
  const connection = await connect(standIn, ...given);
  open.push(connection);
  return connection.adapter;
}

function order(type: ActionType, parameters: ActionOrder['parameters'] = {}, given: Partial<ActionOrder> = {}): ActionOrder {
  const signal = AbortSignal.timeout(15_000);
  return { idempotencyKey: randomUUID(), type, account: alice.id, parameters, intendedAt: Date.now(), signal, ...given };
}

describe('closing an account', () => {
  test.each<[Status, string]>([
    ['LOCKED_OUT', 'statusLockedOut'],
    ['PASSWORD_EXPIRED', 'statusPasswordExpired'],
    ['RECOVERY', 'statusRecovery'],
    ['STAGED', 'statusStaged'],
    ['PROVISIONED', 'statusProvisioned'],
  ])('is refused before anything is written for one that is %s, with the reason', async (status, code) => {
    const adapter = await connected();
    standIn.change(alice, { status });
    for (const type of ['account.suspend', 'account.disable'] as const)
      expect(await adapter.act(order(type))).toEqual({ outcome: 'refused', code });
    expect(standIn.writes()).toEqual([]);
  });

  test('suspends and never deactivates; one that is deactivated is closed already, and not opened by us', async () => {
    const adapter = await connected();
    expect((await adapter.act(order('account.disable'))).outcome).toBe('done');
    expect(standIn.writes().map(({ path }) => path.split('/').at(-1))).toEqual(['suspend']);
    standIn.change(alice, { status: 'DEPROVISIONED' });
    expect(await adapter.act(order('account.disable'))).toEqual({ outcome: 'already' });
    expect(await adapter.act(order('account.restore'))).toEqual({ outcome: 'refused', code: 'statusDeprovisioned' });
  });

  test('by two actions is opened only when both are lifted, in either order', async () => {
    for (const [first, second] of [
      ['account.suspend', 'account.disable'],
      ['account.disable', 'account.suspend'],
    ] as const) {
      const adapter = await connected();
      standIn.change(alice, { status: 'ACTIVE' });
      expect((await adapter.act(order(first))).outcome).toBe('done');
      expect(await adapter.readBack(order(second))).toMatchObject({ inForce: false });
      expect((await adapter.act(order(second))).outcome).toBe('done');
      const lift = order('account.restore', { undoes: first });
      expect((await adapter.act(lift)).outcome).toBe('done');
      expect(await adapter.readBack(lift)).toMatchObject({ inForce: true });
      expect(alice.status).toBe('SUSPENDED');
      expect((await adapter.act(order('account.restore', { undoes: second }))).outcome).toBe('done');
      expect(alice.status).toBe('ACTIVE');
    }
  });

  test('that somebody else has closed is theirs', async () => {
    const adapter = await connected();
    standIn.change(alice, { status: 'SUSPENDED' });
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'already' });
    expect(await adapter.act(order('account.disable'))).toEqual({ outcome: 'already' });
  });

  test('that somebody else has opened meanwhile leaves nothing behind of what we held', async () => {
    const adapter = await connected();
    await adapter.act(order('account.suspend'));
    standIn.change(alice, { status: 'ACTIVE' });
    await adapter.act(order('account.disable'));
    expect((await adapter.act(order('account.restore', { undoes: 'account.disable' }))).outcome).toBe('done');
    expect(alice.status).toBe('ACTIVE');
  });

  test('that Okta is still busy with fails for now, and one that Okta refuses because it is done is done', async () => {
    const adapter = await connected();
    standIn.change(alice, { transition: { to: 'DEPROVISIONED', dueAt: Date.now() + hour } });
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'failed', code: 'busy' });
    standIn.change(alice, { transition: undefined });
    standIn.fault({ kind: 'status', status: 400, code: 'E0000001', method: 'POST', after: true });
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'already' });
  });

  test('of somebody above us is refused, as Okta refuses it', async () => {
    standIn.role(alice, 'SUPER_ADMIN');
    const adapter = await connected({ auth: { token: standIn.addToken({ role: 'ORG_ADMIN' }).token } });
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'refused', code: 'forbidden' });
    expect(alice.status).toBe('ACTIVE');
  });
});

describe('taking access away', () => {
  test('session.revoke ends sessions alone and says how long tokens live on', async () => {
    const adapter = await connected();
    standIn.signIn(alice.id, { clients: ['0oaone'], refreshTokenMs: 5 * hour });
    const given = order('session.revoke');
    await adapter.act(given);
    expect(standIn.access(alice.id)).toMatchObject({ sessions: [], refreshTokens: [{ clientId: '0oaone' }] });
    const seen = await adapter.readBack(given);
    expect(seen.inForce && seen.residualAccessMs).toBeGreaterThan(4.9 * hour);
    await adapter.act(order('token.revoke'));
    const later = await adapter.readBack(given);
    expect(later.inForce && later.residualAccessMs).toBeLessThanOrEqual(hour);
  });

  test('session.revoke of one session is refused, never widened to the person', async () => {
    const adapter = await connected();
    standIn.signIn(alice.id);
    for (const parameters of [{ scope: 'one', sessionId: 'x' }, { sessionId: 'x' }, { scope: 'one', deviceId: 'y' }])
      expect(await adapter.act(order('session.revoke', parameters))).toEqual({ outcome: 'refused', code: 'parameterUnsupported' });
    expect(standIn.access(alice.id).sessions.length).toBe(1);
  });

  test('session.revoke is seen in the log for many people by few queries', async () => {
    const adapter = await connected();
    const people = Array.from({ length: 30 }, (_, n) => standIn.addPerson({ login: `q${n}@example.com` }));
    for (const { id } of people) standIn.signIn(id);
    const orders = people.map(({ id }) => order('session.revoke', {}, { account: id }));
    await Promise.all(orders.map((given) => adapter.act(given)));
    const seen = await Promise.all(orders.map((given) => adapter.readBack(given)));
    expect(seen.filter(({ inForce }) => inForce === true).length).toBe(30);
    expect(standIn.count('GET', '/api/v1/logs')).toBeLessThan(30);
  });

  test('token.revoke and grant.revoke leave alone what began after the order', async () => {
    const adapter = await connected();
    standIn.signIn(alice.id, { clients: ['0oaone', '0oatwo'] });
    const intendedAt = Date.now();
    while (Date.now() <= intendedAt) await new Promise((resolve) => setImmediate(resolve));
    standIn.signIn(alice.id, { clients: ['0oatwo', '0oathree'] });
    expect(await adapter.act(order('token.revoke', {}, { intendedAt }))).toEqual({ outcome: 'done', affected: 2 });
    const left = standIn.access(alice.id).refreshTokens.map(({ clientId }) => clientId);
    expect(left.sort()).toEqual(['0oathree', '0oatwo']);
    expect(await adapter.act(order('grant.revoke', {}, { intendedAt }))).toEqual({ outcome: 'done', affected: 2 });
    expect(standIn.access(alice.id).grants.map(({ clientId }) => clientId)).toEqual(['0oathree']);
  });

  test('app.signOut signs out of applications that listen, and names the feature where it is switched off', async () => {
    const adapter = await connected();
    const appSessions = [
      { app: 'listens', universalLogout: true },
      { app: 'deaf', universalLogout: false },
    ];
    standIn.signIn(alice.id, { appSessions });
    expect((await adapter.act(order('app.signOut'))).outcome).toBe('done');
    expect(standIn.access(alice.id).appSessions).toEqual([{ app: 'deaf', universalLogout: false }]);
    standIn.settings.universalLogout = false;
    standIn.signIn('bob@example.com');
    const given = order('app.signOut', {}, { account: standIn.person('bob@example.com').id });
    expect(await adapter.act(given)).toEqual({ outcome: 'refused', code: 'featureOff' });
  });
});

describe('the second factor', () => {
  test('is not demanded without a group whose rule demands it', async () => {
    const adapter = await connected();
    for (const type of ['mfa.require', 'mfa.lift'] as const)
      expect(await adapter.act(order(type))).toEqual({ outcome: 'refused', code: 'stepUpGroupMissing' });
    expect(standIn.calls).toEqual([]);
  });

  test('is demanded by membership and the end of sessions together; membership alone is not in force', async () => {
    const group = standIn.group('step-up');
    const adapter = await connected({ stepUpGroup: group.id });
    standIn.signIn(alice.id);
    group.members.add(alice.id);
    expect(await adapter.readBack(order('mfa.require'))).toEqual({ inForce: false, code: 'sessionsRemain' });
    expect((await adapter.act(order('mfa.require', { for: '8h' }))).outcome).toBe('done');
    expect(standIn.access(alice.id).sessions).toEqual([]);
    expect((await adapter.act(order('mfa.lift', { undoes: 'mfa.require' }))).outcome).toBe('done');
    expect(group.members.size).toBe(0);
    expect(await adapter.act(order('mfa.require', { strength: 'phishingResistant' }))).toMatchObject({ code: 'parameterUnsupported' });
  });

  test('that is half demanded is to be looked at, not said to have failed', async () => {
    const group = standIn.group('step-up');
    const adapter = await connected({ stepUpGroup: group.id });
    standIn.signIn(alice.id);
    standIn.fault({ kind: 'status', status: 403, method: 'DELETE', times: 1 });
    const given = order('mfa.require');
    expect(await adapter.act(given)).toEqual({ outcome: 'unknown', code: 'forbidden' });
    expect((await adapter.readBack(given)).inForce).toBe(false);
    expect((await adapter.act(given)).outcome).toBe('done');
  });

  test('mfa.reset takes what was enrolled before, and leaves what was enrolled since', async () => {
    const adapter = await connected();
    standIn.factor(alice, 'sms', { createdAt: Date.now() - hour });
    standIn.factor(alice, 'push', { createdAt: Date.now() - hour });
    standIn.factor(alice, 'signed_nonce', { createdAt: Date.now() - hour });
    standIn.factor(alice, 'webauthn', { createdAt: Date.now() + hour });
    expect((await adapter.act(order('mfa.reset'))).outcome).toBe('done');
    expect(alice.factors.map(({ factorType }) => factorType)).toEqual(['webauthn']);
  });

  test('factor.remove takes one by its id, and needs to be told which', async () => {
    const adapter = await connected();
    const { id } = standIn.factor(alice, 'sms');
    standIn.factor(alice, 'call');
    expect(await adapter.act(order('factor.remove'))).toEqual({ outcome: 'refused', code: 'parameterMissing' });
    expect(await adapter.act(order('factor.remove', { factor: id }))).toEqual({ outcome: 'done', affected: 1 });
    expect(alice.factors.map(({ factorType }) => factorType)).toEqual(['call']);
  });
});

describe('passwords, groups, roles and risk', () => {
  test('a password that another provider proves is not expired here', async () => {
    const adapter = await connected();
    standIn.change(alice, { provider: { type: 'FEDERATION', name: 'Partner' } });
    expect(await adapter.act(order('password.expire'))).toEqual({ outcome: 'refused', code: 'federated' });
    expect(standIn.writes()).toEqual([]);
  });

  test('a group is named by its id or its name, and one that is not Okta’s own or is not alone of its name is left', async () => {
    const adapter = await connected();
    const own = standIn.group('payroll', { members: [alice] });
    standIn.group('synced', { type: 'APP_GROUP', members: [alice] });
    standIn.group('twice', { members: [alice] });
    standIn.group('twice', { members: [alice] });
    expect((await adapter.act(order('group.remove', { group: own.id }))).outcome).toBe('done');
    expect((await adapter.act(order('group.add', { group: own.id }))).outcome).toBe('done');
    expect((await adapter.act(order('group.remove', { group: 'payroll' }))).outcome).toBe('done');
    expect(await adapter.act(order('group.remove', { group: 'synced' }))).toEqual({ outcome: 'refused', code: 'groupNotOkta' });
    expect(await adapter.act(order('group.remove', { group: 'twice' }))).toEqual({ outcome: 'refused', code: 'groupAmbiguous' });
    expect(await adapter.act(order('group.add', { group: 'none of this name' }))).toEqual({ outcome: 'refused', code: 'groupUnknown' });
  });

  test('a role that comes with a group is not taken from one person', async () => {
    standIn.settings.groupRolesShown = true;
    standIn.group('helpers', { members: [alice], roles: ['HELP_DESK_ADMIN'] });
    const adapter = await connected();
    expect(await adapter.act(order('role.remove', { role: 'HELP_DESK_ADMIN' }))).toEqual({ outcome: 'refused', code: 'roleOfGroup' });
  });

  test('risk is set to high or low, and a level that Okta would refuse is not sent', async () => {
    const adapter = await connected();
    expect(await adapter.act(order('risk.set', { level: 'medium' }))).toEqual({ outcome: 'refused', code: 'parameterUnsupported' });
    expect((await adapter.act(order('risk.set', { level: 'low' }))).outcome).toBe('done');
    expect(alice.risk).toBe('LOW');
  });
});

describe('a device', () => {
  test('is not suspended with an end that nobody would keep', async () => {
    const { id } = standIn.device('laptop', [alice]);
    const adapter = await connected();
    expect(await adapter.act(order('device.disable', { deviceId: id, expires: '24h' }))).toMatchObject({ code: 'parameterUnsupported' });
    expect(standIn.writes()).toEqual([]);
  });
});

describe('blocking an address', () => {
  const [address, expires] = ['93.184.216.34', '1h'];

  test('is refused for addresses that are not public, for one’s own, and without a zone that is made for it', async () => {
    const zone = standIn.zone('blocked', { usage: 'BLOCKLIST' });
    const adapter = await connected({ blockZone: zone.id, egress: ['93.184.216.0/28', '2606:4700::/32'] });
    const codes = [];
    for (const tried of ['10.0.0.1', '127.0.0.1', '100.64.1.1', '::ffff:10.0.0.1', '93.184.216.1', '2606:4700::1', 'nonsense'])
      codes.push(await adapter.act(order('ip.block', { address: tried, expires })));
    expect(codes.map((receipt) => ('code' in receipt ? receipt.code : receipt.outcome))).toEqual([
      ...['addressNotPublic', 'addressNotPublic', 'addressNotPublic', 'addressNotPublic', 'addressOwn', 'addressOwn', 'parameterInvalid'],
    ]);
    expect(standIn.calls).toEqual([]);
    const policy = await connected({ blockZone: standIn.zone('office').id });
    expect(await policy.act(order('ip.block', { address, expires }))).toEqual({ outcome: 'refused', code: 'zoneUnfit' });
    expect(await (await connected()).act(order('ip.block', { address, expires }))).toMatchObject({ code: 'blockZoneMissing' });
  });

  test('of many at once loses none, and a full zone says so', async () => {
    const gateways = Array.from({ length: 990 }, (_, n) => ({ type: 'CIDR', value: `45.0.${n >> 8}.${n & 255}/32` }));
    const zone = standIn.zone('blocked', { usage: 'BLOCKLIST', gateways });
    const adapter = await connected({ blockZone: zone.id });
    const receipts = await Promise.all(
      Array.from({ length: 11 }, (_, n) => adapter.act(order('ip.block', { address: `93.184.216.${n}`, expires }))),
    );
    expect(receipts.filter(({ outcome }) => outcome === 'done').length).toBe(10);
    expect(receipts.filter(({ outcome }) => outcome !== 'done')).toEqual([{ outcome: 'refused', code: 'zoneFull' }]);
    expect(zone.gateways.length).toBe(1_000);
  });

  test('once more puts off its end, and never brings it forward', async () => {
    const zone = standIn.zone('blocked', { usage: 'BLOCKLIST' });
    const clock = createManualClock(Date.now());
    const adapter = await connected({ blockZone: zone.id }, { clock });
    const intendedAt = clock.now();
    for (const [lasts, outcome] of [
      ['1h', 'done'],
      ['2h', 'done'],
      ['30m', 'already'],
    ] as const)
      expect((await adapter.act(order('ip.block', { address, expires: lasts }, { intendedAt }))).outcome).toBe(outcome);
    await clock.advance(119 * 60_000);
    expect(zone.gateways.length).toBe(1);
    await clock.advance(60_000);
    while (zone.gateways.length > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('ends with its time, and takes nothing out that others put there', async () => {
    const zone = standIn.zone('blocked', { usage: 'BLOCKLIST', gateways: [{ type: 'CIDR', value: '45.0.0.1/32' }] });
    const clock = createManualClock(Date.now());
    const adapter = await connected({ blockZone: zone.id }, { clock });
    expect((await adapter.act(order('ip.block', { address, expires }, { intendedAt: clock.now() }))).outcome).toBe('done');
    await clock.advance(59 * 60_000);
    expect(zone.gateways.map(({ value }) => value)).toEqual(['45.0.0.1/32', `${address}/32`]);
    await clock.advance(60_000);
    while (zone.gateways.length > 1) await new Promise((resolve) => setImmediate(resolve));
    expect(zone.gateways.map(({ value }) => value)).toEqual(['45.0.0.1/32']);
  });
});
