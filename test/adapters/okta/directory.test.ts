/** The people of an Okta organisation, and what the probe of a connection says. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DirectoryPerson } from '../../../src/adapters/contract.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { type Connected, connect } from './bench.ts';

const soon = () => AbortSignal.timeout(15_000);
let standIn: OktaStandIn;
let open: Connected[];

beforeEach(async () => {
  standIn = await startOkta({ people: [{ login: 'alice@example.com', profile: { employeeNumber: '17' } }, { login: 'bob@example.com' }] });
  open = [];
});

afterEach(async () => {
  for (const connection of open) await connection.close();
  await standIn.close();
});

async function connected(given?: Readonly<Record<string, unknown>>) {
  const connection = await connect(standIn, given);
  open.push(connection);
  return connection.adapter;
}

async function everybody(): Promise<DirectoryPerson[]> {
  const found = [];
  for await (const page of (await connected()).people?.(soon()) ?? []) found.push(...page);
  return found;
}

describe('the directory', () => {
  test('says of each who they are, their groups, and whether they administer, by a role of their own or of a group', async () => {
    const [alice, bob] = [standIn.person('alice@example.com'), standIn.person('bob@example.com')];
    standIn.group('Everyone', { type: 'BUILT_IN', members: [alice, bob] });
    standIn.group('payroll', { members: [alice], roles: ['HELP_DESK_ADMIN'] });
    standIn.role(bob, 'SUPER_ADMIN');
    const carol = standIn.addPerson({ login: 'carol@example.com', status: 'SUSPENDED' });
    const dave = standIn.addPerson({ login: 'dave@example.com', status: 'DEPROVISIONED' });
    const of = (id: string) => ({ externalId: id, issSub: [{ iss: standIn.orgUrl, sub: id }] });
    const named = (login: string) => ({ emails: [login], upn: login });
    const found = await everybody();
    expect(found).toEqual([
      {
        ...{ ...of(alice.id), ...named('alice@example.com'), employeeNumber: '17' },
        ...{ status: 'active', groups: ['payroll'], tier: 'standing' },
      },
      { ...of(bob.id), ...named('bob@example.com'), status: 'active', groups: [], tier: 'tier0' },
      { ...of(carol.id), ...named('carol@example.com'), status: 'suspended', groups: [], tier: 'none' },
      { ...of(dave.id), ...named('dave@example.com'), status: 'disabled', groups: [], tier: 'none' },
    ]);
    const adapter = await connected();
    for (const person of found) expect(await adapter.find?.({ format: 'email', value: person.emails[0] ?? '' }, soon())).toEqual(person);
  });

  test('is read page by page, with a call for the roles of administrators only', async () => {
    for (let n = 0; n < 410; n += 1) standIn.addPerson({ login: `n${n}@example.com` });
    expect((await everybody()).length).toBe(412);
    expect(standIn.count('GET', '/api/v1/users')).toBe(4);
    expect(standIn.count('GET', '/api/v1/users/{userId}/roles')).toBe(0);
  });

  test('reads pages of long profiles, with a token and with a service app', async () => {
    const profile = { about: 'a'.repeat(8_000) };
    for (let n = 0; n < 200; n += 1) standIn.addPerson({ login: `long${n}@example.com`, profile });
    const { clientId, privateKey, keyId } = await standIn.apps.add({});
    for (const given of [{}, { auth: { clientId, privateKey, keyId } }]) {
      let count = 0;
      for await (const page of (await connected(given)).people?.(soon()) ?? []) count += page.length;
      expect(count).toBe(202);
    }
  });

  test('finds by what is true now, not by the index, which is behind', async () => {
    standIn.settings.searchLagMs = 60_000;
    const adapter = await connected();
    const erin = standIn.addPerson({ login: 'erin@example.com', createdAt: Date.now() });
    expect(await adapter.find?.({ format: 'email', value: 'erin@example.com' }, soon())).toMatchObject({ externalId: erin.id });
    expect(await adapter.find?.({ format: 'upn', value: 'erin@example.com' }, soon())).toMatchObject({ externalId: erin.id });
  });

  test('finds nobody by an address that two people have, and takes no login for an id', async () => {
    standIn.addPerson({ login: 'second@example.com', profile: { email: 'alice@example.com' } });
    const adapter = await connected();
    expect(await adapter.find?.({ format: 'email', value: 'alice@example.com' }, soon())).toBeUndefined();
    expect(await adapter.find?.({ format: 'email', value: 'x" or profile.email pr or "y' }, soon())).toBeUndefined();
    expect(await adapter.find?.({ format: 'provider_id', value: 'okta-main bob@example.com' }, soon())).toBeUndefined();
  });
});

describe('the probe', () => {
  const faults = async (given?: Readonly<Record<string, unknown>>) =>
    (await (await connected(given)).probe(soon())).filter(({ ok }) => !ok).map(({ check, hint }) => `${check}: ${hint}`);

  test('writes nothing, whatever it finds', async () => {
    expect(await faults()).toEqual([]);
    expect(standIn.writes()).toEqual([]);
  });

  test('names what an administrator lacks: the role that reads, and of writes the roles that would do', async () => {
    const me = standIn.addPerson({ login: 'me' });
    standIn.role(me, 'USER_ADMIN');
    const { token } = standIn.addToken({ role: 'USER_ADMIN', scopes: ['okta.users.read', 'okta.groups.read', 'okta.roles.read'] });
    const found = await faults({ auth: { token } });
    expect(found).toContain(
      'okta.logs.read: the administrator who made the API token may not use okta.logs.read: give them a role that may',
    );
    expect(found).toContain('okta.networkZones.manage: give the administrator who made the API token the role SUPER_ADMIN or ORG_ADMIN');
    expect(found.filter((fault) => /^okta\.(users|groups)\./.test(fault))).toEqual([]);
  });

  test('tells a token that is not known from an organisation that does not answer', async () => {
    expect(await faults({ auth: { token: 'not-known' } })).toEqual([
      'credentials: Okta does not know the API token: was it revoked, or unused for 30 days?',
    ]);
    const gone = await startOkta();
    await gone.close();
    expect(await faults({ orgUrl: gone.orgUrl })).toEqual([`reachable: ${gone.orgUrl} did not answer: refused`]);
  });
});
