/** Events that are fetched: two processes on one database, the cursor beside what it brought, gaps, alarms and refusals. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logEvent, ownAppId } from '../adapters/okta/events.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { connection, envelope, type OktaProcess, type OktaWorld, openOktaWorld, type StartOptions, secret } from './okta-world.ts';

const second = 1_000;
const minute = 60_000;
let database: TestDatabase;
let world: OktaWorld;

beforeEach(async () => {
  database = await testDatabase();
  world = await openOktaWorld(20, Date.UTC(2026, 4, 4, 10));
  await world.follow(database);
});
afterEach(async () => {
  await world?.close();
  await database?.drop();
});

const start = (options: Partial<StartOptions> = {}) => world.start({ database, ...options });
const user = (n: number) => {
  const { id, profile } = world.okta.person(`p${n}@example.com`);
  return { id, type: 'User', alternateId: profile.login, displayName: 'P' };
};
const happens = (eventType: string, n = 1, more: object = {}) => world.okta.log({ eventType, actor: user(n), ...more });
const rows = async (text: string) => (await database.store.query<Record<string, unknown>>(text)).rows;
const count = async (table: string) => Number((await rows(`select count(*) from ${table}`))[0]?.['count']);
const cursor = async () => (await rows('select cursor from feed'))[0]?.['cursor'] as string | undefined;
const logCalls = () => world.okta.calls.filter(({ path, status }) => path === '/api/v1/logs' && status === 200).length;
const entries = async (type: string) =>
  (await rows(`select core from ledger_entry where type = '${type}' order by id`)).map(({ core }) => JSON.parse(String(core)));
const told = async () => (await rows(`select data from notice order by id`)).map(({ data }) => JSON.parse(String(data)));
/** Long enough for the next look to find everything in time. */
const later = () => world.pass(15 * second);

describe('a poller', () => {
  it('begins a little before now, reads on from there, and keeps the cursor in the words of Okta', async () => {
    happens('user.account.lock', 1);
    await world.pass(60 * minute);
    happens('user.account.lock', 2);
    await world.pass(10 * second);
    const one = await start();
    expect(await one.poller.look()).toBe(15 * second);
    expect(await count('signal')).toBe(1);
    expect(await cursor()).toMatch(/^\/api\/v1\/logs\?.*after=/);

    happens('user.account.lock', 3);
    await later();
    await one.poller.look();
    expect(await count('signal')).toBe(2);
    const heard = await one.api('/api/v1/connections/okta-main');
    expect(heard).toMatchObject({ heard: { pushedAt: null, polledAt: new Date(world.now()).toISOString(), gaps: [], alarms: [] } });
  });

  it('reads pages of a thousand until there are no more', async () => {
    const one = await start();
    await one.poller.look();
    for (let n = 0; n < 2_100; n++) happens('user.session.start', (n % 20) + 1);
    await later();
    await one.poller.look();
    expect(await count(`signal where state = 'decided'`)).toBe(2_100);
    expect(logCalls()).toBe(4);
  });

  it('takes an event once that comes by both ways, whichever is first', async () => {
    const one = await start();
    await one.poller.look();
    const [first, next] = [happens('user.account.lock', 1), happens('user.account.lock', 2)];
    const push = (event: unknown) =>
      fetch(`${one.origin}/hooks/${connection}`, { method: 'POST', body: envelope([event]), headers: { authorization: secret } });
    expect((await push(first)).status).toBe(200);
    await later();
    await one.poller.look();
    // The hook says it in other words; it is the same event all the same.
    expect((await push({ ...next, displayMessage: 'Locked' })).status).toBe(200);
    expect(await count('signal')).toBe(2);
    expect(one.seen.map(({ event }) => event)).not.toContain('signal.repeatedWithOtherContent');
  });

  it('moves on over a page without a signal', async () => {
    const one = await start();
    await one.poller.look();
    const before = await cursor();
    happens('user.session.expire');
    await later();
    await one.poller.look();
    expect(await cursor()).not.toBe(before);
    expect(await count('signal')).toBe(0);
  });

  it('settles the rest of a page where one event cannot be written, and moves on', async () => {
    const one = await start();
    await database.store.query(`create function stopped.refuse() returns trigger language plpgsql as
      $$ begin if new.type = 'brute_force' then raise exception 'no' using errcode = '23514'; end if; return new; end $$`);
    await database.store.query('create trigger refuse before insert on signal for each row execute function stopped.refuse()');
    await one.poller.look();
    for (let n = 1; n <= 5; n++) happens(n === 3 ? 'user.account.lock' : 'user.session.start', n);
    const before = await cursor();
    await later();
    await one.poller.look();
    expect(await count(`signal where state = 'decided'`)).toBe(4);
    expect(await count('undecided')).toBe(1);
    expect(await cursor()).not.toBe(before);
  });
});

