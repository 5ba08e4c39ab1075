/** The stand-in for Okta as a caller of the official SDK sees it: people, the lifecycle, and what taking access away leaves. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { all, oktaClient, refusal } from '../support/okta-client.ts';
import { type OktaStandIn, startOkta } from './okta.ts';

let okta: OktaStandIn;
let users: ReturnType<typeof oktaClient>['userApi'];
let client: ReturnType<typeof oktaClient>;
let next = 0;
const add = (more: Partial<Parameters<OktaStandIn['addPerson']>[0]> = {}) =>
  okta.addPerson({ login: `person${++next}@example.com`, ...more });

beforeAll(async () => {
  okta = await startOkta();
  client = oktaClient(okta);
  users = client.userApi;
  okta.limits.set('all', { calls: 100_000, perMs: 60_000 });
});
afterAll(() => okta.close());
beforeEach(() => okta.reset());

describe('people', () => {
  it('are found by id, by login and by a short name that only one has', async () => {
    const { id } = add({ login: 'ada.lovelace@example.com', profile: { employeeNumber: '1815' } });
    for (const userId of [id, 'ada.lovelace@example.com', 'ada.lovelace']) expect((await users.getUser({ userId })).id).toBe(id);
    const shown = await users.getUser({ userId: id });
    expect(shown.profile?.employeeNumber).toBe('1815');
    expect(shown.status).toBe('ACTIVE');
    expect(shown.credentials?.provider?.type).toBe('OKTA');
    add({ login: 'ada.lovelace@example.org' });
    expect(await refusal(users.getUser({ userId: 'ada.lovelace' }))).toBe('404 E0000007');
    expect(await refusal(users.getUser({ userId: 'nobody@example.com' }))).toBe('404 E0000007');
  });

  it('are listed page by page, each once', async () => {
    const own = await startOkta({ people: 7 });
    const listed = await all(await oktaClient(own).userApi.listUsers({ limit: 3 }));
    expect(listed.map(({ profile }) => profile?.login)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `p${n}@example.com`));
    expect(own.count('GET', '/api/v1/users')).toBe(3);
    await own.close();
  });

  it('are changed by their administrators without a call, an effect or an event', async () => {
    const person = add();
    const before = okta.events().length;
    okta.change(person, { status: 'LOCKED_OUT', risk: 'HIGH' });
    expect((await users.getUser({ userId: person.id })).status).toBe('LOCKED_OUT');
    expect([okta.writes(), okta.effects, okta.events().length - before]).toEqual([[], [], 0]);
  });

  it('leave lists when deprovisioned, but not searches', async () => {
    const { id } = add({ status: 'DEPROVISIONED', login: 'gone@example.com' });
    expect((await all(await users.listUsers({}))).map((user) => user.id)).not.toContain(id);
    expect((await all(await users.listUsers({ search: 'profile.email eq "gone@example.com"' }))).map((user) => user.id)).toEqual([id]);
    expect((await all(await users.listUsers({ search: 'status eq "DEPROVISIONED"' }))).map((user) => user.id)).toEqual([id]);
  });

  it('are filtered exactly and at once, searched without regard to case and late', async () => {
    const { id } = add({ login: 'Late@example.com' });
    okta.settings.searchLagMs = 10_000;
    await users.suspendUser({ userId: id });
    const found = async (asked: { filter?: string; search?: string }) =>
      (await all(await users.listUsers(asked))).map(({ status }) => status);
    expect((await users.getUser({ userId: id })).status).toBe('SUSPENDED');
    expect(await found({ filter: 'profile.login eq "Late@example.com"' })).toEqual(['SUSPENDED']);
    expect(await found({ filter: 'profile.login eq "late@example.com"' })).toEqual([]);
    expect(await found({ search: 'profile.login eq "late@example.com"' })).toEqual(['ACTIVE']);
    okta.clock.advance(10_000);
    expect(await found({ search: 'profile.login eq "late@example.com"' })).toEqual(['SUSPENDED']);
    okta.settings.searchLagMs = 0;
  });

  it('who are new are found by a search in time', async () => {
    okta.settings.searchLagMs = 10_000;
    const { id } = add({ login: 'new@example.com', createdAt: okta.clock.now() });
    const found = async () => (await all(await users.listUsers({ search: 'profile.login eq "new@example.com"' }))).map((user) => user.id);
    expect(await found()).toEqual([]);
    okta.clock.advance(10_000);
    expect(await found()).toEqual([id]);
    okta.settings.searchLagMs = 0;
  });

  it('are searched by several properties, and refused what is not understood', async () => {
    const { id } = add({ login: 'quo"te@example.com', profile: { department: 'Sales', costCenter: '7' } });
    add({ profile: { department: 'Sales', costCenter: '8' } });
    const search = 'profile.department sw "Sal" and (profile.costCenter eq "7" or profile.costCenter eq "9")';
    expect((await all(await users.listUsers({ search }))).map((user) => user.id)).toEqual([id]);
    expect(
      (await all(await users.listUsers({ search: String.raw`profile.login eq "quo\"te@example.com"` }))).map((user) => user.id),
    ).toEqual([id]);
    expect((await all(await users.listUsers({ q: 'QUO' }))).map((user) => user.id)).toEqual([id]);
    for (const asked of [{ filter: 'profile.department eq "Sales"' }, { filter: 'status co "ACT"' }, { search: 'profile.login eq "open' }])
      expect(await refusal(all(await users.listUsers(asked)))).toBe('400 E0000031');
  });
});

/** What an operation makes of each status: another, the same, or a refusal. Written out here so that it checks the stand-in's own table. */
const statuses = ['STAGED', 'PROVISIONED', 'ACTIVE', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'SUSPENDED', 'DEPROVISIONED'] as const;
const verdicts: Readonly<Record<string, readonly string[]>> = {
  suspend: ['E0000028', 'E0000028', 'SUSPENDED', 'E0000028', 'E0000028', 'E0000028', 'E0000028', 'E0000028'],
  unsuspend: ['E0000028', 'E0000028', 'E0000028', 'E0000028', 'E0000028', 'E0000028', 'ACTIVE', 'E0000028'],
  unlock: ['E0000032', 'E0000032', 'E0000032', 'E0000032', 'E0000032', 'ACTIVE', 'E0000032', 'E0000032'],
  activate: ['PROVISIONED', 'E0000016', 'E0000016', 'E0000016', 'E0000016', 'E0000016', 'E0000016', 'PROVISIONED'],
  reactivate: ['E0000038', 'PROVISIONED', 'E0000038', 'RECOVERY', 'E0000038', 'E0000038', 'E0000038', 'E0000038'],
  deactivate: [...Array(7).fill('DEPROVISIONED'), 'E0000038'],
  expire_password: ['E0000038', 'E0000038', ...Array(4).fill('PASSWORD_EXPIRED'), 'E0000038', 'E0000038'],
  reset_password: ['E0000017', ...Array(5).fill('RECOVERY'), 'E0000017', 'E0000017'],
};

