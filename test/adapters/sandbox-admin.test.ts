/** The provider half's admin API and door: who gets in, what it takes, what it answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deriveAdminToken, sandbox, sandboxSettingsSchema } from '../../src/adapters/sandbox/index.ts';
import { silentLog } from '../../src/model/log.ts';
import { createMemoryStorage } from '../fakes/memory-storage.ts';
import { createRealClock } from '../support/clock.ts';
import { deriveSecret, openSandboxBench, type SandboxBench } from './sandbox-bench.ts';

describe('the sandbox admin API', () => {
  let bench: SandboxBench;
  beforeAll(async () => {
    bench = await openSandboxBench();
  });
  afterAll(() => bench.close());

  const before = '2030-01-01T00:00:00.000Z';

  test.each([
    ['without a token', undefined],
    ['with another token', 'Bearer abcdefabcdefabcdef'],
    ['with basic credentials', 'Basic YWRtaW46YWRtaW4='],
    ['with an empty token', 'Bearer '],
  ])('%s everything is 401, whether it exists or not', async (_name, authorization) => {
    for (const path of ['/people', '/people/alice', '/people/nobody', '/nothing', '/people/alice/access']) {
      const response = await fetch(`${bench.issuer}/admin/v1${path}`, { headers: authorization === undefined ? {} : { authorization } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('people are created, shown without passwords, changed and listed with a cursor', async () => {
    const made = await bench.admin('POST', '/people', {
      id: 'dora',
      email: 'Dora@Example.com',
      name: 'Dora',
      password: 'long enough',
      tier: 'tier0',
    });
    expect(made).toEqual({
      status: 201,
      body: { id: 'dora', email: 'dora@example.com', name: 'Dora', status: 'active', groups: [], tier: 'tier0' },
    });
    expect((await bench.admin('PATCH', '/people/dora', { groups: ['admins'], status: 'disabled' })).body).toMatchObject({
      groups: ['admins'],
      status: 'disabled',
    });
    expect((await bench.admin('GET', '/people/dora')).body).not.toHaveProperty('password');
    const first = await bench.admin('GET', '/people?limit=2');
    expect(first.body.items).toHaveLength(2);
    const second = await bench.admin('GET', `/people?limit=2&after=${String(first.body.nextCursor)}`);
    const ids = [first, second].flatMap(({ body }) => (body.items as { id: string }[]).map(({ id }) => id));
    expect(ids).toEqual(['alice', 'bob', 'dora']);
    expect(second.body.nextCursor).toBe(null);
  });

  test('an id or an address that is taken is 409', async () => {
    expect((await bench.admin('POST', '/people', { id: 'alice', email: 'other@example.com', name: 'x' })).status).toBe(409);
    expect((await bench.admin('POST', '/people', { id: 'other', email: 'ALICE@example.com', name: 'x' })).status).toBe(409);
    expect((await bench.admin('PATCH', '/people/bob', { email: 'alice@example.com' })).status).toBe(409);
  });

  test.each([
    ['POST', '/people', { email: 'no-address', name: 'x' }, 400],
    ['POST', '/people', { id: '../x', email: 'x@example.com', name: 'x' }, 400],
    ['POST', '/people', { email: 'x@example.com', name: 'x', admin: true }, 400],
    ['PATCH', '/people/alice', { status: 'gone' }, 400],
    ['PATCH', '/people/nobody', { name: 'x' }, 404],
    ['GET', '/people?limit=0', undefined, 400],
    ['GET', '/people/nobody', undefined, 404],
    ['GET', '/people/nobody/access', undefined, 404],
    ['GET', '/people/%E0%A4%A', undefined, 404],
    ['DELETE', '/people/alice', undefined, 405],
    ['GET', '/people/alice/sessions/revoke', undefined, 405],
    ['GET', '/people/alice/secrets', undefined, 404],
    ['POST', '/people/nobody/tokens/revoke', { before, key: 'k' }, 404],
    ['POST', '/people/nobody/account/suspend', { key: 'k' }, 404],
    ['POST', '/people/alice/account/suspend', {}, 400],
    ['POST', '/people/alice/account/restore', { key: 'k', lifts: 'all' }, 400],
    ['GET', '/people/alice/account/suspend', undefined, 405],
    ['POST', '/people/alice/account/erase', { key: 'k' }, 404],
    ['POST', '/people/alice/tokens/revoke', { before: 'yesterday', key: 'k' }, 400],
    ['POST', '/people/alice/tokens/revoke', { before }, 400],
    ['POST', '/people/alice/sessions/revoke', { before, key: 'k' }, 400],
    ['POST', '/people/alice/sessions/revoke', { before, key: 'k', scope: 'one' }, 400],
    ['POST', '/people/alice/sessions/revoke', { before, key: 'k', scope: 'all', sessionId: 's' }, 400],
  ])('%s %s %j is %i', async (method, path, body, status) => {
    expect((await bench.admin(method, path, body)).status).toBe(status);
  });

  test('a body that is no JSON, too large or of another type is told apart', async () => {
    const { status } = await bench.admin('POST', '/people', { name: 'x'.repeat(70_000) });
    expect(status).toBe(413);
    const send = async (type: string, body: string) => {
      const headers = { authorization: `Bearer ${deriveAdminToken(deriveSecret)}`, 'content-type': type };
      return (await fetch(`${bench.issuer}/admin/v1/people`, { method: 'POST', headers, body })).status;
    };
    expect(await send('application/json', '{')).toBe(400);
    expect(await send('text/plain', '{}')).toBe(415);
  });

  test('a status set by hand keeps a suspension beneath, and lifting one hold leaves the other', async () => {
    const status = async () => (await bench.admin('GET', '/people/bob')).body.status;
    const post = async (verb: string, body: object) => (await bench.admin('POST', `/people/bob/account/${verb}`, body)).body.affected;
    expect(await post('suspend', { key: 'h1' })).toBe(1);
    await bench.admin('PATCH', '/people/bob', { status: 'disabled' });
    expect(await post('restore', { key: 'h2', lifts: 'disabled' })).toBe(1);
    expect(await status()).toBe('suspended');
    expect(await post('disable', { key: 'h3' })).toBe(1);
    expect(await post('restore', { key: 'h4' })).toBe(2);
    expect(await status()).toBe('active');
    expect((await bench.admin('GET', '/people/bob')).body).not.toHaveProperty('suspendedBeneath');
  });

  test('changes of one person at once all remain', async () => {
    await Promise.all([
      bench.admin('PATCH', '/people/bob', { password: 'something new' }),
      bench.admin('POST', '/people/bob/account/suspend', { key: 'r1' }),
      bench.admin('PATCH', '/people/bob', { groups: ['staff'] }),
    ]);
    expect((await bench.admin('GET', '/people/bob')).body).toMatchObject({ status: 'suspended', groups: ['staff'] });
    await bench.admin('PATCH', '/people/bob', { status: 'active' });
  });

  test('a repeated key gets the first answer, and the same key with another request is 409', async () => {
    const asked = { scope: 'all', before, key: 'same' };
    expect((await bench.admin('POST', '/people/alice/sessions/revoke', asked)).body).toEqual({ affected: 0, repeated: false });
    expect((await bench.admin('POST', '/people/alice/sessions/revoke', asked)).body).toEqual({ affected: 0, repeated: true });
    expect((await bench.admin('POST', '/people/alice/sessions/revoke', { ...asked, before: '2031-01-01T00:00:00Z' })).status).toBe(409);
    expect((await bench.admin('POST', '/people/bob/sessions/revoke', asked)).status).toBe(409);
  });
});

describe('the sandbox definition', () => {
  const contextAt = (origin: string, given: { trial?: boolean; settings?: unknown } = {}) => {
    const clock = createRealClock();
    return {
      connectionId: 'sandbox',
      settings: sandboxSettingsSchema.parse(given.settings ?? {}),
      http: { request: async () => ({ kind: 'notSent', code: 'refused' }) as const, close: async () => {} },
      storage: createMemoryStorage(clock),
      clock,
      log: silentLog,
      random: (size: number) => new Uint8Array(size),
      origin,
      ...(given.trial === undefined ? {} : { trial: given.trial }),
      secret: () => new Uint8Array(32).fill(7),
    };
  };

  test('beyond loopback it is served only where the connection says trial', async () => {
    await expect(sandbox.create(contextAt('https://rescind.example.com'))).rejects.toMatchObject({ code: 'adapter.misconfigured' });
    await expect(sandbox.create(contextAt('http://127.evil.example'))).rejects.toMatchObject({ code: 'adapter.misconfigured' });
    expect((await sandbox.create(contextAt('https://rescind.example.com', { trial: true }))).handler).toBeDefined();
    for (const origin of ['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])
      expect((await sandbox.create(contextAt(origin))).handler).toBeDefined();
  });

  test('with a baseUrl it does not listen', async () => {
    expect(
      (await sandbox.create(contextAt('https://rescind.example.com', { settings: { baseUrl: 'https://sandbox.example' } }))).handler,
    ).toBeUndefined();
  });

  test('a thousand configured people are added once, and a second start changes none', async () => {
    const people = Array.from({ length: 1_000 }, (_, n) => ({
      id: `p${n}`,
      email: `p${n}@example.com`,
      name: `P ${n}`,
      password: `password ${n}`,
    }));
    const context = contextAt('http://127.0.0.1:1', { settings: { people } });
    await sandbox.create(context);
    const size = context.storage.size;
    expect(size).toBe(1_000);
    const [one] = await context.storage.find('Person', 'uid', 'p7@example.com');
    await context.storage.put('Person', 'p7', { ...one, value: { ...one?.value, name: 'changed' } });
    await sandbox.create(context);
    expect(context.storage.size).toBe(size);
    expect((await context.storage.get('Person', 'p7'))?.value.name).toBe('changed');
  });

  test.each([
    [{ unknown: 1 }, 'unknown'],
    [{ adminToken: 'short' }, 'adminToken'],
    [{ people: [{ id: 'a b', email: 'a@example.com', name: 'A' }] }, 'people'],
    [{ baseUrl: 'ftp://example.com' }, 'baseUrl'],
  ])('settings %j are refused', (settings, member) => {
    const result = sandboxSettingsSchema.safeParse(settings);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(member);
  });
});
