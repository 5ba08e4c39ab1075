/** What each verb does to real sign-ins at the sandbox's OpenID provider, with records in PostgreSQL. */
import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ActionOrder } from '../../src/adapters/contract.ts';
import { secondFactorAcr } from '../../src/adapters/sandbox/second-factor.ts';
import type { ActionType } from '../../src/model/action.ts';
import { createAdapterStorage } from '../../src/store/adapter-storage.ts';
import { createRealClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import {
  authorize,
  Browser,
  codeOf,
  generatedCode,
  isActive,
  openSandboxBench,
  redirectUri,
  type SandboxBench,
  signIn,
} from './sandbox-bench.ts';

describe('at the sandbox provider', () => {
  let database: TestDatabase;
  let bench: SandboxBench;
  let person: { id: string; email: string; name: string; password: string };
  beforeAll(async () => {
    database = await testDatabase();
    bench = await openSandboxBench({ storage: createAdapterStorage(database.store, 'sandbox', createRealClock()) });
  });
  afterAll(async () => {
    await bench.close();
    await database.drop();
  });
  beforeEach(async () => {
    const id = `p-${randomUUID()}`;
    person = { id, email: `${id}@example.com`, name: 'Pat', password: 'first password' };
    expect((await bench.admin('POST', '/people', person)).status).toBe(201);
  });

  const order = (type: ActionType, parameters: ActionOrder['parameters'] = {}, intendedAt = Date.now()): ActionOrder => ({
    idempotencyKey: randomUUID(),
    type,
    account: person.id,
    parameters,
    intendedAt,
    signal: AbortSignal.timeout(15_000),
  });
  /** Acts, and answers what outlives it as read back. */
  const done = async (type: ActionType, parameters?: ActionOrder['parameters'], intendedAt?: number): Promise<number> => {
    const given = order(type, parameters, intendedAt);
    expect(await bench.adapter.act(given)).toEqual({ outcome: 'done', affected: 1 });
    const seen = await bench.adapter.readBack(given);
    expect(seen.inForce).toBe(true);
    return seen.inForce ? seen.residualAccessMs : Number.NaN;
  };
  const silently = async (browser: Browser) =>
    new URL((await authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } })).url).searchParams;
  const refresh = (tokens: client.TokenEndpointResponse, config: client.Configuration) =>
    client.refreshTokenGrant(config, tokens.refresh_token ?? '');
  const ownCode = () => codeOf(bench, person.id);

  test.each(['account.suspend', 'account.disable'] as const)(
    '%s closes every way in with a page that says so, and account.restore opens them all again',
    async (type) => {
      const browser = new Browser();
      const { config, tokens } = await signIn(bench, person, browser);
      const pending = await authorize(bench, new Browser(), { person });
      expect(await done(type)).toBe(0);
      const refused = await authorize(bench, new Browser(), { person });
      expect(refused.status).toBe(403);
      expect(refused.page).toContain('This account is closed at present');
      expect((await authorize(bench, new Browser(), { person: { ...person, password: 'guessed' } })).page).toContain('is wrong');
      expect((await silently(browser)).get('error')).toBe('login_required');
      await expect(pending.redeem()).rejects.toMatchObject({ error: 'invalid_grant' });
      await expect(refresh(tokens, config)).rejects.toMatchObject({ error: 'invalid_grant' });
      expect(await isActive(bench, tokens.access_token)).toBe(false);
      await expect(client.fetchUserInfo(config, tokens.access_token, person.id)).rejects.toMatchObject({ status: 401 });

      expect(await done('account.restore', { undoes: type })).toBe(0);
      expect((await signIn(bench, person)).tokens.claims()?.sub).toBe(person.id);
      expect((await silently(browser)).get('code')).not.toBeNull();
      expect(await isActive(bench, tokens.access_token)).toBe(true);
      expect((await refresh(tokens, config)).access_token).toBeDefined();
    },
  );

  test('an account that is suspended while its sign-in waits for a second factor gets no session', async () => {
    await done('mfa.require');
    const code = async () => {
      await done('account.suspend');
      return ownCode();
    };
    expect((await authorize(bench, new Browser(), { person, code })).status).toBe(403);
    expect((await bench.admin('GET', `/people/${person.id}/access`)).body.sessions).toEqual([]);
  });

  test('mfa.require challenges the next use of a session, passes with the code, and is lifted by its inverse', async () => {
    const browser = new Browser();
    const { tokens } = await signIn(bench, person, browser);
    expect((await silently(browser)).get('code')).not.toBeNull();
    const residualMs = await done('mfa.require', { strength: 'any', for: '24h' });
    expect(residualMs).toBeGreaterThan(13 * 86_400_000);
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    expect((await silently(browser)).get('error')).toBe('login_required');
    const unanswered = await authorize(bench, new Browser(), { person });
    expect(unanswered.page).toContain('six digits');
    const met = await authorize(bench, browser, { person, code: ownCode });
    expect((await met.redeem()).claims()).toMatchObject({ acr: secondFactorAcr, amr: ['pwd', 'otp', 'mfa'] });
    expect((await silently(browser)).get('code')).not.toBeNull();
    // The demand goes on for other sessions until it is lifted.
    expect((await authorize(bench, new Browser(), { person })).page).toContain('six digits');
    await done('mfa.lift', { undoes: 'mfa.require' });
    expect((await signIn(bench, person)).tokens.claims()).toMatchObject({ amr: ['pwd'] });
  });

  test('a second demand is in force already, unless it lasts longer or the first was met', async () => {
    await done('mfa.require', { for: '1h' });
    expect(await bench.adapter.act(order('mfa.require', { for: '30m' }))).toEqual({ outcome: 'already' });
    await done('mfa.require', { for: '2h' });
    const browser = new Browser();
    expect((await authorize(bench, browser, { person, code: ownCode })).url).toContain(redirectUri);
    // The time of a sign-in is known to the second.
    await done('mfa.require', { for: '1h' }, Date.now() + 1_000);
    expect((await silently(browser)).get('error')).toBe('login_required');
  });

  test('a demand ends by itself when its time is over', async () => {
    const short = order('mfa.require', { for: '1h' }, Date.now() - 3_600_000);
    expect((await bench.adapter.act(short)).outcome).toBe('done');
    expect((await bench.adapter.readBack(short)).inForce).toBe(false);
    expect((await signIn(bench, person)).tokens.claims()).toMatchObject({ amr: ['pwd'] });
  });

  test.each([
    [{ strength: 'phishingResistant' }, 'parameterUnsupported'],
    [{ strength: 'some' }, 'parameterInvalid'],
    [{ for: 'a while' }, 'parameterInvalid'],
  ])('mfa.require with %j is refused rather than given less', async (parameters, code) => {
    expect(await bench.adapter.act(order('mfa.require', parameters))).toEqual({ outcome: 'refused', code });
    expect((await bench.adapter.readBack(order('mfa.require', parameters))).inForce).toBe(null);
    expect((await signIn(bench, person)).tokens.claims()).toMatchObject({ amr: ['pwd'] });
  });

  test('a code counts once, a wrong one is told, and five wrong ones begin the sign-in anew', async () => {
    await done('mfa.require');
    const code = await ownCode();
    expect((await authorize(bench, new Browser(), { person, code: async () => code })).url).toContain(redirectUri);
    const browser = new Browser();
    const again = await authorize(bench, browser, { person, code: async () => code });
    expect(again).toMatchObject({ status: 401 });
    expect(again.page).toContain('wrong or was used before');
    const wrong = () => browser.request(again.url, { do: 'code', code: 'nonsense' });
    for (let n = 0; n < 3; n++) expect(await (await wrong()).text()).toContain('name="code"');
    const ended = await (await wrong()).text();
    expect(ended).toContain('Too many wrong codes');
    expect(ended).toContain('name="password"');
  });

  test('what a page has proved is lost when the sessions are ended meanwhile', async () => {
    await done('mfa.require');
    const code = async () => {
      await bench.adapter.act(order('session.revoke'));
      return ownCode();
    };
    const attempt = await authorize(bench, new Browser(), { person, code });
    expect(attempt.page).toContain('That took too long');
    expect((await bench.admin('GET', `/people/${person.id}/access`)).body.sessions).toEqual([]);
  });

  test('password.expire lets the old password do nothing but set a new one', async () => {
    const { tokens } = await signIn(bench, person);
    const given = order('password.expire');
    expect(await bench.adapter.act(given)).toEqual({ outcome: 'done', affected: 1 });
    const seen = await bench.adapter.readBack(given);
    expect(seen).toMatchObject({ inForce: true });
    if (seen.inForce) expect(seen.residualAccessMs).toBeGreaterThan(13 * 86_400_000);
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    const asked = await authorize(bench, new Browser(), { person });
    expect(asked.page).toContain('Your password has expired');
    for (const [newPassword, why] of [
      ['short', '8 to 200 characters'],
      [person.password, 'must differ'],
    ] as const)
      expect((await authorize(bench, new Browser(), { person, newPassword })).page).toContain(why);
    const changed = await authorize(bench, new Browser(), { person, newPassword: 'second password' });
    expect((await changed.redeem()).claims()?.sub).toBe(person.id);
    expect((await authorize(bench, new Browser(), { person })).status).toBe(401);
    expect((await signIn(bench, { ...person, password: 'second password' })).tokens.claims()?.sub).toBe(person.id);
    // It was done, and stays done after the person did as told.
    expect((await bench.adapter.readBack(given)).inForce).toBe(true);
    expect(await bench.adapter.act({ ...given, idempotencyKey: randomUUID() })).toEqual({ outcome: 'already' });
  });

  test('a page that asks for a new password sets none once the password has been changed elsewhere', async () => {
    await done('password.expire');
    const browser = new Browser();
    const asked = await authorize(bench, browser, { person });
    await bench.admin('PATCH', `/people/${person.id}`, { password: 'by the help desk' });
    expect(await (await browser.request(asked.url, { do: 'newPassword', newPassword: 'by the thief' })).text()).toContain(
      'name="password"',
    );
    expect((await signIn(bench, { ...person, password: 'by the help desk' })).tokens.claims()?.sub).toBe(person.id);
  });

  test('an expired password and a demanded factor are asked for one after the other', async () => {
    await done('password.expire');
    await done('mfa.require');
    const attempt = await authorize(bench, new Browser(), { person, newPassword: 'second password', code: ownCode });
    expect((await attempt.redeem()).claims()).toMatchObject({ acr: secondFactorAcr });
  });

  test('grant.revoke makes the client ask for consent again, refuses its refresh token, and leaves access tokens their time', async () => {
    const browser = new Browser();
    const { config, tokens } = await signIn(bench, person, browser);
    const code = await authorize(bench, browser, { parameters: { prompt: 'none', scope: 'openid' } });
    const residualMs = await done('grant.revoke');
    expect(residualMs).toBeGreaterThan(3_500_000);
    expect(residualMs).toBeLessThanOrEqual(3_600_000);
    expect(await isActive(bench, tokens.access_token)).toBe(true);
    expect((await client.fetchUserInfo(config, tokens.access_token, person.id)).sub).toBe(person.id);
    expect(await isActive(bench, tokens.refresh_token ?? '')).toBe(false);
    await expect(refresh(tokens, config)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(code.redeem()).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await silently(browser)).get('error')).toBe('consent_required');
    const again = await authorize(bench, browser, { parameters: { scope: 'openid', prompt: 'consent' } });
    expect((await again.redeem()).claims()?.sub).toBe(person.id);
    expect((await silently(browser)).get('code')).not.toBeNull();
    await bench.adapter.act(order('token.revoke'));
    expect(await isActive(bench, tokens.access_token)).toBe(false);
  });

  test('mfa.reset takes the code generator away, and the next demand has the person enrol another', async () => {
    const before = await ownCode();
    await done('mfa.reset');
    expect((await bench.admin('GET', `/people/${person.id}/factor`)).status).toBe(404);
    await done('mfa.require');
    const stale = await authorize(bench, new Browser(), { person, code: async () => before });
    expect(stale.page).toContain('wrong or was used before');
    let shown: string | undefined;
    const code = async (key: string | undefined) => {
      shown = key;
      return generatedCode(String(key), Date.now());
    };
    const attempt = await authorize(bench, new Browser(), { person, code });
    expect((await attempt.redeem()).claims()).toMatchObject({ acr: secondFactorAcr });
    expect((await bench.admin('GET', `/people/${person.id}/factor`)).body.secret).toBe(shown);
  });

  test('a factor that is taken away while its code is asked for is enrolled anew on the same way in', async () => {
    await done('mfa.require');
    const code = async (key: string | undefined) => {
      if (key !== undefined) return generatedCode(key, Date.now());
      const late = await ownCode();
      await done('mfa.reset');
      return late;
    };
    const attempt = await authorize(bench, new Browser(), { person, code });
    expect((await attempt.redeem()).claims()).toMatchObject({ acr: secondFactorAcr });
  });

  test('holds, demands, factors and passwords are the same after a restart', async () => {
    await done('mfa.require', { for: '24h' });
    await done('password.expire');
    await done('account.disable');
    const read = async () => {
      const { account, password, factor, stepUp } = (await bench.admin('GET', `/people/${person.id}/access`)).body;
      return { account, password, factor, stepUp };
    };
    const earlier = await read();
    await bench.restart();
    expect(await read()).toEqual(earlier);
    expect(earlier).toMatchObject({ account: { disabled: true }, password: { mustChange: true }, stepUp: { until: expect.any(Number) } });
  });
});