describe('the lifecycle', () => {
  const run: Readonly<Record<string, (userId: string) => Promise<unknown>>> = {
    suspend: (userId) => users.suspendUser({ userId }),
    unsuspend: (userId) => users.unsuspendUser({ userId }),
    unlock: (userId) => users.unlockUser({ userId }),
    activate: (userId) => users.activateUser({ userId, sendEmail: false }),
    reactivate: (userId) => users.reactivateUser({ userId, sendEmail: false }),
    deactivate: (userId) => users.deactivateUser({ userId }),
    expire_password: (userId) => users.expirePassword({ userId }),
    reset_password: (userId) => users.generateResetPasswordToken({ userId, sendEmail: false }),
  };

  it.each(Object.entries(verdicts))('%s leads from each status where the documents say', async (operation, wanted) => {
    const found: (string | undefined)[] = [];
    for (const status of statuses) {
      const { id } = add({ status });
      const result = await run[operation]?.(id).then(
        () => okta.person(id).status,
        (error: { errorCode: string }) => error.errorCode,
      );
      if (result?.startsWith('E')) expect(okta.person(id).status, `${operation} refused from ${status}`).toBe(status);
      found.push(result);
    }
    expect(found).toEqual(wanted);
  });

  it('refuses a suspension with the code that the organisation has', async () => {
    const { id } = add({ status: 'LOCKED_OUT' });
    okta.settings.suspendRefusal = 'E0000001';
    expect(await refusal(users.suspendUser({ userId: id }))).toBe('400 E0000001');
    okta.settings.suspendRefusal = 'E0000028';
    expect(okta.effects).toEqual([]);
  });

  it('activates at once whom a password was given already', async () => {
    const { id } = add({ status: 'STAGED', passwordChangedAt: Date.now() });
    await users.activateUser({ userId: id, sendEmail: false });
    expect(okta.person(id).status).toBe('ACTIVE');
  });

  it('deactivates later when asked to, and is busy until then', async () => {
    const { id } = add();
    await users.deactivateUser({ userId: id, prefer: 'respond-async' });
    expect(await users.getUser({ userId: id })).toMatchObject({ status: 'ACTIVE', transitioningToStatus: 'DEPROVISIONED' });
    expect(await refusal(users.suspendUser({ userId: id }))).toBe('409 E0000112');
    okta.clock.advance(2_000);
    const through = await users.getUser({ userId: id });
    expect([through.status, through.transitioningToStatus]).toEqual(['DEPROVISIONED', undefined]);
  });

  it('deletes only at the second call', async () => {
    const { id } = add();
    await users.deleteUser({ userId: id });
    expect(okta.person(id).status).toBe('DEPROVISIONED');
    await users.deleteUser({ userId: id });
    expect(await refusal(users.getUser({ userId: id }))).toBe('404 E0000007');
  });

  it('asks for sendEmail before it resets a password, and never resets one that another system keeps', async () => {
    const { id } = add();
    const answer = await fetch(`${okta.orgUrl}/api/v1/users/${id}/lifecycle/reset_password`, {
      method: 'POST',
      headers: { authorization: `SSWS ${okta.token}` },
    });
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([400, 'E0000028']);
    const federated = add({ provider: { type: 'FEDERATION', name: 'FEDERATION' } });
    expect(await refusal(users.expirePassword({ userId: federated.id }))).toBe('403 E0000014');
    const synced = add({ status: 'LOCKED_OUT', provider: { type: 'ACTIVE_DIRECTORY', name: 'corp.example' } });
    expect(await refusal(users.unlockUser({ userId: synced.id }))).toBe('403 E0000032');
  });
});

