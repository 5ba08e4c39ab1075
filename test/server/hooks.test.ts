import { afterEach, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import type { HookRequest } from '../../src/server/index.ts';
import { openWorld, problemOf, sendRaw, type World } from './world.ts';

let world: World;
afterEach(() => world?.close());

const open = async (receive: (request: HookRequest) => Promise<{ status: number; json?: unknown }>, limitBytes = 1_000) => {
  world = await openWorld(() => ({ hook: (name) => (name === 'okta-main' ? { limitBytes, receive } : undefined) }));
};
const post = (path: string, body: string | Uint8Array = 'x') => world.ask(path, { method: 'POST', body });

it('hands on the bytes as they came, and answers with the status alone', async () => {
  const bodies: unknown[] = [];
  await open(async ({ body, header }) => {
    bodies.push([Buffer.from(body as Uint8Array), header('content-type')]);
    return { status: 200 };
  });
  const body = Buffer.from([0, 255, 123]);
  const response = await post('/hooks/okta-main', body);
  expect([response.status, await response.text(), response.headers.get('content-length')]).toEqual([200, '', '0']);
  expect(bodies).toEqual([[body, 'application/json']]);
});

it('never keeps more than the limit of the connection', async () => {
  const bodies: unknown[] = [];
  await open(async ({ body }) => {
    bodies.push(body === 'tooLarge' ? body : body.length);
    return { status: body === 'tooLarge' ? 413 : 200 };
  });
  expect((await post('/hooks/okta-main', 'x'.repeat(1_000))).status).toBe(200);
  const large = await post('/hooks/okta-main', 'x'.repeat(1_001));
  expect([large.headers.get('connection'), (await problemOf(large)).code]).toEqual(['close', 'request.tooLarge']);
  expect(bodies).toEqual([1_000, 'tooLarge']);
});

it('answers 503 with Retry-After where the store is away, and shows nothing of a fault', async () => {
  await open(() => Promise.reject(new AppError('store.unavailable', 'away')));
  const away = await post('/hooks/okta-main');
  expect([away.status, away.headers.get('retry-after'), (await problemOf(away)).code]).toEqual([503, '5', 'store.unavailable']);
  await world.close();
  await open(() => Promise.reject(new Error('secret: hunter2')));
  const broken = await post('/hooks/okta-main');
  expect([broken.status, await broken.text()]).toEqual([500, expect.not.stringContaining('hunter2')]);
  expect(JSON.stringify(world.seen.log)).not.toMatch(/hunter2/);
});

it('half a body is nothing', async () => {
  const calls: unknown[] = [];
  await open(async (request) => {
    calls.push(request);
    return { status: 200 };
  });
  await sendRaw(world.port, 'POST /hooks/okta-main HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf', { end: true });
  expect(calls).toEqual([]);
});
