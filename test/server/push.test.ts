import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const jwt = { 'content-type': 'application/secevent+jwt' };
const push = (path: string, options: { body?: string | Uint8Array; method?: string; headers?: Record<string, string> } = {}) =>
  world.ask(path, {
    method: options.method ?? 'POST',
    headers: { ...jwt, ...options.headers },
    ...(options.body === undefined ? {} : { body: options.body }),
  });

async function expectRfc8935(response: Response, status: number): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('content-language')).toBe('en');
  expect(Object.keys((await response.json()) as object).sort()).toEqual(['description', 'err']);
}

describe('the push receiver (RFC 8935)', () => {
  it('answers 202 with an empty body (section 2.2) and hands on the bytes as they came', async () => {
    const body = Buffer.from([0, 255, 10, 13, 97]);
    const response = await push('/ssf/events/partner', { body });
    expect([response.status, await response.text()]).toEqual([202, '']);
    expect(Buffer.from(world.seen.pushes.at(-1)?.body as Uint8Array)).toEqual(body);
  });

  it('answers errors as {err, description} with Content-Language (section 2.3)', async () => {
    const method = await push('/ssf/events/partner', { method: 'GET' });
    expect(method.headers.get('allow')).toBe('POST');
    await expectRfc8935(method, 405);
    await expectRfc8935(await push('/ssf/events/nobody', { body: 'x' }), 404);
  });

  it.each(['/ssf/nothing', '/ssf/events', '/ssf/events/partner/more', '/ssf'])('answers %s in the same form', async (path) => {
    await expectRfc8935(await push(path, { body: 'x' }), 404);
  });

  it('answers a malformed path in the same form', async () => {
    await expectRfc8935(await push('/ssf/events/%ff', { body: 'x' }), 400);
  });

  it('refuses a body over the limit with 413 while the sender can read it, at any size', async () => {
    for (const size of [64 * 1024 + 1, 2_000_000]) {
      const response = await push('/ssf/events/partner', { body: 'a'.repeat(size) });
      expect(response.headers.get('connection')).toBe('close');
      await expectRfc8935(response, 413);
      expect(world.seen.pushes.at(-1)?.body).toBe('tooLarge');
    }
    expect((await push('/ssf/events/partner', { body: 'a'.repeat(64 * 1024) })).status).toBe(202);
  });

  it('answers 503 with Retry-After where the store is away or something breaks, and pretends nothing', async () => {
    for (const thrown of [new AppError('store.unavailable', 'away'), new Error('secret: hunter2')]) {
      const away = await openWorld(() => ({ push: () => Promise.reject(thrown) }));
      const response = await away.ask('/ssf/events/partner', { method: 'POST', body: 'x', headers: jwt });
      expect(response.headers.get('retry-after')).toBe('5');
      await expectRfc8935(response, 503);
      expect(JSON.stringify(away.seen.log)).not.toMatch(/hunter2/);
      await away.close();
    }
  });

  it('sends the headers that keep a browser from making anything of it', async () => {
    for (const response of [await push('/ssf/events/partner', { body: 'x' }), await push('/ssf/nothing')]) {
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('x-powered-by')).toBeNull();
    }
  });
});
