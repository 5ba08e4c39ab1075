/** The stand-in for Okta: who may call it and how often, how it fails on demand, and that it runs as a program. */
import { spawn } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type JWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, oktaAppClient, oktaClient, refusal } from '../support/okta-client.ts';
import { type OktaStandIn, startOkta } from './okta.ts';

const startAt = Date.UTC(2026, 4, 4, 10);
let okta: OktaStandIn;
beforeEach(async () => {
  okta = await startOkta({ startAt, people: 4 });
});
afterEach(() => okta.close());

const get = (path: string, authorization = `SSWS ${okta.token}`) => fetch(`${okta.orgUrl}${path}`, { headers: { authorization } });
const codeOf = async (response: Response) => `${response.status} ${((await response.json()) as { errorCode: string }).errorCode}`;
const users = (token: string) => oktaClient({ orgUrl: okta.orgUrl, token }).userApi;
const userId = 'p1@example.com';
const patient = { timeout: 10_000 };

/** A DPoP proof of that key, made now. */
const prove = (key: KeyObject, claims: Record<string, string>) =>
  new SignJWT({ ...claims, jti: randomUUID() })
    .setProtectedHeader({ alg: 'RS256', typ: 'dpop+jwt', jwk: createPublicKey(key).export({ format: 'jwk' }) as JWK })
    .setIssuedAt()
    .sign(key);

describe('API tokens', () => {
  it('are asked for, and dead once revoked or rotated', async () => {
    expect(await codeOf(await fetch(`${okta.orgUrl}/api/v1/users`))).toBe('403 E0000005');
    expect(await refusal(users('wrong').getUser({ userId }))).toBe('401 E0000011');
    const { token } = okta.addToken();
    expect((await get('/api/v1/users/p1', `SSWS ${token}`)).status).toBe(200);
    expect((await get('/api/v1/users/p1', `Bearer ${token}`)).status).toBe(401);
    const next = okta.rotateToken(token);
    expect(await refusal(users(token).getUser({ userId }))).toBe('401 E0000011');
    expect((await users(next).getUser({ userId })).status).toBe('ACTIVE');
    okta.revokeToken(next);
    expect(await refusal(users(next).getUser({ userId }))).toBe('401 E0000011');
  });

  it('of a reader read, and of one with a few scopes are told which is missing', async () => {
    const reader = users(okta.addToken({ role: 'READ_ONLY_ADMIN' }).token);
    await reader.getUser({ userId });
    expect(await refusal(reader.suspendUser({ userId }))).toBe('403 E0000006');
    const { token } = okta.addToken({ scopes: ['okta.users.read'] });
    await users(token).getUser({ userId });
    const refused = await get('/api/v1/logs', `SSWS ${token}`);
    expect(refused.headers.get('www-authenticate')).toContain('scope="okta.logs.read"');
    expect(await codeOf(refused)).toBe('403 E0000006');
    expect(okta.writes().map(({ status }) => status)).toEqual([403]);
    expect(okta.effects).toEqual([]);
  });

  it('do not reach those who outrank them, by a role of their own or of a group', async () => {
    const organisation = oktaClient({ ...okta, token: okta.addToken({ role: 'ORG_ADMIN' }).token }).roleAssignmentApi;
    const asked = { userId: 'p3@example.com', assignRoleRequest: { type: 'SUPER_ADMIN' as const } };
    expect(await refusal(organisation.assignRoleToUser(asked))).toBe('403 E0000006');
    const helpdesk = users(okta.addToken({ role: 'HELP_DESK_ADMIN' }).token);
    okta.role(okta.person('p1'), 'SUPER_ADMIN');
    okta.group('owners', { members: [okta.person('p2')], roles: ['SUPER_ADMIN'] });
    for (const name of ['p1', 'p2']) expect(await refusal(helpdesk.suspendUser({ userId: `${name}@example.com` }))).toBe('403 E0000006');
    await helpdesk.suspendUser({ userId: 'p3@example.com' });
    expect(okta.person('p3').status).toBe('SUSPENDED');
  });
});