it('started, it looks again after its interval, and stopped it leaves the reading to others', async () => {
  const [one, other] = [await start(), await start()];
  one.doors.start();
  await vi.waitFor(() => expect(logCalls()).toBe(1), { timeout: 10_000 });
  happens('user.account.lock', 1);
  await later();
  await vi.waitFor(
    async () => {
      await world.timers.advance(15 * second);
      expect(await count('signal')).toBe(1);
    },
    { timeout: 10_000 },
  );
  await one.doors.stop();
  happens('user.account.lock', 2);
  await later();
  await other.poller.look();
  expect(await count('signal')).toBe(2);
});

describe('two pollers on one database', () => {
  let pair: readonly [OktaProcess, OktaProcess];
  beforeEach(async () => {
    pair = [await start(), await start()];
  });

  it('one reads, and the other goes on where it ends', async () => {
    const [leader, other] = pair;
    for (const { poller } of pair) await poller.look();
    expect(logCalls()).toBe(1);
    for (let n = 1; n <= 6; n++) happens('user.account.lock', n);
    await later();
    await other.poller.look();
    expect([await count('signal'), logCalls()]).toEqual([0, 1]);

    // As a process ends that is killed: its connections go, and nothing else is said.
    await database.store.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = ${0x466565} and granted and database = (select oid from pg_database where datname = current_database())`,
    );
    await leader.doors.stop();
    await other.poller.look();
    expect([await count('signal'), logCalls()]).toEqual([6, 2]);
  });

  it('that read the same page at once take nothing twice', async () => {
    const [leader, other] = pair;
    await leader.poller.look();
    for (let n = 1; n <= 20; n++) happens('user.account.lock', n);
    await later();
    await database.store.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = ${0x466565} and granted and database = (select oid from pg_database where datname = current_database())`,
    );
    await Promise.all([leader.poller.look(), other.poller.look()]);
    expect(await count('signal')).toBe(20);
    expect(await count('signal where nth > 0')).toBe(0);
  });
});

it('a page whose commit fails is read again: the cursor moves with what it brought or not at all', async () => {
  const one = await start();
  await one.poller.look();
  const before = await cursor();
  for (let n = 1; n <= 5; n++) happens('user.account.lock', n);
  await later();
  // The last statement of the transaction fails as if the process had died there.
  await database.store.query(`create function stopped.away() returns trigger language plpgsql as
    $$ begin raise exception 'away' using errcode = '57P01'; end $$`);
  await database.store.query('create trigger away before update on feed for each row execute function stopped.away()');
  await one.poller.look();
  expect([await count('signal'), await cursor()]).toEqual([0, before]);
  await database.store.query('drop trigger away on feed');
  await one.poller.look();
  expect(await count('signal')).toBe(5);
  expect(await cursor()).not.toBe(before);
});

describe('what Okta refuses', () => {
  it('waits longer after each failure, as long as a 429 says, and tells when nothing is heard', async () => {
    const one = await start();
    await one.poller.look();
    world.okta.fault({ kind: 'status', status: 500, path: '/api/v1/logs', times: 3 });
    expect([await one.poller.look(), await one.poller.look(), await one.poller.look()]).toEqual([30, 60, 120].map((s) => s * second));
    const reset = String(Math.floor(world.now() / 1000) + 40);
    world.okta.fault({ kind: 'status', status: 429, path: '/api/v1/logs', times: 1, headers: { 'x-rate-limit-reset': reset } });
    expect(await one.poller.look()).toBe(41 * second);
    expect(await one.poller.look()).toBe(15 * second);
    expect(await told()).toEqual([]);

    for (const fault of [{ kind: 'status', status: 401 }, { kind: 'html' }, { kind: 'wrongShape' }, { kind: 'cut' }] as const) {
      world.okta.fault({ ...fault, path: '/api/v1/logs', times: 1 });
      await world.pass(2 * minute);
      await one.poller.look();
    }
    expect(await told()).toEqual([{ connection, code: 'poll.failing', page: true }]);
    expect(await one.api('/api/v1/connections/okta-main')).toMatchObject({ heard: { alarms: [{ code: 'poll.failing' }] } });
    await world.pass(second);
    await one.poller.look();
    expect(await one.api('/api/v1/connections/okta-main')).toMatchObject({ heard: { alarms: [] } });
  });

  it('a cursor that is not known any more opens a gap, which is read by its time', async () => {
    const one = await start();
    await one.poller.look();
    await world.pass(30 * minute);
    happens('user.account.lock', 1);
    await world.pass(30 * minute);
    await database.store.query(`update feed set cursor = '/api/v1/logs?after=forgotten'`);
    await one.poller.look();
    expect(await count('signal')).toBe(0);
    expect(await entries('source.gap')).toMatchObject([{ connection, reason: 'cursor.lost' }]);
    expect(await one.api('/api/v1/connections/okta-main')).toMatchObject({ heard: { gaps: [{ reason: 'cursor.lost' }] } });
    await later();
    await one.poller.look();
    expect(await count('signal')).toBe(1);
    expect(await entries('source.reconciled')).toMatchObject([{ connection, reason: 'cursor.lost', events: 1 }]);
    expect(await one.api('/api/v1/connections/okta-main')).toMatchObject({ heard: { gaps: [] } });
  });
});

