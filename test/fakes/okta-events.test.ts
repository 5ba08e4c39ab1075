/** The stand-in for Okta: its System Log, polled and read in bounds, and its event hooks. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oktaClient, refusal } from '../support/okta-client.ts';
import type { LogEvent } from './okta/log-event.ts';
import { type OktaStandIn, startOkta } from './okta.ts';

const startAt = Date.UTC(2026, 4, 4, 10);
const minute = 60_000;
let okta: OktaStandIn;
beforeEach(async () => {
  okta = await startOkta({ startAt, people: 3 });
});
afterEach(() => okta.close());

interface Page {
  readonly types: readonly string[];
  readonly uuids: readonly string[];
  readonly events: readonly LogEvent[];
  readonly next: string | undefined;
}
const nextOf = (link: string | null) => /<([^>]+)>; rel="next"/.exec(link ?? '')?.[1];

async function page(address: string): Promise<Page> {
  const url = address.startsWith('http') ? address : `${okta.orgUrl}/api/v1/logs?${address}`;
  const response = await fetch(url, { headers: { authorization: `SSWS ${okta.token}` } });
  if (response.status !== 200) throw new Error(((await response.json()) as { errorCode: string }).errorCode);
  const events = (await response.json()) as LogEvent[];
  return {
    events,
    types: events.map((event) => event.eventType),
    uuids: events.map((event) => event.uuid),
    next: nextOf(response.headers.get('link')),
  };
}
const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
const polling = (since: number, more = '') => page(`since=${at(since)}&sortOrder=ASCENDING${more}`);
const follow = ({ next }: Page) => page(next ?? 'no next page');

describe('the log, polled', () => {
  it('always has a next page, also behind an empty one, and goes on from there', async () => {
    const first = await polling(startAt);
    expect(first.types).toEqual([]);
    const second = await follow(first);
    expect(second.types).toEqual([]);
    okta.signIn('p1');
    const third = await follow(second);
    expect(third.types).toEqual(['user.session.start']);
    expect((await follow(third)).types).toEqual([]);
  });

  it('shows each event once, page by page, as it was persisted', async () => {
    for (let n = 0; n < 5; n++) okta.log({ eventType: `test.event.${n}` }, { publishedAt: startAt - n * minute });
    const first = await polling(startAt - minute, '&limit=2');
    const second = await follow(first);
    const third = await follow(second);
    expect([first, second, third].map(({ types }) => types)).toEqual([
      ['test.event.0', 'test.event.1'],
      ['test.event.2', 'test.event.3'],
      ['test.event.4'],
    ]);
    expect((await follow(third)).types).toEqual([]);
  });

  it('brings what was persisted late, which a bounded read of its time has missed', async () => {
    okta.log({ eventType: 'test.prompt' });
    okta.log({ eventType: 'test.late' }, { publishedAt: startAt + 1, persistedAt: startAt + 5 * minute });
    okta.clock.advance(minute);
    const bounds = `since=${at(startAt)}&until=${at(startAt + minute)}`;
    const poll = await polling(startAt);
    expect([poll.types, (await page(bounds)).types]).toEqual([['test.prompt'], ['test.prompt']]);
    okta.log({ eventType: 'test.after' });
    okta.clock.advance(5 * minute);
    expect((await follow(poll)).types).toEqual(['test.after', 'test.late']);
    expect((await page(bounds)).types).toEqual(['test.prompt', 'test.late']);
  });

  it('filters, and goes on behind what it passed over', async () => {
    for (const eventType of ['user.session.start', 'user.session.end', 'user.session.start']) okta.log({ eventType });
    const filter = encodeURIComponent('eventType eq "user.session.end" or eventType eq "user.risk.change"');
    const first = await polling(startAt, `&filter=${filter}`);
    expect(first.types).toEqual(['user.session.end']);
    okta.log({ eventType: 'user.session.start' });
    okta.log({ eventType: 'user.risk.change' });
    expect((await follow(first)).types).toEqual(['user.risk.change']);
  });

  it('finds by target and by actor', async () => {
    const users = oktaClient(okta).userApi;
    const { id } = okta.person('p2');
    await users.suspendUser({ userId: id });
    await users.suspendUser({ userId: okta.person('p1').id });
    const found = await polling(startAt, `&filter=${encodeURIComponent(`target.id eq "${id}" and actor.type eq "User"`)}`);
    expect(found.types).toEqual(['user.lifecycle.suspend']);
  });
});

describe('the log, in bounds', () => {
  it('is sorted as published, ends, and can be read backwards', async () => {
    okta.log({ eventType: 'test.second' }, { publishedAt: startAt + 2 });
    okta.log({ eventType: 'test.first' }, { publishedAt: startAt + 1 });
    okta.clock.advance(minute);
    const bounds = `since=${at(startAt)}&until=${at(startAt + minute)}`;
    const first = await page(`${bounds}&limit=1`);
    const second = await follow(first);
    expect([first.types, second.types, second.next]).toEqual([['test.first'], ['test.second'], undefined]);
    expect((await page(`${bounds}&sortOrder=DESCENDING`)).types).toEqual(['test.second', 'test.first']);
  });

  it('is not kept for ever, and refuses what the documents refuse', async () => {
    const day = 86_400_000;
    okta.log({ eventType: 'test.old' }, { publishedAt: startAt - 91 * day, persistedAt: startAt });
    expect((await polling(startAt - 100 * day)).types).toEqual([]);
    await expect(polling(startAt - 181 * day)).rejects.toThrow('E0000053');
    await expect(page('limit=1001')).rejects.toThrow('E0000001');
    for (const filter of ['published gt "2026-01-01T00:00:00.000Z"', 'debugContext.debugData.url co "x"'])
      await expect(page(`filter=${encodeURIComponent(filter)}`)).rejects.toThrow('E0000031');
    const { next } = await polling(startAt);
    await expect(page(`${next}&since=${at(startAt)}`)).rejects.toThrow('E0000001');
  });

  it('lets no test put an event where readers have already been', async () => {
    okta.clock.advance(minute);
    await polling(startAt);
    expect(() => okta.log({ eventType: 'test.hidden' }, { persistedAt: startAt })).toThrow('read past');
  });
});

describe('our own noise', () => {
  it('is in the log under the token or the service app that called, one event a write', async () => {
    const { userApi: users } = oktaClient(okta);
    await users.revokeUserSessions({ userId: 'p1@example.com' });
    const reader = okta.addToken({ role: 'READ_ONLY_ADMIN' });
    expect(await refusal(oktaClient({ ...okta, token: reader.token }).userApi.suspendUser({ userId: 'p1@example.com' }))).toBe(
      '403 E0000006',
    );
    const { events } = await polling(startAt);
    expect(events.map(({ eventType }) => eventType)).toEqual(['user.session.clear']);
    expect(events[0]?.actor).toMatchObject({ type: 'User', alternateId: 'api-admin@example.com' });
    expect(['p1', 'p2', 'p3'].map((name) => okta.person(name).id)).not.toContain(events[0]?.actor.id);
    expect(events[0]?.transaction.detail).toHaveProperty('requestApiTokenId');
    expect(events[0]?.target?.map(({ type, alternateId }) => [type, alternateId])).toEqual([['User', 'p1@example.com']]);
  });

  it('carries every member of an event, given or not', async () => {
    okta.log({ eventType: 'user.risk.detect', debugContext: { debugData: { risk: '{level=HIGH}' } }, securityContext: { isProxy: true } });
    const { events } = await polling(startAt);
    expect(events[0]).toMatchObject({
      published: '2026-05-04T10:00:00.000Z',
      outcome: { result: 'SUCCESS' },
      actor: { type: 'SystemPrincipal' },
      client: { ipAddress: '203.0.113.10' },
      securityContext: { isProxy: true, asNumber: null },
      debugContext: { debugData: { risk: '{level=HIGH}' } },
    });
  });
});

/** A receiver of hooks that answers as it is told, one answer after the other; the last one stays. `its.verification` replaces the right one. */
async function receiver(...answers: (number | 'hang')[]) {
  const its: { verification?: string } = {};
  const got: { method: string; headers: IncomingHttpHeaders; events: string[]; eventId: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const { data, eventId = '' } = (text === '' ? {} : JSON.parse(text)) as {
        data?: { events: { eventType: string }[] };
        eventId?: string;
      };
      got.push({
        method: request.method ?? '',
        headers: request.headers,
        events: data?.events.map(({ eventType }) => eventType) ?? [],
        eventId,
      });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === 'hang') return;
      const challenge = request.headers['x-okta-verification-challenge'];
      response.writeHead(answer ?? 200, { 'content-type': 'application/json' });
      response.end(challenge === undefined ? '' : JSON.stringify({ verification: its.verification ?? challenge }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { its, uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/okta`, got, answers, close };
}

describe('event hooks', () => {
  let to: Awaited<ReturnType<typeof receiver>>;
  beforeEach(async () => {
    to = await receiver(200);
  });
  afterEach(() => to.close());

  const hooks = () => oktaClient(okta).eventHookApi;
  const types = ['user.session.start', 'user.lifecycle.suspend', 'user.risk.detect'];
  const register = async (items: readonly string[] = types) => {
    const config = { uri: to.uri, headers: [], authScheme: { type: 'HEADER' as const, key: 'authorization', value: 'hook-secret' } };
    const eventHook = {
      name: 'ours',
      events: { type: 'EVENT_TYPE' as const, items: [...items] },
      channel: { type: 'HTTP' as const, version: '1.0.0', config },
    };
    return (await hooks().createEventHook({ eventHook })).id ?? '';
  };
  const verified = async () => {
    const eventHookId = await register();
    await hooks().verifyEventHook({ eventHookId });
    to.got.length = 0;
    return eventHookId;
  };
  const failures = () => okta.events().filter(({ eventType }) => eventType === 'event_hook.delivery');

  it('are verified by a challenge with the secret, which is never shown', async () => {
    const eventHookId = await register();
    expect((await hooks().getEventHook({ eventHookId })).verificationStatus).toBe('UNVERIFIED');
    const hook = await hooks().verifyEventHook({ eventHookId });
    expect(hook.verificationStatus).toBe('VERIFIED');
    expect(to.got[0]).toMatchObject({ method: 'GET', headers: { authorization: 'hook-secret' } });
    expect(JSON.stringify(hook)).not.toContain('hook-secret');
  });

  it('try a verification once more, and stay unverified when that fails too', async () => {
    const eventHookId = await register();
    to.answers.splice(0, 1, 500, 200);
    await hooks().verifyEventHook({ eventHookId });
    expect(to.got.length).toBe(2);
    const other = await register();
    to.its.verification = 'another';
    expect(await refusal(hooks().verifyEventHook({ eventHookId: other }))).toBe('400 E0000001');
    delete to.its.verification;
    to.answers.splice(0, 1, 500);
    expect(await refusal(hooks().verifyEventHook({ eventHookId: other }))).toBe('400 E0000001');
    expect((await hooks().getEventHook({ eventHookId: other })).verificationStatus).toBe('UNVERIFIED');
  });

  it('bring what they asked for from their verification on, in one envelope', async () => {
    okta.signIn('p1');
    const eventHookId = await verified();
    okta.signIn('p2');
    okta.log({ eventType: 'user.session.end' });
    okta.log({ eventType: 'user.risk.detect' });
    const [delivery] = await okta.deliver();
    expect(delivery).toMatchObject({ hookId: eventHookId, result: 200, attempts: 1 });
    expect(to.got.map(({ events }) => events)).toEqual([['user.session.start', 'user.risk.detect']]);
    expect(await okta.deliver()).toEqual([]);
    await hooks().deactivateEventHook({ eventHookId });
    okta.signIn('p3');
    expect(await okta.deliver()).toEqual([]);
  });

  it('cannot ask for types that are not for hooks', async () => {
    expect(await refusal(register(['user.session.start', 'user.mfa.attempt_bypass']))).toBe('400 E0000001');
  });

  it('have to be proved anew at another address, and switched off before they are deleted', async () => {
    const eventHookId = await verified();
    const hook = await hooks().getEventHook({ eventHookId });
    const uri = `${to.uri}/elsewhere`;
    const eventHook = { ...hook, channel: { ...hook.channel, config: { ...hook.channel.config, uri } } } as typeof hook;
    expect((await hooks().replaceEventHook({ eventHookId, eventHook })).verificationStatus).toBe('UNVERIFIED');
    okta.signIn('p1');
    expect(await okta.deliver()).toEqual([]);
    await hooks().verifyEventHook({ eventHookId });
    expect(to.got.at(-1)).toMatchObject({ method: 'GET', headers: { authorization: 'hook-secret' } });
    expect(await refusal(hooks().deleteEventHook({ eventHookId }))).toBe('403 E0000107');
    await hooks().deactivateEventHook({ eventHookId });
    await hooks().deleteEventHook({ eventHookId });
    expect(await refusal(hooks().getEventHook({ eventHookId }))).toBe('404 E0000007');
  });

  it('are tried once more on a 5xx with the same envelope, and never on a 4xx', async () => {
    await verified();
    to.answers.splice(0, 1, 503, 200);
    okta.signIn('p1');
    expect(await okta.deliver()).toMatchObject([{ result: 200, attempts: 2 }]);
    expect(new Set(to.got.map(({ eventId }) => eventId)).size).toBe(1);
    expect(failures()).toEqual([]);
    to.answers.splice(0, 1, 400);
    okta.signIn('p1');
    expect(await okta.deliver()).toMatchObject([{ result: 400, attempts: 1 }]);
    expect(failures()).toMatchObject([{ outcome: { result: 'FAILURE', reason: 'HTTP 400' } }]);
    to.answers.splice(0, 1, 200);
    expect(await okta.deliver(), 'what failed is lost to the hook').toEqual([]);
  });

  it('give up on who does not answer in time', async () => {
    await verified();
    okta.hookCalls.timeoutMs = 50;
    to.answers.splice(0, 1, 'hang');
    okta.signIn('p1');
    expect(await okta.deliver()).toMatchObject([{ result: 'timeout', attempts: 2 }]);
    expect(failures()).toMatchObject([{ outcome: { reason: 'timeout' } }]);
  });

  it('lose, repeat and turn round events as told', async () => {
    await verified();
    const told = ['user.session.start', 'user.lifecycle.suspend', 'user.risk.detect'];
    for (const eventType of told) okta.log({ eventType });
    Object.assign(okta.delivery, { copies: 2, order: 'reversed', batchSize: 1, lose: ({ eventType }: LogEvent) => eventType === told[0] });
    await okta.deliver();
    expect(to.got.map(({ events }) => events)).toEqual([[told[2]], [told[2]], [told[1]], [told[1]]]);
    expect((await polling(startAt)).types).toEqual(expect.arrayContaining(told));
  });

  it('are late after an outage, or bring nothing of it', async () => {
    await verified();
    okta.delivery.outages = [
      { from: startAt, until: startAt + minute },
      { from: startAt + minute, until: startAt + 2 * minute, lost: true },
    ];
    okta.signIn('p1');
    expect(await okta.deliver()).toEqual([]);
    okta.clock.advance(minute);
    okta.log({ eventType: 'user.risk.detect' });
    expect(await okta.deliver()).toEqual([]);
    okta.clock.advance(minute);
    await okta.deliver();
    expect(to.got.map(({ events }) => events)).toEqual([['user.session.start']]);
  });

  it('deliver by themselves when told to', async () => {
    await verified();
    okta.delivery.automaticMs = 1;
    okta.signIn('p1');
    okta.signIn('p2');
    await expect
      .poll(() => to.got.flatMap(({ events }) => events), { timeout: 10_000 })
      .toEqual(['user.session.start', 'user.session.start']);
  });
});