describe('service apps', () => {
  const scopes = ['okta.users.read', 'okta.users.manage'];
  const tokenCalls = () => okta.count('POST', '/oauth2/v1/token');

  it('prove themselves by a key, act under their own name, and ask again when a token is over', async () => {
    const app = await okta.apps.add({ scopes });
    const client = oktaAppClient(okta.orgUrl, app, scopes);
    await client.userApi.suspendUser({ userId });
    expect(okta.effects.map(({ by }) => by)).toEqual([app.clientId]);
    expect(okta.events().at(-1)).toMatchObject({ actor: { id: app.clientId, type: 'PublicClientApp' }, client: { id: app.clientId } });
    await client.userApi.unsuspendUser({ userId });
    expect(tokenCalls()).toBe(1);
    okta.clock.advance(3_600_000);
    await client.userApi.getUser({ userId });
    expect(tokenCalls()).toBe(2);
  });

  it('get no scope that they were not given, and no token by another key', async () => {
    const app = await okta.apps.add({ scopes: ['okta.users.read'] });
    expect(await refusal(oktaAppClient(okta.orgUrl, app, scopes).userApi.getUser({ userId }))).toBe('401 E0000011');
    const narrow = oktaAppClient(okta.orgUrl, app, ['okta.users.read']);
    expect(await refusal(narrow.userApi.suspendUser({ userId }))).toBe('403 E0000006');
    const rotated = await okta.apps.rotateKey(app.clientId);
    expect(await refusal(oktaAppClient(okta.orgUrl, app, ['okta.users.read']).userApi.getUser({ userId }))).toBe('401 E0000011');
    expect(await refusal(narrow.userApi.getUser({ userId }))).toBe('401 E0000011');
    await oktaAppClient(okta.orgUrl, rotated, ['okta.users.read']).userApi.getUser({ userId });
    const roleless = await okta.apps.add({ scopes, role: null });
    expect(await refusal(oktaAppClient(okta.orgUrl, roleless, scopes).userApi.getUser({ userId }))).toBe('403 E0000006');
  });

  it('bound by DPoP are asked for a nonce, and their token is no bearer token', async () => {
    const app = await okta.apps.add({ scopes, dpop: true });
    const seen: string[] = [];
    const client = oktaAppClient(okta.orgUrl, app, scopes);
    const send = client.requestExecutor.fetch.bind(client.requestExecutor);
    client.requestExecutor.fetch = (request) => {
      const { headers } = request as { headers?: Readonly<Record<string, string>> };
      if (headers?.['Authorization']) seen.push(headers['Authorization']);
      return send(request);
    };
    await client.userApi.suspendUser({ userId });
    expect(okta.person('p1').status).toBe('SUSPENDED');
    expect(okta.calls.map(({ route, status }) => [route, status])).toEqual([
      ['/oauth2/v1/token', 400],
      ['/oauth2/v1/token', 200],
      ['/api/v1/users/{userId}/lifecycle/suspend', 200],
    ]);
    const [scheme, token = ''] = (seen[0] ?? '').split(' ');
    expect(scheme).toBe('DPoP');
    expect((await get('/api/v1/users/p1', `Bearer ${token}`)).status).toBe(401);
    expect((await get('/api/v1/users/p1', `DPoP ${token}`)).status, 'without a proof').toBe(401);

    const url = `${okta.orgUrl}/api/v1/users/p1`;
    const call = async (proof: string) => (await fetch(url, { headers: { authorization: `DPoP ${token}`, dpop: proof } })).status;
    const right = { htm: 'GET', htu: url, ath: createHash('sha256').update(token).digest('base64url') };
    const own = createPrivateKey(app.privateKey);
    const proof = await prove(own, right);
    expect([await call(proof), await call(proof)], 'a proof is good once').toEqual([200, 401]);
    for (const wrong of [{ htm: 'POST' }, { htu: `${url}/roles` }, { ath: 'another token' }])
      expect(await call(await prove(own, { ...right, ...wrong })), JSON.stringify(wrong)).toBe(401);
    const other = createPrivateKey((await okta.apps.add({ scopes })).privateKey);
    expect(await call(await prove(other, right)), 'another key').toBe(401);
  });
});

