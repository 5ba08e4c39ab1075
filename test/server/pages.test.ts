import { afterEach, describe, expect, it } from 'vitest';
import { goodCode, goodSession, newId, openWorld, startAt, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const cookie = { cookie: `other=1; rescind_session=${goodSession}` };
const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&lt;`;

describe('the one-time link', () => {
  it('opens once, sets a cookie that scripts and other sites cannot use, and goes on to the page', async () => {
    world = await openWorld();
    const opened = await world.ask(`/?code=${goodCode}`);
    expect([opened.status, opened.headers.get('location'), opened.headers.get('cache-control')]).toEqual([303, '/', 'no-store']);
    expect(opened.headers.get('set-cookie')).toBe(`rescind_session=${goodSession}; Path=/; HttpOnly; SameSite=Strict`);
    const again = await world.ask(`/?code=${goodCode}`);
    expect([again.status, again.headers.get('set-cookie')]).toEqual([401, null]);
  });

  it('is not used up by what only looks at links', async () => {
    world = await openWorld();
    expect((await world.ask(`/?code=${goodCode}`, { method: 'HEAD' })).status).toBe(204);
    expect((await world.ask(`/?code=${goodCode}`, { headers: { 'sec-purpose': 'prefetch;prerender' } })).status).toBe(204);
    expect((await world.ask(`/?code=${goodCode}`)).status).toBe(303);
  });

  it('marks the cookie as secure behind a trusted proxy that speaks TLS, below the path of the public address', async () => {
    world = await openWorld(() => ({ trustProxy: 1, basePath: '/rescind' }));
    const opened = await world.ask(`/rescind/?code=${goodCode}`, { headers: { 'x-forwarded-proto': 'https' } });
    expect(opened.headers.get('set-cookie')).toBe(`rescind_session=${goodSession}; Path=/rescind; HttpOnly; Secure; SameSite=Strict`);
    expect(opened.headers.get('location')).toBe('/rescind/');
    expect((await world.ask('/rescind')).headers.get('location')).toBe('/rescind/');
    expect((await world.ask('/rescind/api/v1/plans', { as: 'admin' })).status).toBe(200);
    expect((await world.ask('/rescind/ssf/events/partner', { method: 'POST', body: 'x' })).status).toBe(202);
    expect((await world.ask('/healthz')).status).toBe(200);
  });
});

describe('a session', () => {
  const post = (headers: Record<string, string>) =>
    world.ask('/api/v1/pause', { method: 'POST', body: { reason: 'x' }, headers: { ...cookie, ...headers } });

  it('reads by cookie', async () => {
    world = await openWorld();
    expect((await world.ask('/api/v1/plans', { headers: cookie })).status).toBe(200);
    expect((await world.ask('/', { headers: cookie })).status).toBe(200);
    expect((await world.ask('/api/v1/plans', { headers: { cookie: 'rescind_session=wrong' } })).status).toBe(401);
  });

  it('writes only from our own pages', async () => {
    world = await openWorld();
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${world.port + 1}` },
      { origin: `${world.origin}.evil.example` },
      { origin: world.origin, 'sec-fetch-site': 'cross-site' },
      { origin: world.origin, 'sec-fetch-site': 'same-site' },
      { referer: world.origin },
      { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' },
    ] as Record<string, string>[]) {
      expect((await post(headers)).status, JSON.stringify(headers)).toBe(403);
    }
    expect(world.seen.paused).toEqual([]);
    expect((await post({ origin: world.origin, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('does not stand in for a token that does not count', async () => {
    world = await openWorld();
    expect((await world.ask('/api/v1/plans', { headers: { ...cookie, authorization: 'Bearer wrong' } })).status).toBe(401);
  });

  it('ends when the person signs out, and not because another site says so', async () => {
    world = await openWorld();
    expect((await world.ask('/sign-out', { method: 'POST', headers: { ...cookie, origin: 'https://evil.example' } })).status).toBe(403);
    expect(world.seen.ended).toEqual([]);
    const out = await world.ask('/sign-out', { method: 'POST', headers: { ...cookie, origin: world.origin } });
    expect([out.status, world.seen.ended]).toEqual([303, [goodSession]]);
    expect(out.headers.get('set-cookie')).toMatch(/^rescind_session=; Path=\/; Expires=Thu, 01 Jan 1970/);
  });
});

describe('the status page', () => {
  it('tells who is not signed in how to get in, and nothing else', async () => {
    world = await openWorld();
    const response = await world.ask('/');
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="rescind"']);
    const text = await response.text();
    expect(text).toContain('You are not signed in');
    expect(text).not.toMatch(/Acme|1\.2\.3/);
  });

  it('is closed to roles that see no scores', async () => {
    world = await openWorld((parts) => ({ signIn: { ...parts.signIn, callerOf: async () => ({ name: 'console', roles: ['helpdesk'] }) } }));
    expect((await world.ask('/', { headers: cookie })).status).toBe(401);
  });

  it('writes every text as text, wherever it comes from', async () => {
    world = await openWorld(() => ({
      version: hostile,
      status: async () => ({
        version: hostile,
        startedAt: startAt,
        organisation: hostile,
        kind: hostile,
        enforcement: hostile,
        overrides: [hostile],
        pauses: [{ id: newId(), since: startAt, scope: hostile, until: startAt }],
        breaker: { id: hostile, detail: hostile, since: startAt, until: startAt },
        connections: [
          {
            id: hostile,
            provider: hostile,
            profile: hostile,
            heard: {
              pushedAt: startAt,
              polledAt: startAt,
              cursorAt: startAt,
              gaps: [{ id: newId(), from: startAt, to: startAt, reason: hostile }],
              alarms: [{ code: hostile, since: startAt }],
            },
          },
        ],
        transmitters: [{ id: hostile, issuer: hostile }],
        people: 1,
        bundleHash: hostile,
        policies: [{ id: hostile, version: 1, title: hostile, mode: hostile }],
        sinks: [],
        ledger: { size: 1, signedAt: startAt, waiting: 0 },
      }),
    }));
    const every = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, hostile]));
    world.items.signals.push({ id: newId(), ...every(['receivedAt', 'type', 'source', 'state']) });
    world.items.decisions.push({
      id: newId(),
      ...every(['decidedAt', 'outcome', 'mode', 'level', 'policyId']),
      actions: [{ type: hostile, state: hostile }],
      reasons: [{ code: hostile, ref: hostile }],
    });
    world.items.actions.push({
      id: newId(),
      ...every(['intendedAt', 'type', 'connection', 'state', 'verifiedAt', 'residualAccessSeconds']),
    });
    const text = await (await world.ask('/', { headers: cookie })).text();
    expect(text).not.toMatch(/<script|<img|onerror='|"><s/);
    expect(text.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(25);
    expect(text).toContain('&amp;lt;');
  });

  it('shows undecided signals, pauses, overrides, verification, how an action ended and what access is left', async () => {
    world = await openWorld((parts) => ({
      status: async () => ({
        ...(await parts.status()),
        overrides: ['RP-017'],
        pauses: [{ id: newId(), since: startAt, scope: 'everything', until: null }],
      }),
    }));
    world.items.signals.push({
      id: newId(),
      type: 'credential_leak',
      source: 'partner',
      state: 'undecided',
      receivedAt: '2026-05-04T10:00:00.000Z',
    });
    world.items.actions.push({
      id: newId(),
      type: 'session.revoke',
      connection: 'sandbox',
      state: 'done',
      verifiedAt: '2026-05-04T10:00:01.000Z',
      residualAccessSeconds: 42,
    });
    world.items.actions.push({ id: newId(), type: 'account.suspend', connection: 'sandbox', state: 'done', endedBy: 'respected' });
    const text = await (await world.ask('/', { headers: cookie })).text();
    for (const shown of [
      'undecided',
      'paused',
      'everything since 2026-05-04T10:00:00.000Z',
      'RP-017 (unproven)',
      '42 s',
      'done, respected',
      '2026-05-04T10:00:01.000Z',
    ])
      expect(text).toContain(shown);
  });
});

describe('headers', () => {
  it('keep browsers strict on every page, record and refusal', async () => {
    world = await openWorld();
    for (const [path, as] of [
      ['/'],
      ['/docs'],
      ['/healthz'],
      ['/api/v1/plans', 'admin'],
      ['/api/v1/plans'],
      ['/nothing'],
      ['/api/v1/pause'],
      ['/%ff'],
    ] as const) {
      const { headers } = await world.ask(path, as === undefined ? {} : { as });
      expect(headers.get('content-security-policy'), path).toBe(
        "default-src 'none';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
      );
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('strict-transport-security'), path).toContain('max-age=31536000');
      expect(headers.get('x-powered-by'), path).toBeNull();
      expect(headers.get('x-request-id'), path).toMatch(/^[A-Za-z0-9_-]{12}$/);
    }
    expect((await world.ask('/api/v1/plans', { as: 'admin' })).headers.get('cache-control')).toBe('no-store');
    expect((await world.ask('/api/v1/plans')).headers.get('cache-control')).toBe('no-store');
  });

  it('leave the sandbox its own, below /idp alone', async () => {
    world = await openWorld(() => ({
      idp: (request, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(request.url),
    }));
    const page = await world.ask('/idp/auth?x=1');
    expect([await page.text(), page.headers.get('content-security-policy')]).toEqual(['/auth?x=1', null]);
    await world.close();
    world = await openWorld();
    expect((await world.ask('/idp/auth')).status).toBe(404);
  });
});
