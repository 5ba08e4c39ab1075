/** The outgoing client over real sockets: what it sends, what it refuses to reach, and what it says when an answer does not come. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFetchJson, createHttpClient, type HttpClient, type HttpClientOptions, readRetryAfter } from '../../src/adapters/http.ts';
import type { Log } from '../../src/model/log.ts';
import { createRealClock } from '../support/clock.ts';

let lines: string[];
const log: Log = {
  info: (fields, event) => void lines.push(JSON.stringify({ ...fields, event })),
  warn: (fields, event) => void lines.push(JSON.stringify({ ...fields, event })),
  error: (fields, event) => void lines.push(JSON.stringify({ ...fields, event })),
};
let open: (() => Promise<unknown>)[];
beforeEach(() => {
  lines = [];
  open = [];
});
afterEach(async () => {
  for (const close of open) await close();
});

function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({ allowPrivate: ['127.0.0.0/8'], clock: createRealClock(), log, ...options });
  open.push(() => client.close());
  return client;
}

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  return listen(server, () => server.closeAllConnections());
}

async function listen(server: Server, cut: () => void): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    cut();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a call', () => {
  test('sends JSON, a form or text, and reads status, headers and JSON', async () => {
    const seen: unknown[] = [];
    const origin = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen.push([request.method, request.url, request.headers['content-type'], request.headers['x-one'], body]);
      response.writeHead(201, { 'content-type': 'application/json', 'X-Two': 'b' }).end('{"ok":true}');
    });
    const http = clientOf();
    const answer = await http.request({ method: 'POST', url: `${origin}/a?b=c`, json: { n: 1 }, headers: { 'x-one': 'a' } });
    expect(answer).toMatchObject({ kind: 'response', status: 201, json: { ok: true }, text: '{"ok":true}', headers: { 'x-two': 'b' } });
    await http.request({ method: 'POST', url: origin, form: { a: 'b c', d: '&' } });
    await http.request({ method: 'PUT', url: origin, raw: { type: 'application/secevent+jwt', text: 'e.y.j' } });
    await http.request({ method: 'GET', url: origin });
    expect(seen).toEqual([
      ['POST', '/a?b=c', 'application/json', 'a', '{"n":1}'],
      ['POST', '/', 'application/x-www-form-urlencoded', undefined, 'a=b+c&d=%26'],
      ['PUT', '/', 'application/secevent+jwt', undefined, 'e.y.j'],
      ['GET', '/', undefined, undefined, ''],
    ]);
  });

  test('follows no redirect', async () => {
    let calls = 0;
    const origin = await serve((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    });
    expect(await clientOf().request({ method: 'GET', url: origin })).toMatchObject({ kind: 'response', status: 302 });
    expect(calls).toBe(1);
  });

  test('an answer that is no JSON has no json, whatever its type says', async () => {
    const origin = await serve((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'));
    const answer = await clientOf().request({ method: 'GET', url: origin });
    expect(answer).toMatchObject({ kind: 'response', text: '<html>' });
    expect(answer).not.toHaveProperty('json');
  });

  test('connections are used again', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end('{}')).on('connection', () => void connections++);
    const origin = await listen(server, () => server.closeAllConnections());
    const http = clientOf();
    for (let n = 0; n < 5; n++) await http.request({ method: 'GET', url: origin });
    expect(connections).toBeLessThan(5);
  });
});

describe('an answer that does not come', () => {
  test('a hang is lost at the deadline, and the connection is let go', async () => {
    const gone = Promise.withResolvers<void>();
    const origin = await serve((request) => request.socket.on('close', () => gone.resolve()));
    expect(await clientOf().request({ method: 'POST', url: origin, json: {}, timeoutMs: 50 })).toEqual({ kind: 'lost', code: 'timeout' });
    await gone.promise;
  });

  test('a body that stops half-way is lost at the deadline too', async () => {
    const origin = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
    });
    expect(await clientOf().request({ method: 'GET', url: origin, timeoutMs: 50 })).toEqual({ kind: 'lost', code: 'timeout' });
  });

  test.each([
    ['before the head', (_response: ServerResponse, request: IncomingMessage) => request.socket.destroy()],
    [
      'amid the body',
      (response: ServerResponse, request: IncomingMessage) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"a"', () => request.socket.destroy());
      },
    ],
    [
      'amid a chunked body',
      (response: ServerResponse, request: IncomingMessage) => {
        response.writeHead(200);
        response.write('{"a":1}', () => request.socket.destroy());
      },
    ],
  ])('a connection that ends %s is lost', async (_name, cut) => {
    const origin = await serve((request, response) => cut(response, request));
    expect(await clientOf().request({ method: 'POST', url: origin, json: {} })).toEqual({ kind: 'lost', code: 'cut' });
  });

  test('what speaks no HTTP is lost', async () => {
    const sockets = new Set<import('node:net').Socket>();
    const server = createNetServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.end('SSH-2.0-x\r\n');
    });
    const origin = await listen(server, () => {
      for (const socket of sockets) socket.destroy();
    });
    expect(await clientOf().request({ method: 'GET', url: origin })).toMatchObject({ kind: 'lost' });
  });

  test('nobody listening is not sent', async () => {
    const server = createNetServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await clientOf().request({ method: 'POST', url: `http://127.0.0.1:${port}`, json: {} })).toEqual({
      kind: 'notSent',
      code: 'refused',
    });
  });

  test('an answer over the limit is lost, told by its length or while it comes', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/told') response.end('x'.repeat(2_000));
      else {
        response.write('x'.repeat(600));
        response.write('x'.repeat(600));
      }
    });
    const http = clientOf();
    expect(await http.request({ method: 'GET', url: `${origin}/told`, maxBytes: 1_000 })).toEqual({ kind: 'lost', code: 'tooLarge' });
    expect(await http.request({ method: 'GET', url: `${origin}/chunks`, maxBytes: 1_000 })).toEqual({ kind: 'lost', code: 'tooLarge' });
  });

  test('a signal that fires before the call sends nothing; one that fires during it makes it lost', async () => {
    let calls = 0;
    const arrived = Promise.withResolvers<void>();
    const origin = await serve(() => {
      calls += 1;
      arrived.resolve();
    });
    const http = clientOf();
    expect(await http.request({ method: 'POST', url: origin, json: {}, signal: AbortSignal.abort() })).toEqual({
      kind: 'notSent',
      code: 'aborted',
    });
    expect(calls).toBe(0);
    const stop = new AbortController();
    const answer = http.request({ method: 'POST', url: origin, json: {}, signal: stop.signal });
    await arrived.promise;
    stop.abort();
    expect(await answer).toEqual({ kind: 'lost', code: 'aborted' });
  });

  test('a call whose name is still being looked up when its signal fires never goes out', async () => {
    let calls = 0;
    const origin = await serve((_request, response) => {
      calls += 1;
      response.end('{}');
    });
    const asked = Promise.withResolvers<() => void>();
    const http = clientOf({
      resolve: (_name, _options, callback) => asked.resolve(() => callback(null, [{ address: '127.0.0.1', family: 4 }])),
    });
    const stop = new AbortController();
    const answer = http.request({ method: 'POST', url: origin.replace('127.0.0.1', 'slow.test'), json: {}, signal: stop.signal });
    const found = await asked.promise;
    stop.abort();
    expect(await answer).toEqual({ kind: 'notSent', code: 'aborted' });
    found();
    await clientOf().request({ method: 'GET', url: origin });
    expect(calls).toBe(1);
  });

  test('closing the client answers the calls under way', async () => {
    const arrived = Promise.withResolvers<void>();
    const origin = await serve(() => arrived.resolve());
    const http = clientOf();
    const answer = http.request({ method: 'POST', url: origin, json: {} });
    await arrived.promise;
    await http.close();
    expect(await answer).toMatchObject({ kind: 'lost' });
  });
});

describe('where a call may go', () => {
  const resolveTo = (...addresses: string[]): Partial<HttpClientOptions> => ({
    resolve: (_name, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
  });
  const get = (http: HttpClient, url: string) => http.request({ method: 'GET', url, timeoutMs: 2_000 });

  test.each([
    ['http://169.254.169.254/latest/meta-data'],
    ['https://169.254.169.254/'],
    ['https://10.0.0.1/'],
    ['https://[::1]/'],
    ['https://[::ffff:7f00:1]/'],
    ['https://[::ffff:10.0.0.1]/'],
    ['https://0/'],
    ['https://2130706433/'],
    ['https://0x7f.1/'],
    ['https://127.1/'],
    ['https://0177.0.0.1/'],
    ['http://8.8.8.8/'],
  ])('%s is forbidden: not permitted, or not TLS', async (url) => {
    expect(await get(clientOf({ allowPrivate: [] }), url)).toEqual({ kind: 'notSent', code: 'addressForbidden' });
  });

  test('plain http to a public name is forbidden before anything is sent', async () => {
    expect(await get(clientOf({ ...resolveTo('8.8.8.8') }), 'http://example.com/')).toEqual({ kind: 'notSent', code: 'addressForbidden' });
  });

  test('a name that leads to a forbidden address is forbidden', async () => {
    const http = clientOf({ allowPrivate: [], ...resolveTo('10.0.0.1', '169.254.169.254', '::1') });
    expect(await get(http, 'https://internal.example/')).toEqual({ kind: 'notSent', code: 'addressForbidden' });
  });

  test('the connection goes to the address that was checked: a name that answers differently each time gains nothing (DNS rebinding)', async () => {
    let calls = 0;
    const origin = await serve((_request, response) => {
      calls += 1;
      response.setHeader('connection', 'close').end('{}');
    });
    let asked = 0;
    const http = clientOf({
      allowPrivate: ['127.0.0.2'],
      resolve: (_name, _options, callback) => callback(null, [{ address: ['127.0.0.1', '127.0.0.1'][asked++] ?? '127.0.0.1', family: 4 }]),
    });
    const url = origin.replace('127.0.0.1', 'rebinding.test');
    for (let n = 0; n < 3; n++) expect(await get(http, url)).toEqual({ kind: 'notSent', code: 'addressForbidden' });
    expect(asked).toBe(3);
    expect(calls).toBe(0);
  });

  test('of several addresses only the permitted are tried', async () => {
    const origin = await serve((_request, response) => response.end('{}'));
    const http = clientOf({ allowPrivate: ['127.0.0.1'], ...resolveTo('10.255.255.1', '127.0.0.1') });
    expect(await get(http, origin.replace('127.0.0.1', 'two.test'))).toMatchObject({ kind: 'response', status: 200 });
  });

  test('a name that does not resolve is not sent', async () => {
    const resolve: HttpClientOptions['resolve'] = (_name, _options, callback) =>
      callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), []);
    expect(await get(clientOf({ resolve }), 'https://nowhere.example/')).toEqual({ kind: 'notSent', code: 'dns' });
  });

  test('https to what speaks none is not sent', async () => {
    const origin = await serve((_request, response) => response.end('{}'));
    expect(await get(clientOf(), origin.replace('http:', 'https:'))).toMatchObject({ kind: 'notSent' });
  });

  test.each([['ftp://127.0.0.1/'], ['file:///etc/passwd'], ['not a url'], ['https://user:secret-word@example.com/']])(
    '%s is no address for a call',
    async (url) => {
      expect(await get(clientOf(), url)).toEqual({ kind: 'notSent', code: 'urlInvalid' });
    },
  );

  test('the log names host and reason, never path, query, headers or body', async () => {
    const origin = await serve((request) => request.socket.destroy());
    await clientOf().request({
      method: 'POST',
      url: `${origin}/path-secret?q=query-secret`,
      json: { s: 'body-secret' },
      headers: { authorization: 'Bearer header-secret' },
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      host: new URL(origin).host,
      method: 'POST',
      kind: 'lost',
      code: 'cut',
      event: 'http.failed',
    });
  });
});

describe('Retry-After (RFC 9110 section 10.2.3)', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);
  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['9999999999', 86_400_000],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['Sat, 01 Jan 2028 11:00:00 GMT', 86_400_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-01-01T12:00:30Z', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s', (text, expected) => {
    expect(readRetryAfter(text, now)).toBe(expected);
  });

  test('is in the answer', async () => {
    const origin = await serve((_request, response) => response.writeHead(429, { 'retry-after': '3' }).end('{}'));
    expect(await clientOf().request({ method: 'GET', url: origin })).toMatchObject({ status: 429, retryAfterMs: 3_000 });
  });
});

describe('fetching a JSON document', () => {
  test('answers the document', async () => {
    const origin = await serve((_request, response) => response.end('{"keys":[]}'));
    expect(await createFetchJson(clientOf())(`${origin}/jwks`, {})).toEqual({ keys: [] });
  });

  test.each([
    ['another status', (response: ServerResponse) => response.writeHead(404).end('{}'), /status 404/],
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: '/' }).end('{}'), /status 302/],
    ['no JSON', (response: ServerResponse) => response.end('x'), /no JSON/],
    ['more than the limit', (response: ServerResponse) => response.end(`"${'x'.repeat(300_000)}"`), /tooLarge/],
    ['nothing in time', () => {}, /timeout/],
  ])('%s is fetch.failed, naming the host', async (_name, answer, message) => {
    const origin = await serve((_request, response) => void answer(response));
    const fetched = createFetchJson(clientOf(), { timeoutMs: 200 })(`${origin}/jwks?key=secret`, {});
    await expect(fetched).rejects.toMatchObject({ code: 'fetch.failed', message: expect.stringMatching(message) });
    await expect(fetched).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });

  test('an address that may not be reached is address.forbidden', async () => {
    await expect(createFetchJson(clientOf({ allowPrivate: [] }))('http://127.0.0.1/jwks', {})).rejects.toMatchObject({
      code: 'address.forbidden',
    });
  });
});
