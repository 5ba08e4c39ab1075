/** One attempt to tell a receiver, over real HTTP. */
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/adapters/http.ts';
import { silentLog } from '../../src/model/log.ts';
import { createWebhook, keyOfSecret, maxAttempts, signatureHeaders, waitAfter } from '../../src/sinks/index.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { createManualClock } from '../support/clock.ts';

const secretOf = (letter: string) => `whsec_${Buffer.alloc(24, letter).toString('base64')}`;
const [oldSecret, newSecret] = [secretOf('a'), secretOf('b')];
const message = {
  id: '01900000-0000-7000-8000-000000000001',
  at: Date.UTC(2026, 4, 4, 10),
  body: '{"type":"pause.set","data":{}}',
  subject: '',
  text: '',
  page: false,
};
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function open(receiver: WebhookReceiver, { secrets = [newSecret], allowPrivate = ['127.0.0.0/8'] } = {}) {
  const clock = createManualClock();
  const http = createHttpClient({ allowPrivate, clock, log: silentLog });
  ending.push(
    () => receiver.close(),
    () => http.close(),
  );
  const sink = createWebhook({ url: receiver.url, keys: secrets.map((secret) => keyOfSecret(secret) as Buffer), http });
  return { clock, deliver: (signal = new AbortController().signal) => sink.deliver(message, signal) };
}

describe('a signature', () => {
  it('is the one of the published example of Standard Webhooks', () => {
    const key = keyOfSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') as Buffer;
    const example = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330_000, body: '{"test": 2432232314}' };
    expect(signatureHeaders(example, [key])).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it.each([
    ['no prefix', Buffer.alloc(24, 'a').toString('base64')],
    ['too short a key', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long a key', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['what is no base64', `whsec_${'!'.repeat(32)}`],
  ])('is never made with %s', (_what, secret) => {
    expect(keyOfSecret(secret)).toBeUndefined();
  });

  it.each([
    ['the old secret', oldSecret],
    ['the new one', newSecret],
  ])('fits a receiver that has %s while they change', async (_what, known) => {
    const receiver = await startWebhookReceiver([known]);
    const { deliver } = await open(receiver, { secrets: [newSecret, oldSecret] });
    expect(await deliver()).toEqual({ kind: 'delivered' });
    expect(receiver.received).toMatchObject([{ id: message.id, signedBy: known, timestamp: String(message.at / 1000) }]);
  });
});

describe('an attempt', () => {
  it.each([200, 202, 204])('is taken with %i', async (status) => {
    const receiver = await startWebhookReceiver([newSecret]);
    receiver.answer = status;
    expect(await (await open(receiver)).deliver()).toEqual({ kind: 'delivered' });
  });

  it.each([301, 400, 404, 500])('is to be made again after %i', async (status) => {
    const receiver = await startWebhookReceiver([newSecret]);
    receiver.answer = status;
    receiver.headers = { location: 'http://127.0.0.1:9/' };
    expect(await (await open(receiver)).deliver()).toEqual({ kind: 'failed', code: `status.${status}` });
    expect(receiver.received).toHaveLength(1);
  });

  it('keeps what the receiver asks to wait', async () => {
    const receiver = await startWebhookReceiver([newSecret]);
    receiver.answer = 429;
    receiver.headers = { 'retry-after': '700' };
    expect(await (await open(receiver)).deliver()).toEqual({ kind: 'failed', code: 'status.429', retryAfterMs: 700_000 });
  });

  it('is the last after 410', async () => {
    const receiver = await startWebhookReceiver([newSecret]);
    receiver.answer = 410;
    expect(await (await open(receiver)).deliver()).toEqual({ kind: 'gone' });
  });

  it('ends after fifteen seconds at a receiver that hangs', async () => {
    const receiver = await startWebhookReceiver([newSecret]);
    receiver.answer = 'hang';
    const { clock, deliver } = await open(receiver);
    const delivery = deliver();
    await receiver.got(1);
    await clock.advance(15_000);
    expect(await delivery).toEqual({ kind: 'failed', code: 'timeout' });
  });

  it('tells nothing to a server whose certificate is not trusted', async () => {
    const receiver = await startWebhookReceiver([newSecret], { untrusted: true });
    expect(await (await open(receiver)).deliver()).toEqual({ kind: 'failed', code: 'tls' });
    expect(receiver.received).toEqual([]);
  });

  it('goes to no private address that is not listed', async () => {
    const receiver = await startWebhookReceiver([newSecret]);
    expect(await (await open(receiver, { allowPrivate: [] })).deliver()).toEqual({ kind: 'failed', code: 'addressForbidden' });
    expect(receiver.received).toEqual([]);
  });
});

describe('the times of attempts', () => {
  it('are ten within three and a half days, never earlier than asked', () => {
    const waits = Array.from({ length: maxAttempts }, (_, n) => waitAfter(n + 1));
    expect(waits[0]).toBe(5_000);
    expect(waits.at(-1)).toBeUndefined();
    expect(waits).toHaveLength(10);
    expect(waits.slice(0, -1).reduce<number>((sum, wait) => sum + (wait ?? 0), 0)).toBeLessThan(84 * 3_600_000);
    expect(waitAfter(1, 60_000)).toBe(60_000);
    expect(waitAfter(2, 60_000)).toBe(300_000);
  });
});