describe('limits', () => {
  it('refuse what is above an allowance, count it, and open again with the next window', async () => {
    okta.limits.set('user', { calls: 4, perMs: 60_000 });
    okta.limits.share = 1;
    const answers: Response[] = [];
    for (let n = 0; n < 6; n++) answers.push(await get('/api/v1/users/p1'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
    const header = (name: string) => answers.map(({ headers }) => headers.get(`x-rate-limit-${name}`));
    expect(header('limit')[0]).toBe('4');
    expect(header('remaining')).toEqual(['3', '2', '1', '0', '0', '0']);
    expect(header('reset')[4]).toBe(String((startAt + 60_000) / 1_000));
    expect(answers[4]?.headers.get('date')).toBe(new Date(startAt).toUTCString());
    expect(await codeOf(answers[4] as Response)).toBe('429 E0000047');
    expect(okta.limits.above).toMatchObject({ user: 2, users: 0 });
    expect((await get('/api/v1/users')).status, 'another group').toBe(200);
    okta.clock.advance(60_000);
    expect((await get('/api/v1/users/p1')).status).toBe(200);
  });

  it('give one token its share and no more, so that another still has some', async () => {
    okta.limits.set('user', { calls: 4, perMs: 60_000 });
    const other = okta.addToken().token;
    const statuses: number[] = [];
    for (const token of [okta.token, okta.token, okta.token, other, other])
      statuses.push((await get('/api/v1/users/p1', `SSWS ${token}`)).status);
    expect(statuses).toEqual([200, 200, 429, 200, 429]);
  });

  it('refuse too many at once, with noughts for figures', async () => {
    okta.limits.concurrency = 2;
    okta.fault({ kind: 'hang', times: 2 });
    const leaving = new AbortController();
    const headers = { authorization: `SSWS ${okta.token}` };
    const hanging = [1, 2].map(() => fetch(`${okta.orgUrl}/api/v1/users/p1`, { headers, signal: leaving.signal }));
    await expect.poll(() => okta.limits.inFlight, patient).toBe(2);
    const one = await get('/api/v1/users/p1');
    expect([one.status, one.headers.get('x-rate-limit-limit'), one.headers.get('x-rate-limit-remaining')]).toEqual([429, '0', '0']);
    expect(okta.limits.above).toMatchObject({ concurrency: 1, user: 0 });
    leaving.abort();
    expect((await Promise.allSettled(hanging)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect.poll(() => okta.limits.inFlight, patient).toBe(0);
    expect((await get('/api/v1/users/p1')).status).toBe(200);
  });
});

describe('faults', () => {
  const sessions = '/api/v1/users/*/sessions';
  const end = (signal?: AbortSignal) =>
    fetch(`${okta.orgUrl}/api/v1/users/p1/sessions`, {
      method: 'DELETE',
      headers: { authorization: `SSWS ${okta.token}` },
      ...(signal ? { signal } : {}),
    });

  it.each([
    [401, '401 E0000011'],
    [403, '403 E0000006'],
    [404, '404 E0000007'],
    [429, '429 E0000047'],
    [500, '500 E0000009'],
    [503, '503 E0000010'],
  ])('answer %i as often as told, without an effect, and elsewhere nothing', async (status, code) => {
    okta.signIn('p1');
    const fault = okta.fault({ kind: 'status', status, method: 'DELETE', path: sessions, times: 2 });
    expect([await codeOf(await end()), await codeOf(await end())]).toEqual([code, code]);
    expect((await get('/api/v1/users/p1')).status).toBe(200);
    expect(okta.access('p1').sessions.length).toBe(1);
    expect((await end()).status).toBe(204);
    expect(fault.struck).toBe(2);
  });

  it('answer wrongly after the effect when told so', async () => {
    okta.signIn('p1');
    okta.fault({ kind: 'status', status: 500, after: true, path: sessions, times: 1 });
    expect(await codeOf(await end())).toBe('500 E0000009');
    expect(okta.access('p1').sessions).toEqual([]);
  });

  it('leave a caller without an answer, before or after the effect', async () => {
    okta.signIn('p1');
    okta.fault({ kind: 'hang', path: sessions });
    await expect(end(AbortSignal.timeout(50))).rejects.toThrow();
    expect(okta.access('p1').sessions.length).toBe(1);
    okta.fault({ kind: 'hang', path: sessions, after: true });
    const leaving = new AbortController();
    const left = end(leaving.signal);
    await expect.poll(() => okta.access('p1').sessions, patient).toEqual([]);
    leaving.abort();
    await expect(left).rejects.toThrow();
    okta.heal();
    expect((await end()).status).toBe(204);
  });

  it('keep a caller waiting, and then do what was asked', async () => {
    okta.signIn('p1');
    okta.fault({ kind: 'slow', delayMs: 100, path: sessions, times: 1 });
    const begun = performance.now();
    expect((await end()).status).toBe(204);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
    expect(okta.access('p1').sessions).toEqual([]);
  });

  it('cut a body, change its shape, or send a page of HTML', async () => {
    const kinds = ['cut', 'wrongShape', 'html'] as const;
    for (const kind of kinds) okta.fault({ kind, path: '/api/v1/users', times: 1 });
    expect(await (await get('/api/v1/users')).text()).toContain('<!doctype html>');
    expect(await (await get('/api/v1/users')).json()).toEqual({ unexpected: 'shape' });
    await expect(get('/api/v1/users').then((response) => response.text())).rejects.toThrow();
    expect((await all(await users(okta.token).listUsers({}))).length).toBe(4);
  });
});

describe('the clock', () => {
  it('stands where it was set, moves when told, and never goes back', async () => {
    expect(okta.clock.now()).toBe(startAt);
    okta.clock.set(startAt + 5_000);
    okta.clock.advance(1_000);
    expect((await get('/api/v1/users/p1')).headers.get('date')).toBe(new Date(startAt + 6_000).toUTCString());
    expect(() => okta.clock.set(startAt)).toThrow('does not go back');
  });
});

describe('calls and effects', () => {
  it('are kept with who and when until they are reset', async () => {
    okta.signIn('p1');
    await users(okta.token).suspendUser({ userId });
    await users(okta.token).getUser({ userId });
    expect(okta.calls.map(({ method, route }) => [method, route])).toEqual([
      ['POST', '/api/v1/users/{userId}/lifecycle/suspend'],
      ['GET', '/api/v1/users/{userId}'],
    ]);
    expect(okta.effects).toEqual([
      { what: 'user.lifecycle.suspend', of: okta.person('p1').id, by: expect.stringMatching(/^00T/), at: startAt },
    ]);
    okta.reset();
    expect([okta.calls, okta.effects]).toEqual([[], []]);
    expect(okta.person('p1').status).toBe('SUSPENDED');
  });

  it('know no path and no method that Okta does not serve', async () => {
    expect(await codeOf(await get('/api/v1/nothing'))).toBe('404 E0000007');
    const answer = await fetch(`${okta.orgUrl}/api/v1/logs`, { method: 'POST', headers: { authorization: `SSWS ${okta.token}` } });
    expect(await codeOf(answer)).toBe('405 E0000022');
    const broken = await fetch(`${okta.orgUrl}/api/v1/users/p1/risk`, {
      method: 'PUT',
      headers: { authorization: `SSWS ${okta.token}` },
      body: '{"risk',
    });
    expect(await codeOf(broken)).toBe('400 E0000003');
    expect((await get('/api/v1/users/p1')).headers.get('x-okta-request-id')).toMatch(/^\S+$/);
  });
});

describe('as a program', () => {
  it('says where it is, and is driven over HTTP', async () => {
    const program = spawn(process.execPath, [join(import.meta.dirname, 'okta.ts'), '--port', '0', '--people', '2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(program.stdout, 'data')) as [Buffer];
      const { orgUrl, controlUrl, token } = JSON.parse(line.toString()) as { orgUrl: string; controlUrl: string; token: string };
      const drive = async (method: string, name: string, body?: object) =>
        (await fetch(`${controlUrl}/${name}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) })).json() as Promise<
          Record<string, unknown>
        >;
      await drive('POST', 'sign-ins', { person: 'p1', clients: ['mail'] });
      await oktaClient({ orgUrl, token }).userApi.revokeUserSessions({ userId });
      expect(await drive('GET', 'access?person=p1')).toMatchObject({ sessions: [], refreshTokens: [{ clientId: 'mail' }] });
      expect(await drive('GET', 'state')).toMatchObject({ calls: 1, writes: 1, effects: [{ what: 'user.session.clear' }] });
      expect(await drive('GET', 'access?person=nobody')).toHaveProperty('error');
    } finally {
      program.kill();
      await once(program, 'exit');
    }
  });
});
