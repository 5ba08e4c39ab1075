import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CursorLost, type EventFeed, FeedDelay } from '../../../src/adapters/contract.ts';
import { createOktaFeed, createOktaHook, type LogAnswer } from '../../../src/adapters/okta/index.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { logEvent } from './events.ts';

const startAt = Date.UTC(2026, 4, 4, 10);
const { signal } = new AbortController();
let okta: OktaStandIn;
let asked: string[];
let feed: EventFeed;

beforeAll(async () => {
  okta = await startOkta({ people: 3, startAt });
});
afterAll(() => okta?.close());
beforeEach(() => {
  asked = [];
  feed = feedOf(async (path) => {
    asked.push(path);
    const response = await fetch(`${okta.orgUrl}${path}`, { headers: { authorization: `SSWS ${okta.token}` } });
    return { status: response.status, json: await response.json(), headers: Object.fromEntries(response.headers) };
  });
});

function feedOf(get: (path: string) => Promise<LogAnswer>, more: Partial<Parameters<typeof createOktaFeed>[0]> = {}): EventFeed {
  return createOktaFeed({ connection: 'okta-main', ownClientIds: new Set(), pollSeconds: 15, clock: okta.clock, get, ...more });
}
const answering = (answer: Partial<LogAnswer>, more = {}) =>
  feedOf(async () => ({ status: 200, json: [], headers: { link: '<https://x/api/v1/logs?after=1>; rel="next"' }, ...answer }), more);
const locked = (n: number) =>
  okta.log({
    eventType: 'user.account.lock',
    actor: { ...okta.person(`p${n}`), type: 'User', alternateId: `p${n}@example.com`, displayName: 'P' },
  });

describe('polling', () => {
  it('asks for a thousand in the order in which they were written down, and after that for what Okta named', async () => {
    okta.clock.advance(3_600_000);
    locked(1);
    const first = await feed.read(undefined, signal);
    expect(asked[0]).toBe('/api/v1/logs?since=2026-05-04T10:59:00.000Z&sortOrder=ASCENDING&limit=1000');
    expect([first.events.length, first.more]).toEqual([1, false]);
    okta.clock.advance(1_000);
    okta.log({ eventType: 'user.account.lock' }, { publishedAt: okta.clock.now() - 1_800_000 });
    const second = await feed.read(first.cursor, signal);
    expect(asked[1]).toBe(first.cursor);
    // It happened before the first page was read, and is not missed.
    expect(second.events).toHaveLength(1);
  });

  it('goes on at once where a page is full', async () => {
    expect(
      await answering({ json: Array.from({ length: 1_000 }, () => logEvent('user.account.lock')) }).read(undefined, signal),
    ).toMatchObject({
      more: true,
    });
  });

  it('keeps our credentials at our own organisation, whatever the link says', async () => {
    const headers = {
      link: '<https://evil.example/api/v1/logs?limit=1>; rel="self", <https://evil.example/api/v1/logs?after=a&limit=1>; rel="next"',
    };
    expect((await answering({ headers }).read(undefined, signal)).cursor).toBe('/api/v1/logs?after=a&limit=1');
    for (const link of [
      '',
      '<https://x/api/v1/users?after=a>; rel="next"',
      '<%>; rel="next"',
      '<https://x/api/v1/logs?after=a>; rel="self"',
    ])
      await expect(answering({ headers: { link } }).read(undefined, signal)).rejects.toThrow('System Log');
  });

  it('says which events the hook should have brought as well', async () => {
    const json = [logEvent('user.account.lock', { uuid: 'both' }), logEvent('user.mfa.okta_verify.deny_push', { uuid: 'polled' })];
    const page = await answering({ json }, { isPushed: (type: string) => type === 'user.account.lock' }).read(undefined, signal);
    expect([...(page.pushed ?? [])]).toEqual(['both']);
  });

  it('comes again when a limit begins anew, by the clock of Okta', async () => {
    const date = new Date(okta.clock.now() - 3_600_000).toUTCString();
    const reset = String(Date.parse(date) / 1_000 + 20);
    const delay = async (headers: Record<string, string>) => {
      const error = await answering({ status: 429, json: {}, headers })
        .read(undefined, signal)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FeedDelay);
      return (error as FeedDelay).delayMs;
    };
    expect(await delay({ date, 'x-rate-limit-reset': reset })).toBe(21_000);
    expect(await delay({})).toBe(60_000);
    expect(await delay({ 'x-rate-limit-reset': '99999999999' })).toBe(900_000);
    expect(await delay({ date, 'x-rate-limit-reset': '1' })).toBe(1_000);
  });

  it('tells a cursor that is forgotten from a question that is refused', async () => {
    await expect(feed.read('/api/v1/logs?after=forgotten', signal)).rejects.toBeInstanceOf(CursorLost);
    await expect(answering({ status: 400 }).read(undefined, signal)).rejects.not.toBeInstanceOf(CursorLost);
    for (const answer of [{ status: 401 }, { status: 500 }, { json: { errorCode: 'E' } }, { json: undefined }])
      await expect(answering(answer).read('/api/v1/logs?after=1', signal)).rejects.toThrow('System Log');
  });
});

