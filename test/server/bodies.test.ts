import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { systemClock } from '../support/system-clock.ts';
import { openWorld, problemOf, sendRaw, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld((parts) => ({
    callerOf: async (token) => {
      if (token === 'away') throw new AppError('store.unavailable', 'the database cannot be reached');
      if (token === 'broken') throw new Error('secret: hunter2');
      return parts.callerOf(token);
    },
  }));
});
afterAll(() => world.close());

const pause = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  world.ask('/api/v1/pause', { as: 'admin', method: 'POST', body, headers });

describe('JSON bodies', () => {
  it.each([
    ['no JSON', '{'],
    ['an empty body', ''],
    ['a member twice', '{"reason":"a","reason":"b"}'],
    ['a member twice, once escaped', '{"reason":"a","\\u0072eason":"b"}'],
    ['NUL in a text', '{"reason":"a\\u0000b"}'],
    ['a lone surrogate', '{"reason":"a\\ud800"}'],
    ['deep nesting', `{"reason":"a","scope":${'['.repeat(100)}${']'.repeat(100)}}`],
    ['very deep nesting', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
    ['a name that reaches into prototypes', '{"reason":"a","__proto__":{"admin":true}}'],
    ['a byte order mark', '\ufeff{"reason":"a"}'],
    ['an array', '[]'],
    ['null', 'null'],
    ['an unknown member', '{"reason":"a","scop":{}}'],
    ['an empty reason', '{"reason":"  "}'],
    ['a reason that is no text', '{"reason":["a"]}'],
    ['an unknown action', '{"reason":"a","scope":{"action":"world.end"}}'],
  ])('with %s are refused with 400 and nothing is done', async (_what, body) => {
    const response = await pause(body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'request.invalid' });
    expect(world.seen.paused).toEqual([]);
  });

  it('that are not UTF-8 are refused', async () => {
    expect((await pause(Buffer.from('{"reason":"\xff"}', 'latin1'))).status).toBe(400);
  });

  it('repeat nothing of what was sent in the refusal', async () => {
    const text = await (await pause('{"reason":"a","hunter2":"hunter3","scope":{"action":"hunter4"}}')).text();
    expect(text).not.toMatch(/hunter/);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/secevent+jwt', 'multipart/form-data; boundary=x'])(
    'of type %s are refused with 415',
    async (type) => {
      const response = await pause('{"reason":"a"}', { 'content-type': type });
      expect([response.status, (await problemOf(response)).code]).toEqual([415, 'request.mediaType']);
    },
  );

  it('that are compressed are refused with 415', async () => {
    expect((await pause('{"reason":"a"}', { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('over the limit are refused with 413, whether their length is told or not', async () => {
    const told = await pause(`{"reason":"${'a'.repeat(70_000)}"}`);
    expect([told.status, (await problemOf(told)).code, told.headers.get('connection')]).toEqual([413, 'request.tooLarge', 'close']);
    const head = `POST /api/v1/pause HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `4000\r\n${'a'.repeat(0x4000)}\r\n`;
    expect(await sendRaw(world.port, `${head}${chunk.repeat(5)}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
    expect(world.seen.paused).toEqual([]);
  });

  it('of many megabytes are refused before they are read', async () => {
    const head = `POST /api/v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n`;
    expect(await sendRaw(world.port, head)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that are right are taken', async () => {
    const response = await pause('{"reason":" fire drill ","scope":{"connection":"okta-main"}}');
    expect(response.status).toBe(200);
    expect(world.seen.paused.splice(0)).toEqual([{ scope: { connection: 'okta-main' }, reason: 'fire drill' }]);
  });
});

describe('bodies that do not come whole', () => {
  it('are never given on', async () => {
    const before = world.seen.signals.length;
    for (const path of ['/api/v1/signals', '/ssf/events/partner']) {
      await new Promise<void>((resolve) => {
        const socket = connect(world.port, '127.0.0.1', () => {
          socket.write(
            `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"type"`,
            () => socket.destroy(),
          );
        });
        socket.on('close', () => resolve());
      });
    }
    // A whole request after them has been answered once everything before it was looked at.
    expect((await world.ask('/healthz')).status).toBe(200);
    expect([world.seen.signals.length, world.seen.pushes.length]).toEqual([before, 0]);
  });

  it('and dribble in are cut off with 408', async () => {
    const slow = await openWorld(() => ({}), {
      headersTimeout: 100,
      requestTimeout: 150,
      keepAliveTimeout: 1_000,
      connectionsCheckingInterval: 25,
    });
    const got = await sendRaw(slow.port, 'POST /ssf/events/partner HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc');
    expect(got).toMatch(/^HTTP\/1\.1 408 /);
    expect(slow.seen.pushes).toEqual([]);
    await slow.close();
  });
});

describe('requests that mean two things', () => {
  const head = 'POST /api/v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\n';
  it.each([
    [
      'a length and chunks',
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/plans HTTP/1.1\r\nHost: x\r\n\r\n`,
    ],
    ['two lengths', `${head}Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}`],
    ['a length with a sign', `${head}Content-Length: +2\r\n\r\n{}`],
    ['an encoding after chunked', `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${head}Content-Length : 2\r\n\r\n{}`],
    ['a bare line feed in a header', `${head}X: a\nContent-Length: 2\r\n\r\n{}`],
    ['a chunk size that is no number', `${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n'],
  ])('such as %s are refused and nothing after them is answered', async (_what, text) => {
    const before = world.seen.signals.length;
    const got = await sendRaw(world.port, text, { end: true });
    expect(got).toMatch(/^HTTP\/1\.1 400 /);
    expect(got.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(world.seen.signals).toHaveLength(before);
  });

  it('are refused for headers without end', async () => {
    expect(await sendRaw(world.port, `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each(['/api/v1/signals/%ff', '/api/v1/signals/%', '/%c0%ae'])(
    'or paths such as %s are refused without a word about us',
    async (path) => {
      const response = await world.ask(path, { as: 'admin' });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(405);
      expect(await response.text()).not.toMatch(/at .*\.ts|node_modules/);
    },
  );

  it.each([
    '/api/v1/identities/a%00b',
    `/api/v1/plans/${'a'.repeat(600)}`,
    "/api/v1/signals/'%20or%201=1",
    '/api/v1/ledger/tile/..%2f..%2fetc%00',
  ])('and records that cannot be, such as %s, are not there', async (path) => {
    expect((await world.ask(path, { as: 'admin' })).status).toBe(404);
  });
});

describe('what goes wrong', () => {
  it('is answered 503 with Retry-After where the store is away', async () => {
    const response = await world.ask('/api/v1/signals', { headers: { authorization: 'Bearer away' } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await problemOf(response)).toMatchObject({ code: 'store.unavailable' });
  });

  it('is answered 500 with a request id and nothing else, and is logged without the message', async () => {
    const response = await world.ask('/api/v1/signals', { headers: { authorization: 'Bearer broken' } });
    expect(response.status).toBe(500);
    const { detail, code } = await problemOf(response);
    expect([code, detail]).toEqual(['internal', `request ${response.headers.get('x-request-id')}`]);
    expect(world.seen.log.some(({ event }) => event === 'request.failed')).toBe(true);
    expect(JSON.stringify(world.seen.log)).not.toMatch(/hunter2/);
  });

  it('is a problem for routes and methods that are not there', async () => {
    const missing = await world.ask('/api/v1/nothing', { as: 'admin' });
    expect([missing.status, (await problemOf(missing)).code]).toEqual([404, 'notFound']);
    const method = await world.ask('/api/v1/signals', { as: 'admin', method: 'DELETE' });
    expect([method.status, method.headers.get('allow'), (await problemOf(method)).code]).toEqual([
      405,
      'GET, HEAD, POST',
      'method.notAllowed',
    ]);
    expect((await world.ask('/api/v1/pause', { as: 'admin' })).headers.get('allow')).toBe('POST');
    expect((await world.ask('/healthz', { method: 'POST' })).status).toBe(405);
  });

  it('answers HEAD like GET, without a body', async () => {
    const response = await world.ask('/api/v1/plans', { as: 'admin', method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await world.ask('/api/v1/plans', { method: 'HEAD' })).status).toBe(401);
  });
});

describe('stopping', () => {
  it('lets requests in flight end, then closes their connections at once', async () => {
    const release = Promise.withResolvers<void>();
    const inside = Promise.withResolvers<void>();
    const other = await openWorld((parts) => ({
      ready: async () => {
        inside.resolve();
        await release.promise;
        return parts.ready();
      },
    }));
    const answer = new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${other.origin}/readyz`, { headers: { connection: 'keep-alive' } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject).end();
    });
    await inside.promise;
    const closed = other.close();
    release.resolve();
    expect(await answer).toBe(200);
    // Without waiting for the time after which it is cut off.
    expect(await Promise.race([closed.then(() => 'closed'), systemClock.sleep(5_000).then(() => 'open')])).toBe('closed');
    await expect(fetch(`${other.origin}/healthz`)).rejects.toThrow();
  });
});
