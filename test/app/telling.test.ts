/** Notices from the transaction that writes them to the receiver that takes them: what fails, what waits, what is given up. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTelling, type Telling } from '../../src/app/telling.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { createIdMaker } from '../../src/model/ids.ts';
import type { Notice, NoticeOf } from '../../src/model/notice.ts';
import { countNotices, sweepNotices } from '../../src/store/notices.ts';
import { type MailServer, startMailServer } from '../fakes/mail-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const secret = `whsec_${Buffer.alloc(24, 's').toString('base64')}`;
const ids = createIdMaker(systemRandom);

let database: TestDatabase;
let clock: ManualClock;
let receiver: WebhookReceiver;
let logged: string[];
let loggedFields: string[];
const open = new Set<Telling>();
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  clock = createManualClock();
  receiver = await startWebhookReceiver([secret]);
  logged = [];
  loggedFields = [];
});
afterEach(async () => {
  for (const telling of open) await telling.stop();
  open.clear();
  await receiver.close();
  await database.store.query('truncate notice, sink_gone');
});

const byWebhook = (more: object = {}) => ({
  id: 'soc',
  kind: 'webhook',
  url: receiver.url,
  secret,
  allowPrivate: ['127.0.0.0/8'],
  ...more,
});
const openTelling = (change: object = {}) => openSinks(byWebhook(change));

async function openSinks(...sinks: object[]): Promise<Telling> {
  const text = JSON.stringify({ sinks });
  const settings = await parseConfiguration({ path: 'rescind.yaml', text }, { workingDir: '/', env: {} });
  const note = (fields: object, event: string) => {
    logged.push(event);
    loggedFields.push(JSON.stringify(fields));
  };
  const telling = createTelling({ settings, store: database.store, ids, statusUrl, clock, log: { info: note, warn: note, error: note } });
  open.add(telling);
  return telling;
}

const statusUrl = 'https://rescind.example.com/';
const scope = { source: 'partner' };
const pause = (pauseId = ids.next(clock.now()) as string): NoticeOf<'pause.set'> => ({
  type: 'pause.set',
  about: pauseId,
  data: { pauseId, scope },
  people: [],
});
const tell = (telling: Telling, ...notices: Notice[]) => database.store.transaction((tx) => telling.tell(tx, notices, clock.now()));
const rows = async () =>
  (
    await database.store.query<{ state: string; attempts: number; code: string | null }>(
      'select state, attempts, code from notice order by id',
    )
  ).rows;
/** Lets the loop look once more, and waits until it has. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  await clock.nextSleep();
}

describe('a notice', () => {
  it('is written with what it tells, or not at all', async () => {
    const telling = await openTelling();
    const broken = database.store.transaction(async (tx) => {
      await telling.tell(tx, [pause()], clock.now());
      throw new Error('rolled back');
    });
    await expect(broken).rejects.toThrow('rolled back');
    expect(await rows()).toEqual([]);
    await tell(telling, pause());
    expect(await rows()).toEqual([{ state: 'waiting', attempts: 0, code: null }]);
  });

  it('is told to those who asked for its kind', async () => {
    const telling = await openTelling({ events: ['incident.opened'] });
    expect(telling.statements([pause()], clock.now())).toEqual([]);
  });

  it('that was written by a process which died is sent by the next', async () => {
    await tell(await openTelling(), pause());
    const next = await openTelling();
    next.start();
    await pass(1_000);
    expect(receiver.received).toMatchObject([{ type: 'pause.set', signedBy: secret }]);
    expect(await rows()).toEqual([{ state: 'delivered', attempts: 1, code: null }]);
  });

  it('that a process died over is sent again, under the same name', async () => {
    const first = await openTelling();
    await tell(first, pause());
    receiver.answer = 'hang';
    first.start();
    await clock.advance(1_000);
    await receiver.got(1);
    receiver.answer = 204;
    const second = await openTelling();
    // Claimed by the first, whose call hangs as long as time stands still for it.
    await database.store.query('update notice set next_at = to_timestamp($1::float8 / 1000)', [clock.now()]);
    second.start();
    await clock.advance(1_000);
    await receiver.got(2);
    expect(receiver.received[0]?.id).toBe(receiver.received[1]?.id);
  });

  it('is sent by one of two processes', async () => {
    const [one, two] = [await openTelling(), await openTelling()];
    await tell(one, ...Array.from({ length: 20 }, () => pause()));
    one.start();
    two.start();
    await clock.advance(1_000);
    await receiver.got(20);
    await one.stop();
    await two.stop();
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(20);
    expect(receiver.received).toHaveLength(20);
  });

  it('waits longer after each failure, and is given up and shown after ten', async () => {
    const telling = await openTelling();
    await tell(telling, pause());
    receiver.answer = 500;
    telling.start();
    await pass(1_000);
    expect(await rows()).toEqual([{ state: 'waiting', attempts: 1, code: 'status.500' }]);
    await pass(4_000);
    expect(receiver.received).toHaveLength(1);
    // Twenty days, far beyond the last wait.
    for (let halfDay = 0; halfDay < 40; halfDay++) await pass(43_200_000);
    expect(await rows()).toEqual([{ state: 'dead', attempts: 10, code: 'status.500' }]);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
    expect(logged).toContain('notice.dead');
    expect(await telling.status()).toEqual([{ id: 'soc', waiting: 0, dead: 1, gone: false, code: 'status.500' }]);
  });

  it('is not tried earlier than the receiver asks', async () => {
    const telling = await openTelling();
    await tell(telling, pause());
    receiver.answer = 503;
    receiver.headers = { 'retry-after': '60' };
    telling.start();
    await pass(1_000);
    await pass(58_000);
    expect(receiver.received).toHaveLength(1);
    await pass(3_000);
    expect(receiver.received).toHaveLength(2);
  });

  it('of one record follows the one before; those of others do not wait for it', async () => {
    const telling = await openTelling();
    const [first, second] = [pause('01900000-0000-7000-8000-000000000001'), pause('01900000-0000-7000-8000-000000000002')];
    await tell(telling, first, { type: 'pause.ended', about: first.about, data: first.data, people: [] }, second);
    receiver.answer = 500;
    telling.start();
    await pass(1_000);
    receiver.answer = 204;
    await pass(1_000);
    expect(receiver.received.map(({ type, data }) => [type, data['pauseId']])).toEqual([
      ['pause.set', first.about],
      ['pause.set', second.about],
    ]);
    await pass(5_000);
    expect(receiver.received.slice(2).map(({ type }) => type)).toEqual(['pause.set', 'pause.ended']);
  });
});

describe('a receiver', () => {
  it('that answers 410 is told nothing more until its address changes', async () => {
    const telling = await openTelling();
    await tell(telling, pause(), pause());
    receiver.answer = 410;
    telling.start();
    await pass(1_000);
    await pass(1_000);
    await tell(telling, pause());
    await pass(1_000);
    expect(receiver.received).toHaveLength(1);
    expect((await rows()).map(({ state, code }) => [state, code])).toEqual(Array(3).fill(['dead', 'gone']));
    expect(await telling.status()).toMatchObject([{ dead: 3, gone: true }]);
    await telling.stop();
    const moved = await openTelling({ url: `${receiver.url}/new` });
    await tell(moved, pause());
    receiver.answer = 204;
    moved.start();
    await pass(1_000);
    expect(receiver.received).toHaveLength(2);
  });

  it('that hangs is left after fifteen seconds, and a stop does not wait for it nor count the attempt', async () => {
    const telling = await openTelling();
    await tell(telling, pause());
    receiver.answer = 'hang';
    telling.start();
    await clock.advance(1_000);
    await receiver.got(1);
    await pass(15_000);
    expect(await rows()).toEqual([{ state: 'waiting', attempts: 1, code: 'timeout' }]);
    await clock.advance(5_000);
    await receiver.got(2);
    await telling.stop();
    expect(await rows()).toMatchObject([{ state: 'waiting', attempts: 1 }]);
  });

  it('with a certificate that nobody trusts gets nothing', async () => {
    await receiver.close();
    receiver = await startWebhookReceiver([secret], { untrusted: true });
    const telling = await openTelling();
    await tell(telling, pause());
    telling.start();
    await pass(1_000);
    expect(await rows()).toEqual([{ state: 'waiting', attempts: 1, code: 'tls' }]);
    expect(receiver.received).toEqual([]);
  });
});

describe('a receiver by mail', () => {
  let mail: MailServer;
  beforeEach(async () => {
    mail = await startMailServer();
  });
  afterEach(() => mail.close());
  const byMail = (more: object = {}) => ({
    id: 'mail',
    kind: 'smtp',
    host: '127.0.0.1',
    port: mail.port,
    security: 'none',
    from: 'rescind@example.com',
    to: ['soc@example.com'],
    allowPrivate: ['127.0.0.0/8'],
    ...more,
  });
  const ofMail = async () =>
    (await database.store.query<{ state: string; code: string | null }>(`select state, code from notice where sink = 'mail' order by id`))
      .rows;

  it('is told the same as one by webhook, each in its own way', async () => {
    const telling = await openSinks(byWebhook(), byMail());
    const told = pause();
    await tell(telling, told, { ...told, data: { ...told.data, scope: {}, page: true } });
    telling.start();
    await clock.advance(1_000);
    await Promise.all([receiver.got(2), mail.got(2)]);
    const [quiet, page] = mail.received;
    expect(quiet?.headers['subject']).toBe('[Rescind] Paused: source partner');
    expect(quiet?.text).toContain(`pauseId: ${told.about}`);
    expect(quiet?.text).toContain(`Status: ${statusUrl}`);
    expect([quiet?.headers['importance'], page?.headers['importance']]).toEqual([undefined, 'High']);
    expect(receiver.received.map(({ data }) => data['page'])).toEqual([undefined, true]);
  });

  it('that hangs delays nobody, and a stop does not wait for it', async () => {
    const telling = await openSinks(byWebhook(), byMail());
    mail.behaviour = 'hang';
    await tell(telling, pause());
    telling.start();
    await clock.advance(1_000);
    await mail.hung();
    for (let n = 2; n <= 4; n++) {
      await tell(telling, pause());
      await clock.advance(1_000);
      await receiver.got(n);
    }
    await telling.stop();
    expect((await ofMail()).map(({ state }) => state)).toEqual(Array(4).fill('waiting'));
  });

  it('that refuses one for good has it given up at once, and the next is sent', async () => {
    const telling = await openSinks(byMail());
    await tell(telling, pause());
    mail.behaviour = { at: 'data', code: 554 };
    telling.start();
    await pass(1_000);
    expect(await ofMail()).toEqual([{ state: 'dead', code: 'smtp.554' }]);
    expect(logged).toContain('notice.dead');
    mail.behaviour = 'take';
    await tell(telling, pause());
    await clock.advance(1_000);
    await mail.got(1);
  });

  it('that is busy is asked again, under the same name', async () => {
    const telling = await openSinks(byMail());
    await tell(telling, pause());
    mail.behaviour = { at: 'to', code: 450 };
    telling.start();
    await pass(1_000);
    expect(await ofMail()).toEqual([{ state: 'waiting', code: 'smtp.450' }]);
    mail.behaviour = 'take';
    await clock.advance(5_000);
    await mail.got(1);
    const { rows: named } = await database.store.query<{ id: string }>(`select id from notice where sink = 'mail'`);
    expect(mail.received[0]?.headers['message-id']).toBe(`<${named[0]?.id}@example.com>`);
  });

  it('that has no mail any more is told nothing until its address changes', async () => {
    const telling = await openSinks(byMail());
    await tell(telling, pause());
    mail.behaviour = { at: 'to', code: 556 };
    telling.start();
    await pass(1_000);
    expect(await telling.status()).toMatchObject([{ id: 'mail', dead: 1, gone: true }]);
    await telling.stop();
    const moved = await openSinks(byMail({ to: ['other@example.com'] }));
    expect(await moved.status()).toMatchObject([{ gone: false }]);
  });

  it('leaves no address in the log, whatever the server says', async () => {
    const telling = await openSinks(byMail());
    await tell(telling, pause());
    mail.behaviour = { at: 'to', code: 550 };
    telling.start();
    await pass(1_000);
    expect(logged).toContain('notice.dead');
    expect(loggedFields.join()).not.toContain('@');
  });

  it('gets no line that a name from outside wrote', async () => {
    const telling = await openSinks(byMail());
    const told = pause();
    await tell(telling, {
      ...told,
      data: { ...told.data, scope: { source: 'api:x\r\nBcc: thief@example.com\u2028Status: https://evil.example' } },
    });
    telling.start();
    await clock.advance(1_000);
    await mail.got(1);
    const [got] = mail.received;
    expect(got?.to).toEqual(['soc@example.com']);
    expect(Object.keys(got?.headers ?? {})).not.toContain('bcc');
    expect(got?.text.match(/^Status: /gm)).toHaveLength(1);
  });
});

describe('notices', () => {
  it('are forgotten when they are old', async () => {
    await tell(await openTelling(), pause());
    await sweepNotices(database.store, clock.now());
    expect(await countNotices(database.store)).toHaveLength(1);
    await sweepNotices(database.store, clock.now() + 1);
    expect(await countNotices(database.store)).toEqual([]);
  });
});