it('a span is read by its times, with a minute on both sides, to its last page', async () => {
  const from = okta.clock.now();
  for (let n = 0; n < 1_200; n++) locked(1);
  okta.clock.advance(60_000);
  const pages = [];
  for await (const page of feed.between?.(from, okta.clock.now(), signal) ?? []) pages.push(page.length);
  expect(pages[0]).toBe(1_000);
  expect(pages.reduce((sum, length) => sum + length, 0)).toBeGreaterThanOrEqual(1_200);
  expect(asked[0]).toMatch(/^\/api\/v1\/logs\?since=.*&until=.*&sortOrder=ASCENDING&limit=1000$/);
});

describe('what the log says of event hooks', () => {
  const published = new Date(startAt).toISOString();
  const of = (eventType: string, more: object = {}) =>
    logEvent(eventType, { published, target: [{ type: 'EventHook', id: 'who1' }], ...more });
  const failure = { outcome: { result: 'FAILURE', reason: 'HTTP 500' } };
  const cases = [
    [
      'a delivery that failed',
      of('event_hook.delivery', failure),
      [{ kind: 'gap', reason: 'hook.undelivered', from: startAt - 600_000, to: startAt }],
    ],
    ['one of another service', of('event_hook.delivery', { ...failure, target: [{ type: 'EventHook', id: 'who2' }] }), []],
    ['a hook switched off', of('event_hook.deactivated'), [{ kind: 'alarm', code: 'hook.ended', at: startAt }]],
    ['a hook deleted', of('event_hook.deleted'), [{ kind: 'alarm', code: 'hook.ended', at: startAt }]],
    ['one that somebody tried to switch off', of('event_hook.deactivated', failure), []],
    ['a warning', of('event_hook.delivery', { severity: 'WARN' }), [{ kind: 'alarm', code: 'hook.nearLimit', at: startAt }]],
    ['everyday', of('event_hook.verified'), []],
    ['an event without a time', of('event_hook.deactivated', { published: 'soon' }), []],
    ['nothing', null, []],
  ] as const;
  it.each(cases)('%s', async (_what, event, troubles) => {
    const page = await answering({ json: [event] }, { isOurHook: (id: string) => id === 'who1' }).read(undefined, signal);
    expect(page.troubles).toEqual(troubles);
  });
});

describe('a hook', () => {
  const hook = createOktaHook({ connection: 'okta-main', ownClientIds: new Set(), secrets: ['first secret', 'second secret'] });
  const receive = (method: string, headers: Record<string, string>, body = '') =>
    hook.receive({ method, header: (name) => headers[name], body: Buffer.from(body) }, startAt);

  it('answers no challenge that is none', () => {
    expect(receive('GET', {})).toMatchObject({ kind: 'refused', status: 400, proven: false });
    expect(receive('GET', { 'x-okta-verification-challenge': 'x'.repeat(1_025) })).toMatchObject({ kind: 'refused', status: 400 });
  });

  it('reads nothing of a body before the secret is right', () => {
    for (const authorization of ['', 'first secre', 'first secret ', 'FIRST SECRET', 'Bearer first secret'])
      expect(receive('POST', { authorization }, '{')).toEqual({ kind: 'refused', status: 401, code: 'secret', proven: false });
    for (const authorization of ['first secret', 'second secret'])
      expect(receive('POST', { authorization }, '{')).toEqual({ kind: 'refused', status: 400, code: 'syntax', proven: true });
  });
});
