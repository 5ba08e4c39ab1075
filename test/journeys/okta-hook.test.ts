/** Events that Okta pushes: from its handshake to what is decided, over real HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { logEvent, ownAppId } from '../adapters/okta/events.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { connection, envelope, type OktaProcess, type OktaWorld, openOktaWorld, otherSecret, secret } from './okta-world.ts';

let database: TestDatabase;
let world: OktaWorld;
let process: OktaProcess;

beforeAll(async () => {
  database = await testDatabase();
  world = await openOktaWorld(120, Date.UTC(2026, 4, 4, 10));
  await world.follow(database);
  process = await world.start({ database, secrets: [secret, otherSecret], marks: ['password_reset'], ownClientIds: [ownAppId] });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => database.store.query('truncate signal, dedupe, feed, feed_alarm, confirmation, notice'));

const hook = (init: RequestInit & { headers?: Record<string, string> } = {}, path = connection) =>
  fetch(`${process.origin}/hooks/${path}`, { method: 'POST', ...init, headers: { 'content-type': 'application/json', ...init.headers } });
const send = (events: readonly unknown[], authorization = secret) => hook({ body: envelope(events), headers: { authorization } });
const person = (n: number) => world.okta.person(`p${n}@example.com`);
const party = (n: number) => ({ id: person(n).id, type: 'User', alternateId: person(n).profile.login });
const event = (eventType: string, n = 1, more: object = {}) =>
  logEvent(eventType, { actor: party(n), target: [], published: new Date(world.now() - 2_000).toISOString(), ...more });
const rows = async (text: string) => (await database.store.query<Record<string, unknown>>(text)).rows;
const count = async (table: string) => Number((await rows(`select count(*) from ${table}`))[0]?.['count']);

describe('a hook', () => {
  it('answers the handshake with the words of Okta and nothing of its own', async () => {
    const response = await hook({ method: 'GET', headers: { 'x-okta-verification-challenge': 'abc "1"' } });
    expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
      200,
      'application/json',
      { verification: 'abc "1"' },
    ]);
    expect((await hook({ method: 'GET' })).status).toBe(400);
  });

  it('is registered and served by the rules of Okta: what happens there is decided here', async () => {
    const id = await world.subscribe(process, ['user.account.report_suspicious_activity_by_enduser']);
    world.okta.log({ eventType: 'user.account.report_suspicious_activity_by_enduser', actor: { ...party(2), displayName: 'P' } });
    expect(await world.okta.deliver()).toMatchObject([{ hookId: id, result: 200, attempts: 1 }]);
    expect(await rows('select type, source, state from signal')).toEqual([
      { type: 'mfa_fraud_report', source: connection, state: 'decided' },
    ]);
    world.okta.signIn('p1');
    expect(await process.api('/api/v1/connections/okta-main')).toMatchObject({
      heard: { pushedAt: new Date(world.now()).toISOString(), polledAt: null, gaps: [], alarms: [] },
    });
  });

  it('takes both secrets while one is being changed, and no other', async () => {
    expect((await send([event('user.session.start')], secret)).status).toBe(200);
    expect((await send([event('user.session.start')], otherSecret)).status).toBe(200);
    for (const wrong of ['', 'wrong', `${secret} `.padEnd(60, 'x'), secret.toUpperCase()]) {
      const response = await send([event('user.session.start')], wrong);
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([401, 'auth.required']);
    }
    expect(await count('signal')).toBe(2);
    // Who did not prove themselves writes nothing into the log.
    expect(await count(`ledger_entry where type = 'signal.rejected'`)).toBe(0);
  });

  it('is not there where no connection is, and takes GET and POST only', async () => {
    expect((await hook({ body: 'x' }, 'nobody')).status).toBe(404);
    const other = await hook({ method: 'PUT', body: 'x' });
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, POST']);
    for (const [name, value] of [
      ['x-content-type-options', 'nosniff'],
      ['cache-control', 'no-store'],
    ] as const)
      expect(other.headers.get(name)).toBe(value);
  });

  it('writes down what it refuses of a sender who is proven: a body that is none, and one that is too large', async () => {
    const before = await count(`ledger_entry where type = 'signal.rejected'`);
    expect((await hook({ body: '{', headers: { authorization: secret } })).status).toBe(400);
    expect((await hook({ body: envelope([]).replace('1.0', '2.0'), headers: { authorization: secret } })).status).toBe(400);
    expect((await hook({ body: 'x'.repeat(1_048_577), headers: { authorization: secret } })).status).toBe(413);
    expect((await hook({ body: 'x'.repeat(1_048_577), headers: { authorization: 'wrong' } })).status).toBe(401);
    const cores = (await rows(`select core from ledger_entry where type = 'signal.rejected' order by id`)).slice(before);
    expect(cores.map(({ core }) => JSON.parse(String(core)))).toMatchObject(
      [400, 400, 413].map((status) => ({ source: connection, route: '/hooks', status })),
    );
    expect(await count('signal')).toBe(0);
  });

  it('decides each event of a body by itself: one that is no event, one with NUL and one of no known type cost no other', async () => {
    const good = Array.from({ length: 4 }, (_, n) => event('user.session.start', n + 1));
    const body = [
      good[0],
      null,
      good[1],
      event('user.session.start', 5, { displayMessage: 'a\0b' }),
      good[2],
      event('no.such.type'),
      good[3],
    ];
    expect((await send(body)).status).toBe(200);
    expect(await count(`signal where state = 'decided'`)).toBe(4);
    const metrics = await process.metrics();
    for (const reading of ['malformed', 'unstorable', 'unknownType'])
      expect(metrics).toMatch(new RegExp(`rescind_provider_events_total{connection="okta-main",way="hook",reading="${reading}"} 1`));
    expect(process.seen).toContainEqual({ event: 'providerEvent.unknownType', fields: { connection, event: 'no.such.type' } });
  });

  it('sent again says nothing new', async () => {
    const body = [event('user.session.start'), event('user.account.lock')];
    await send(body);
    expect((await send(body.toReversed())).status).toBe(200);
    expect(await count('signal')).toBe(2);
  });

  it('keeps the remediations that the connection may report and that need nothing more', async () => {
    const byAdmin = { actor: party(2), target: [party(1)] };
    await send([event('user.account.reset_password', 1, byAdmin), event('user.session.clear', 1, byAdmin)]);
    expect(await process.metrics()).toMatch(/rescind_marks_dropped_total{connection="okta-main",reason="class"} 1/);
    const [state] = await rows(
      `select evidence from identity i join account a on a.identity_id = i.id where a.external_id = '${person(1).id}'`,
    );
    expect(String(state?.['evidence'])).toMatch(/password_reset/);
    expect(String(state?.['evidence'])).not.toMatch(/sessions_revoked/);
  });

  it('notes what an action of ours explains, and raises an alarm for what none does', async () => {
    const own = { actor: { id: ownAppId, type: 'PublicClientApp', alternateId: 'rescind' }, target: [party(3)] };
    await database.store.query(
      `insert into plan (id, decision_id, signal_id, lane, connection, actions, cause, source, profile, state, created_at, deadline_at)
       select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), id, 'okta-main', '[]', 'risk', 'idp', 'standard', 'done', to_timestamp(0), to_timestamp(0)
       from account where external_id = '${person(3).id}'`,
    );
    await database.store.query(
      `insert into action (id, plan_id, position, connection, account_id, type, parameters, idempotency_key, state, intended_at)
       select gen_random_uuid(), p.id, 0, 'okta-main', p.lane::uuid, 'session.revoke', '{}', '', 'done', to_timestamp(${(world.now() - 5_000) / 1000}) from plan p`,
    );
    const [ours, theirs] = [event('user.session.clear', 3, own), event('user.lifecycle.suspend', 3, own)];
    await send([ours]);
    await send([ours]);
    expect(await rows('select event, action_id is not null as explained from confirmation')).toEqual([
      { event: 'user.session.clear', explained: true },
    ]);
    expect(await count('notice')).toBe(0);

    await send([ours, theirs]);
    await send([theirs]);
    expect(await count('confirmation where action_id is null')).toBe(1);
    expect((await rows('select data from notice')).map(({ data }) => JSON.parse(String(data)))).toEqual([
      { connection, code: 'credential.elsewhere', page: true },
    ]);
    expect(process.seen.filter(({ event: name }) => name === 'credential.usedElsewhere')).toHaveLength(1);
    expect(await process.api('/api/v1/connections/okta-main')).toMatchObject({ heard: { alarms: [{ code: 'credential.elsewhere' }] } });
    // What we did ourselves says nothing about the person.
    expect(await count('signal')).toBe(0);
  });

  it('answers 500 events within a second while four others are in flight', { timeout: 60_000, retry: 2 }, async () => {
    const bodyOf = (events: number) => Array.from({ length: events }, (_, n) => event('user.session.start', (n % 100) + 1));
    const others = [1, 2, 3, 4].map(() => send(bodyOf(100)));
    const startedMs = systemClock.elapsedMs();
    const response = await send(bodyOf(500));
    const tookMs = systemClock.elapsedMs() - startedMs;
    expect(response.status).toBe(200);
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await count(`signal where state = 'decided'`)).toBe(900);
    expect(tookMs).toBeLessThan(1_000);
  });
});

it('a connection without a secret has no hook: what is not there and what is closed look alike', async () => {
  const closedDatabase = await testDatabase();
  const closed = await world.start({ database: closedDatabase, secrets: null });
  const answers = await Promise.all(
    [connection, 'nobody'].map(async (name) => {
      const response = await fetch(`${closed.origin}/hooks/${name}`, { method: 'POST', body: envelope([]) });
      return [response.status, await response.text()];
    }),
  );
  expect(answers[0]).toEqual(answers[1]);
  expect(answers[0]?.[0]).toBe(404);
  await closed.stop();
  await closedDatabase.drop();
});