describe('a hook that does not arrive', () => {
  it('opens a gap by the word of Okta, and closes it with what polling alone brought', async () => {
    const one = await start({ ownClientIds: [ownAppId] });
    await one.poller.look();
    await world.subscribe(one, ['user.account.lock'], 'another-secret');
    for (let n = 1; n <= 3; n++) happens('user.account.lock', n);
    happens('user.mfa.okta_verify.deny_push', 4);
    expect(await world.okta.deliver()).toMatchObject([{ result: 401 }]);
    await later();
    await one.poller.look();
    expect(await entries('source.gap')).toMatchObject([{ connection, reason: 'hook.undelivered' }]);
    await later();
    await one.poller.look();
    // What no hook is asked for is not missed.
    expect(await entries('source.reconciled')).toMatchObject([{ connection, reason: 'hook.undelivered', events: 3 }]);
    // The page once more, as after a crash: nothing opens twice.
    await database.store.query(`update feed set cursor = null`);
    await one.poller.look();
    expect(await entries('source.gap')).toHaveLength(1);
  });

  it('is noticed by its silence, told, and over when it is heard again', async () => {
    const one = await start();
    await one.poller.look();
    const push = (n: number) =>
      fetch(`${one.origin}/hooks/${connection}`, {
        method: 'POST',
        body: envelope([logEvent('user.session.start', { actor: user(n), uuid: `pushed-${n}` })]),
        headers: { authorization: secret },
      });
    await push(1);
    for (let n = 1; n <= 20; n++) {
      await world.pass(minute);
      happens('user.account.lock', n);
      await one.poller.look();
    }
    expect(await told()).toEqual([{ connection, code: 'hook.silent' }]);
    expect(await entries('source.gap')).toMatchObject([{ connection, reason: 'hook.silent' }]);
    await world.pass(minute);
    await push(2);
    await one.poller.look();
    await later();
    await one.poller.look();
    expect(await entries('source.reconciled')).toMatchObject([{ reason: 'hook.silent', events: 20 }]);
    expect(await one.api('/api/v1/connections/okta-main')).toMatchObject({ heard: { gaps: [], alarms: [] } });
  });

  it('is not silent because we were away', async () => {
    const one = await start();
    await one.poller.look();
    await fetch(`${one.origin}/hooks/${connection}`, { method: 'POST', body: envelope([]), headers: { authorization: secret } });
    await one.stop();
    await world.pass(60 * minute);
    for (let n = 1; n <= 10; n++) happens('user.account.lock', n);
    await later();
    const next = await start();
    await next.poller.look();
    expect(await count('signal')).toBe(10);
    expect(await told()).toEqual([]);
  });

  it('a quiet night is no silence: nothing came by the other way either', async () => {
    const one = await start();
    await one.poller.look();
    await fetch(`${one.origin}/hooks/${connection}`, { method: 'POST', body: envelope([]), headers: { authorization: secret } });
    await world.pass(8 * 60 * minute);
    happens('user.mfa.okta_verify.deny_push', 4);
    await one.poller.look();
    expect(await told()).toEqual([]);
  });

  it('tells of a hook that was switched off, and of the warning before the limit of a day', async () => {
    const one = await start();
    await one.poller.look();
    happens('event_hook.deactivated');
    world.okta.log({ eventType: 'event_hook.limit', severity: 'WARN' });
    await later();
    await one.poller.look();
    await one.poller.look();
    expect(await told()).toEqual([
      { connection, code: 'hook.ended', page: true },
      { connection, code: 'hook.nearLimit' },
    ]);
  });
});