describe('access', () => {
  const signedIn = () => {
    const { id } = add();
    okta.signIn(id, {
      clients: ['mail', 'files'],
      device: 'laptop',
      appSessions: [
        { app: 'crm', universalLogout: true },
        { app: 'wiki', universalLogout: false },
      ],
    });
    return id;
  };
  const counts = (id: string) => {
    const { sessions, accessTokens, refreshTokens, grants, rememberedDevices, appSessions } = okta.access(id);
    return [sessions, accessTokens, refreshTokens, grants, rememberedDevices, appSessions].map((left) => left.length);
  };

  it('begins with a sign-in and ends with time', () => {
    const id = signedIn();
    expect(counts(id)).toEqual([1, 2, 2, 2, 1, 2]);
    okta.clock.advance(3_600_000);
    expect(counts(id)).toEqual([1, 0, 2, 2, 1, 2]);
    okta.clock.advance(11 * 3_600_000);
    expect(counts(id)).toEqual([0, 0, 2, 2, 1, 2]);
  });

  it('that is over already is nothing to end', async () => {
    const { id } = add();
    okta.signIn(id, { sessionMs: 1_000 });
    okta.clock.advance(1_000);
    await users.revokeUserSessions({ userId: id });
    expect([okta.writes().length, okta.effects.length]).toEqual([1, 0]);
  });

  it('keeps tokens when sessions are ended without them, and what applications hold in any case', async () => {
    const id = signedIn();
    await users.revokeUserSessions({ userId: id });
    expect(counts(id)).toEqual([0, 2, 2, 2, 0, 2]);
    await users.revokeUserSessions({ userId: id, oauthTokens: true });
    expect(counts(id)).toEqual([0, 0, 0, 2, 0, 2]);
    expect(okta.effects.length).toBe(2);
    await users.revokeUserSessions({ userId: id, oauthTokens: true });
    expect(okta.effects.length).toBe(2);
    expect(okta.writes().length).toBe(3);
  });

  it('keeps remembered devices when told so', async () => {
    const id = signedIn();
    await users.revokeUserSessions({ userId: id, forgetDevices: false });
    expect(okta.access(id).rememberedDevices).toEqual(['laptop']);
  });

  it('survives a suspension, which only bars the way in', async () => {
    const id = signedIn();
    await users.suspendUser({ userId: id });
    expect(okta.access(id).canSignIn).toBe(false);
    expect(counts(id).slice(0, 3)).toEqual([1, 2, 2]);
    expect(() => okta.signIn(id)).toThrow('SUSPENDED');
  });

  it('of one client ends by its tokens, alone or one by one', async () => {
    const id = signedIn();
    expect((await all(await users.listUserClients({ userId: id }))).map((one) => one.client_id)).toEqual(['mail', 'files']);
    const [token] = await all(await users.listRefreshTokensForUserAndClient({ userId: id, clientId: 'mail' }));
    await users.revokeTokenForUserAndClient({ userId: id, clientId: 'mail', tokenId: token?.id ?? '' });
    await users.revokeTokensForUserAndClient({ userId: id, clientId: 'files' });
    expect(counts(id)).toEqual([1, 0, 0, 2, 1, 2]);
    expect(await refusal(users.revokeTokenForUserAndClient({ userId: id, clientId: 'mail', tokenId: token?.id ?? '' }))).toBe(
      '404 E0000007',
    );
  });

  it('given by consent is withdrawn', async () => {
    const id = signedIn();
    const [grant] = await all(await users.listUserGrants({ userId: id }));
    await users.revokeUserGrant({ userId: id, grantId: grant?.id ?? '' });
    expect(okta.access(id).grants.map(({ clientId }) => clientId)).toEqual(['files']);
    await users.revokeUserGrants({ userId: id });
    expect(okta.access(id).grants).toEqual([]);
  });

  it('ends at applications too by Universal Logout, where they listen and the organisation has it', async () => {
    const id = signedIn();
    const logout = (sub_id: object) =>
      fetch(`${okta.orgUrl}/oauth2/v1/global-token-revocation`, {
        method: 'POST',
        headers: { authorization: `SSWS ${okta.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ sub_id }),
      });
    expect((await logout({ format: 'email', email: okta.person(id).profile.email })).status).toBe(204);
    expect(okta.access(id)).toMatchObject({ sessions: [], refreshTokens: [], appSessions: [{ app: 'wiki' }] });
    for (const nobody of [{ format: 'opaque', id: 'nobody' }, { format: 'opaque', id: okta.person(id).profile.email }, { format: 'email' }])
      expect((await logout(nobody)).status, JSON.stringify(nobody)).toBe(400);
    okta.settings.universalLogout = false;
    expect((await logout({ format: 'opaque', id })).status).toBe(401);
    okta.settings.universalLogout = true;
  });
});

describe('what hangs on a person', () => {
  it("loses Okta Verify's other factors with its push", async () => {
    const person = add();
    const enrolledAt = Date.UTC(2026, 0, 2);
    const push = okta.factor(person, 'push', { createdAt: enrolledAt });
    okta.factor(person, 'token:software:totp');
    okta.factor(person, 'sms');
    const [listed] = await all(await client.userFactorApi.listFactors({ userId: person.id }));
    expect(listed?.created?.getTime()).toBe(enrolledAt);
    await client.userFactorApi.unenrollFactor({ userId: person.id, factorId: push.id });
    expect(person.factors.map(({ factorType }) => factorType)).toEqual(['sms']);
    await users.resetFactors({ userId: person.id });
    expect(person.factors).toEqual([]);
  });

  it('joins and leaves groups as often as one says, if they are Okta’s own', async () => {
    const person = add();
    const [own, synced] = [okta.group('step-up'), okta.group('AD staff', { type: 'APP_GROUP' })];
    const both = { groupId: own.id, userId: person.id };
    await client.groupApi.assignUserToGroup(both);
    await client.groupApi.assignUserToGroup(both);
    expect((await all(await users.listUserGroups({ userId: person.id }))).map((group) => group.profile?.name)).toEqual(['step-up']);
    await client.groupApi.unassignUserFromGroup(both);
    await client.groupApi.unassignUserFromGroup(both);
    expect(own.members.size).toBe(0);
    expect(okta.effects.map(({ what }) => what)).toEqual(['group.user_membership.add', 'group.user_membership.remove']);
    expect(await refusal(client.groupApi.assignUserToGroup({ groupId: synced.id, userId: person.id }))).toBe('403 E0000006');
  });

  it('shows roles of its own, and those of groups where groups are asked', async () => {
    const person = add();
    okta.role(person, 'HELP_DESK_ADMIN');
    const group = okta.group('admins', { members: [person], roles: ['SUPER_ADMIN'] });
    const roles = async () =>
      (await all(await client.roleAssignmentApi.listAssignedRolesForUser({ userId: person.id }))).map(({ type }) => type);
    expect(await roles()).toEqual(['HELP_DESK_ADMIN']);
    const ofGroup = await all(await client.roleAssignmentApi.listGroupAssignedRoles({ groupId: group.id }));
    expect(ofGroup.map(({ type, assignmentType }) => [type, assignmentType])).toEqual([['SUPER_ADMIN', 'GROUP']]);
    okta.settings.groupRolesShown = true;
    expect(await roles()).toEqual(['HELP_DESK_ADMIN', 'SUPER_ADMIN']);
    okta.settings.groupRolesShown = false;
  });

  it('is given a role and loses it again', async () => {
    const { id, roles } = add();
    await client.roleAssignmentApi.assignRoleToUser({ userId: id, assignRoleRequest: { type: 'USER_ADMIN' } });
    expect(roles.map(({ type }) => type)).toEqual(['USER_ADMIN']);
    await client.roleAssignmentApi.unassignRoleFromUser({ userId: id, roleId: roles[0]?.id ?? '' });
    expect(okta.person(id).roles).toEqual([]);
    expect(okta.effects.map(({ what }) => what)).toEqual(['user.account.privilege.grant', 'user.account.privilege.revoke']);
  });

  it('says from which devices it is blocked', async () => {
    const { id } = add({ blocks: [{ type: 'DEVICE_BASED', appliesTo: 'UNKNOWN_DEVICES' }] });
    expect((await all(await users.listUserBlocks({ userId: id }))).map(({ appliesTo }) => appliesTo)).toEqual(['UNKNOWN_DEVICES']);
  });

  it('takes HIGH and LOW for a risk, and nothing between', async () => {
    const { id } = add({ risk: 'MEDIUM' });
    const set = (riskLevel: 'HIGH' | 'LOW') => users.upsertUserRisk({ userId: id, userRiskRequest: { riskLevel } });
    expect((await users.getUserRisk({ userId: id })).riskLevel).toBe('MEDIUM');
    expect(await refusal(set('MEDIUM' as 'HIGH'))).toBe('400 E0000001');
    await set('HIGH');
    expect((await users.getUserRisk({ userId: id })).riskLevel).toBe('HIGH');
  });

  it('shares a device: its suspension is of the device, once', async () => {
    const [one, other] = [add(), add()];
    const device = okta.device('shared-mac', [one, other]);
    const [listed] = await all(await users.listUserDevices({ userId: other.id }));
    expect(listed?.device?.id).toBe(device.id);
    await client.deviceApi.suspendDevice({ deviceId: device.id });
    expect(device.status).toBe('SUSPENDED');
    expect(await refusal(client.deviceApi.suspendDevice({ deviceId: device.id }))).toBe('403 E0000107');
    await client.deviceApi.unsuspendDevice({ deviceId: device.id });
    expect(device.status).toBe('ACTIVE');
  });
});

describe('zones', () => {
  it('are read, changed as a whole and told of', async () => {
    const { id } = okta.zone('blocked by hand', { usage: 'BLOCKLIST', gateways: [{ type: 'CIDR', value: '198.51.100.7/32' }] });
    const zone = await client.networkZoneApi.getNetworkZone({ zoneId: id });
    await client.networkZoneApi.replaceNetworkZone({ zoneId: id, zone: { ...zone, name: 'renamed' } });
    expect((await client.networkZoneApi.getNetworkZone({ zoneId: id })).name).toBe('renamed');
    expect(okta.effects).toMatchObject([{ what: 'zone.update', of: id }]);
    expect(await refusal(client.networkZoneApi.getNetworkZone({ zoneId: 'nzo0' }))).toBe('404 E0000007');
  });

  it('let the later of two writers win, and hold so many gateways', async () => {
    const zone = okta.zone('blocked by us', { usage: 'BLOCKLIST' });
    const offices = okta.zone('offices');
    const listed = (await all(await client.networkZoneApi.listNetworkZones({ filter: 'usage eq "BLOCKLIST"' }))).map(({ id }) => id);
    expect([listed.includes(zone.id), listed.includes(offices.id)]).toEqual([true, false]);
    const put = (values: readonly string[]) =>
      fetch(`${okta.orgUrl}/api/v1/zones/${zone.id}`, {
        method: 'PUT',
        headers: { authorization: `SSWS ${okta.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          name: zone.name,
          type: 'IP',
          usage: 'BLOCKLIST',
          gateways: values.map((value) => ({ type: 'CIDR', value })),
        }),
      });
    const [first, second] = await Promise.all([put(['198.51.100.1/32']), put(['198.51.100.2/32'])]);
    expect([first.status, second.status, zone.gateways.length]).toEqual([200, 200, 1]);
    const many = (count: number) => Array.from({ length: count }, (_, n) => `198.18.${n >> 8}.${n & 255}/32`);
    expect((await put(many(1_001))).status).toBe(400);
    expect((await put(many(1_000))).status).toBe(200);
    expect((await put(['not an address'])).status).toBe(400);
    expect(zone.gateways.length).toBe(1_000);
  });
});
