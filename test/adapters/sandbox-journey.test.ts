/** Journeys through the sandbox's OpenID provider over its real protocol, with records in PostgreSQL. */
import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deriveClientSecret } from '../../src/adapters/sandbox/index.ts';
import type { ActionType } from '../../src/model/action.ts';
import { createAdapterStorage } from '../../src/store/adapter-storage.ts';
import { createRealClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import {
  authorize,
  Browser,
  benchPeople,
  deriveSecret,
  discover,
  isActive,
  openSandboxBench,
  redirectUri,
  type SandboxBench,
  signIn,
} from './sandbox-bench.ts';

const [alice, bob] = benchPeople;

describe('the sandbox provider', () => {
  let database: TestDatabase;
  let bench: SandboxBench;
  beforeAll(async () => {
    database = await testDatabase();
    bench = await openSandboxBench({ storage: createAdapterStorage(database.store, 'sandbox', createRealClock()) });
  });
  afterAll(async () => {
    await bench.close();
    await database.drop();
  });

  const order = (type: ActionType, parameters = {}, intendedAt = Date.now()) => ({
    idempotencyKey: randomUUID(),
    type,
    account: 'alice',
    parameters,
    intendedAt,
    signal: AbortSignal.timeout(15_000),
  });
  const end = (type: ActionType, parameters = {}) => bench.adapter.act(order(type, parameters));
  const access = async (person = 'alice') =>
    (await bench.admin('GET', `/people/${person}/access`)).body as {
      sessions: { id: string; deviceId: string; sids: string[] }[];
      tokens: { kind: string; expiresAt: number; sessionId: string }[];
    };

  test('signs a person in by code and PKCE, with an ID token, userinfo, and introspection by the resource server', async () => {
    const { tokens, config } = await signIn(bench);
    expect(tokens.claims()).toMatchObject({ iss: bench.issuer, sub: 'alice', aud: 'demo', amr: ['pwd'] });
    expect(typeof tokens.claims()?.sid).toBe('string');
    expect(await client.fetchUserInfo(config, tokens.access_token, 'alice')).toMatchObject({
      sub: 'alice',
      email: 'alice@example.com',
      groups: ['staff'],
    });
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(await isActive(bench, refreshed.access_token)).toBe(true);
  });

  test('revoked tokens are inactive at once, refresh and userinfo are refused, and the other person is untouched', async () => {
    const mine = await signIn(bench);
    const theirs = await signIn(bench, bob);
    expect(await isActive(bench, mine.tokens.access_token)).toBe(true);
    expect((await end('token.revoke')).outcome).toBe('done');
    expect(await isActive(bench, mine.tokens.access_token)).toBe(false);
    expect(await isActive(bench, mine.tokens.refresh_token ?? '')).toBe(false);
    await expect(client.refreshTokenGrant(mine.config, mine.tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(client.fetchUserInfo(mine.config, mine.tokens.access_token, 'alice')).rejects.toMatchObject({ status: 401 });
    expect(await isActive(bench, theirs.tokens.access_token)).toBe(true);
    expect((await access()).sessions.length).toBeGreaterThan(0);
  });

  test('an ended session does not sign in silently any more, while its tokens live on', async () => {
    const browser = new Browser();
    const { tokens } = await signIn(bench, alice, browser);
    const silent = await authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } });
    expect(new URL(silent.url).searchParams.get('code')).not.toBeNull();
    const given = order('session.revoke');
    expect((await bench.adapter.act(given)).outcome).toBe('done');
    const refused = await authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } });
    expect(new URL(refused.url).searchParams.get('error')).toBe('login_required');
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    const state = await bench.adapter.readBack(given);
    expect(state.inForce).toBe(true);
    if (state.inForce) expect(state.residualAccessMs).toBeGreaterThan(3_000_000);
  });

  test('an authorization code that was issued before the revocation is refused after it', async () => {
    const attempt = await authorize(bench, new Browser(), { ...(alice ? { person: alice } : {}) });
    await end('token.revoke');
    await expect(attempt.redeem()).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('a sign-in on its way when sessions and tokens end yields neither', async () => {
    const browser = new Browser();
    const attempt = await authorize(bench, browser, {
      ...(alice ? { person: alice } : {}),
      beforeResume: async () => {
        await end('session.revoke');
        await end('token.revoke');
      },
    });
    expect(attempt.url.startsWith(redirectUri) && new URL(attempt.url).searchParams.has('code')).toBe(false);
    expect(await access()).toMatchObject({ sessions: [], tokens: [] });
    const later = await authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } });
    expect(new URL(later.url).searchParams.get('error')).toBe('login_required');
  });

  test('requests that race with a revocation leave nothing alive behind it', async () => {
    for (let round = 0; round < 8; round++) {
      const { browser, config, tokens } = await signIn(bench);
      const racing = [
        client.refreshTokenGrant(config, tokens.refresh_token ?? ''),
        authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } }),
        authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } }),
      ];
      const intendedAt = Date.now();
      const ended = [bench.adapter.act(order('session.revoke', {}, intendedAt)), bench.adapter.act(order('token.revoke', {}, intendedAt))];
      const [late] = await Promise.allSettled(racing);
      for (const receipt of await Promise.all(ended)) expect(['done', 'already']).toContain(receipt.outcome);
      expect(await access()).toMatchObject({ sessions: [], tokens: [] });
      if (late?.status === 'fulfilled')
        expect(await isActive(bench, (late.value as client.TokenEndpointResponse).access_token)).toBe(false);
    }
  });

  test('scope one ends the session that is named, by its own id, by a sid claim, or by its device', async () => {
    await end('session.revoke');
    const [phone, laptop, tablet] = [new Browser(), new Browser(), new Browser()];
    const first = await signIn(bench, alice, phone);
    await signIn(bench, alice, laptop);
    const third = await signIn(bench, alice, tablet);
    const idOf = async (sid: unknown) => (await access()).sessions.find(({ sids }) => sids.includes(String(sid)));
    expect(phone.cookie('rescind_idp_device')).not.toBe(laptop.cookie('rescind_idp_device'));
    expect(await end('session.revoke', { scope: 'one', sessionId: String(first.tokens.claims()?.sid) })).toEqual({
      outcome: 'done',
      affected: 1,
    });
    expect(await end('session.revoke', { scope: 'one', deviceId: laptop.cookie('rescind_idp_device') ?? '' })).toEqual({
      outcome: 'done',
      affected: 1,
    });
    const left = await access();
    expect(left.sessions.map(({ id }) => id)).toEqual([(await idOf(third.tokens.claims()?.sid))?.id]);
    expect(await end('session.revoke', { scope: 'one', sessionId: left.sessions[0]?.id ?? '' })).toEqual({ outcome: 'done', affected: 1 });
    expect((await access()).sessions).toEqual([]);
  });

  test('a device keeps its id from one sign-in to the next', async () => {
    const browser = new Browser();
    await signIn(bench, alice, browser);
    const device = browser.cookie('rescind_idp_device');
    await end('session.revoke');
    await signIn(bench, alice, browser);
    expect(browser.cookie('rescind_idp_device')).toBe(device);
    expect((await access()).sessions.map(({ deviceId }) => deviceId)).toEqual([device]);
  });

  test('a new sign-in after a revocation works, and the repeated revocation leaves it alone', async () => {
    const given = order('token.revoke');
    await bench.adapter.act(given);
    while (Date.now() <= given.intendedAt) await new Promise((resolve) => setImmediate(resolve));
    const { tokens } = await signIn(bench);
    await bench.adapter.act(given);
    await bench.adapter.act({ ...given, idempotencyKey: randomUUID() });
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    expect((await bench.adapter.readBack(given)).inForce).toBe(true);
  });

  test('people, passwords, sessions and tokens are the same after a restart', async () => {
    const browser = new Browser();
    const { tokens } = await signIn(bench, alice, browser);
    await bench.admin('PATCH', '/people/alice', { name: 'Alice A.' });
    await bench.restart();
    expect((await bench.admin('GET', '/people/alice')).body).toMatchObject({ name: 'Alice A.', email: 'alice@example.com' });
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    const silent = await authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } });
    expect((await silent.redeem()).claims()?.sub).toBe('alice');
  });

  test('a code is used once: its second use is refused and ends what the first gave (RFC 6749 section 4.1.2)', async () => {
    const attempt = await authorize(bench, new Browser(), { ...(alice ? { person: alice } : {}) });
    const tokens = await attempt.redeem();
    await expect(attempt.redeem()).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await isActive(bench, tokens.access_token)).toBe(false);
  });

  test('of two uses of a code at once at most one succeeds', async () => {
    const attempt = await authorize(bench, new Browser(), { ...(alice ? { person: alice } : {}) });
    const results = await Promise.allSettled([attempt.redeem(), attempt.redeem(), attempt.redeem()]);
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  });

  test('a refresh token that is used again ends its whole family', async () => {
    const { config, tokens } = await signIn(bench);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await isActive(bench, next.access_token)).toBe(false);
  });

  test('a client can revoke its token (RFC 7009) and the person can sign out, after which the session is gone', async () => {
    const browser = new Browser();
    const { config, tokens } = await signIn(bench, alice, browser);
    await client.tokenRevocation(config, tokens.access_token);
    expect(await isActive(bench, tokens.access_token)).toBe(false);
    await end('session.revoke');
    const again = await signIn(bench, alice, browser);
    const start = client.buildEndSessionUrl(again.config, { id_token_hint: again.tokens.id_token ?? '' });
    const page = await (await browser.request(start.href)).text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    await browser.follow(`${bench.issuer}/session/end/confirm`, { xsrf, logout: 'yes' });
    expect((await access()).sessions).toEqual([]);
  });

  test('who is suspended can neither sign in nor refresh, and introspection says inactive until they are active again', async () => {
    const { config, tokens } = await signIn(bench, bob);
    await bench.admin('PATCH', '/people/bob', { status: 'suspended' });
    expect(await isActive(bench, tokens.access_token)).toBe(false);
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await authorize(bench, new Browser(), { ...(bob ? { person: bob } : {}) })).status).toBe(403);
    await bench.admin('PATCH', '/people/bob', { status: 'active' });
    expect((await authorize(bench, new Browser(), { ...(bob ? { person: bob } : {}) })).url).toContain(redirectUri);
  });

  test.each([
    ['a wrong password', { email: 'alice@example.com', password: 'wrong horse' }],
    ['an address that nobody has', { email: 'nobody@example.com', password: 'correct horse' }],
    ['no password', { email: 'alice@example.com', password: '' }],
  ])('%s does not sign in, and the page does not say which it was', async (_name, given) => {
    const browser = new Browser();
    const attempt = await authorize(bench, browser, { person: given });
    expect(attempt.status).toBe(401);
    expect(attempt.url).toContain('/interaction/');
  });

  test('a password that was set through the admin API replaces the configured one', async () => {
    await bench.admin('POST', '/people', { id: 'carol', email: 'carol@example.com', name: 'Carol', password: 'first password' });
    const carol = { id: 'carol', email: 'carol@example.com', name: 'Carol', password: 'first password' };
    expect((await signIn(bench, carol)).tokens.claims()?.sub).toBe('carol');
    await bench.admin('PATCH', '/people/bob', { password: 'a new password' });
    expect((await authorize(bench, new Browser(), { ...(bob ? { person: bob } : {}) })).status).toBe(401);
    expect((await authorize(bench, new Browser(), { person: { email: 'bob@example.com', password: 'a new password' } })).url).toContain(
      redirectUri,
    );
    const kept = await database.store.query<{ value: string }>(`select value from adapter_record where kind in ('Person', 'Password')`, []);
    for (const { value } of kept.rows) expect(value).not.toMatch(/first password|a new password|correct horse/);
  });

  test('an authorization request without PKCE, or with another redirect address, is refused', async () => {
    const config = await discover(bench);
    const plain = client.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope: 'openid', state: 's' });
    const refused = await new Browser().follow(plain.href);
    expect(new URL(refused.url).searchParams.get('error')).toBe('invalid_request');
    const elsewhere = client.buildAuthorizationUrl(config, {
      redirect_uri: 'https://attacker.example/callback',
      scope: 'openid',
      state: 's',
    });
    const page = await new Browser().follow(elsewhere.href);
    expect(page.url.startsWith(bench.origin)).toBe(true);
    expect(await page.response.json()).toMatchObject({ error: 'invalid_redirect_uri' });
  });

  test('a client cannot introspect what is not its own, unless it is a resource server; with a wrong secret it learns nothing', async () => {
    const { tokens } = await signIn(bench);
    const own = await openSandboxBench({
      settings: { people: benchPeople, clients: [{ id: 'other-app', redirectUris: ['https://other.example/cb'] }] },
      storage: bench.storage,
    });
    const ask = async (id: string, secret: string) => {
      const response = await fetch(`${own.issuer}/token/introspection`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: `token=${tokens.access_token}`,
      });
      return { status: response.status, body: (await response.json()) as { active?: boolean } };
    };
    expect(await ask('other-app', deriveClientSecret(deriveSecret, 'other-app'))).toEqual({ status: 200, body: { active: false } });
    expect((await ask('demo-api', deriveClientSecret(deriveSecret, 'demo-api'))).body.active).toBe(true);
    expect((await ask('demo-api', 'x'.repeat(43))).status).toBe(401);
    await own.close();
  });

  test('pages carry a policy without scripts or outside sources, and show what was typed escaped', async () => {
    const browser = new Browser();
    const config = await discover(bench);
    const start = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const { response, url } = await browser.follow(start.href);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'none'/);
    expect(await response.text()).not.toMatch(/<script|src=|@import|https?:\/\//);
    const failed = await browser.request(url, { do: 'signIn', email: '"><script>alert(1)</script>', password: 'x' });
    expect(await failed.text()).not.toContain('<script>');
    expect((await new Browser().request(url)).status).toBe(400);
    expect((await browser.request(url, { do: 'signIn', email: 'a', password: 'x'.repeat(20_000) })).status).toBe(413);
  });

  test('a form from another site is refused even with the cookie', async () => {
    const attempt = await authorize(bench, new Browser(), { person: { email: 'x@example.com', password: 'x' } });
    const response = await fetch(attempt.url, { method: 'POST', headers: { origin: 'https://attacker.example' }, body: 'do=signIn' });
    expect([400, 403]).toContain(response.status);
  });

  test('cancelling answers access_denied to the client', async () => {
    const browser = new Browser();
    const config = await discover(bench);
    const start = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const { url } = await browser.follow(start.href);
    const end = await browser.follow(url, { do: 'cancel' });
    expect(new URL(end.url).searchParams.get('error')).toBe('access_denied');
  });
});
