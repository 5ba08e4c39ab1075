/** One attempt to tell by mail, over real SMTP. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSocketOpener } from '../../src/adapters/guarded-socket.ts';
import { createSmtp, type Message } from '../../src/sinks/index.ts';
import { type MailServer, type MailServerOptions, startMailServer } from '../fakes/mail-server.ts';
import { rightCertificate } from '../fakes/right-certificate.ts';
import { createManualClock } from '../support/clock.ts';

const message: Message = {
  id: '01900000-0000-7000-8000-000000000001',
  at: Date.UTC(2026, 4, 4, 10),
  body: '{}',
  subject: '[Rescind] Paused: everything',
  text: 'Paused: everything\n\nStatus: https://rescind.example.com/\n',
  page: false,
};
const account = { user: 'rescind', password: 'a-secret-word' };
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function serve(options: MailServerOptions = {}): Promise<MailServer> {
  const server = await startMailServer(options);
  ending.push(() => server.close());
  return server;
}

interface Change {
  readonly host?: string;
  readonly security?: 'starttls' | 'tls' | 'none';
  readonly user?: string;
  readonly password?: string;
  readonly to?: readonly string[];
  readonly allowPrivate?: readonly string[];
  /** What each look-up of the host answers. */
  readonly addresses?: readonly string[];
}

function open({ port }: Pick<MailServer, 'port'>, change: Change = {}) {
  const {
    host = 'mail.test',
    security = 'none',
    to = ['soc@example.com'],
    allowPrivate = ['127.0.0.0/8'],
    addresses = ['127.0.0.1'],
  } = change;
  const clock = createManualClock();
  let asked = 0;
  const opener = createSocketOpener({
    allowPrivate,
    resolve: (_name, _options, callback) => callback(null, [{ address: addresses[asked++ % addresses.length] as string, family: 4 }]),
  });
  const { user, password } = change;
  const sink = createSmtp({
    host,
    port,
    security,
    user,
    password,
    from: 'rescind@example.com',
    to,
    open: opener,
    clock,
    ca: rightCertificate.cert,
  });
  const deliver = (more: Partial<Message> = {}, signal = new AbortController().signal) => sink.deliver({ ...message, ...more }, signal);
  return { clock, deliver };
}

describe('a mail', () => {
  it('says who sends it, whom it reaches, what happened and where to look', async () => {
    const server = await serve();
    expect(await open(server, { to: ['soc@example.com', 'iam@example.com'] }).deliver()).toEqual({ kind: 'delivered' });
    const [mail] = server.received;
    expect(mail).toMatchObject({ from: 'rescind@example.com', to: ['soc@example.com', 'iam@example.com'] });
    expect(mail?.headers).toMatchObject({
      subject: '[Rescind] Paused: everything',
      'message-id': '<01900000-0000-7000-8000-000000000001@example.com>',
      'auto-submitted': 'auto-generated',
      date: 'Mon, 04 May 2026 10:00:00 +0000',
    });
    expect(mail?.text).toContain('Status: https://rescind.example.com/');
    expect(mail?.headers['importance']).toBeUndefined();
  });

  it('has the same name at each attempt, so that a repeat is known', async () => {
    const server = await serve();
    const { deliver } = open(server);
    await deliver();
    await deliver({ at: message.at + 5_000 });
    expect(server.received[0]?.headers['message-id']).toBe(server.received[1]?.headers['message-id']);
  });

  it('that pages says so', async () => {
    const server = await serve();
    await open(server).deliver({ page: true });
    expect(server.received[0]?.headers).toMatchObject({ importance: 'High', 'x-priority': '1 (Highest)' });
  });

  it('takes no header and no recipient from what it tells', async () => {
    const server = await serve();
    const evil = 'x\r\nBcc: thief@example.com\r\n\r\n.\r\nMAIL FROM:<a@b>';
    expect(await open(server).deliver({ subject: evil, text: `${evil}\r\n.\r\nRCPT TO:<thief@example.com>` })).toEqual({
      kind: 'delivered',
    });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.to).toEqual(['soc@example.com']);
    expect(Object.keys(server.received[0]?.headers ?? {})).not.toContain('bcc');
  });
});

describe('a connection', () => {
  it.each(['starttls', 'tls'] as const)('is encrypted before anything is said (%s)', async (security) => {
    const server = await serve({ security, account });
    expect(await open(server, { security, ...account }).deliver()).toEqual({ kind: 'delivered' });
    expect(server.received).toMatchObject([{ encrypted: true, user: 'rescind' }]);
  });

  it('is given up where the server offers no encryption', async () => {
    const server = await serve({ account });
    expect(await open(server, { security: 'starttls', ...account }).deliver()).toEqual({ kind: 'failed', code: 'tls' });
    expect(server.received).toEqual([]);
  });

  it.each(['starttls', 'tls'] as const)('to a server whose certificate is not trusted says nothing (%s)', async (security) => {
    const server = await serve({ security, untrusted: true, account });
    expect(await open(server, { security, ...account }).deliver()).toEqual({ kind: 'failed', code: 'tls' });
    expect(server.received).toEqual([]);
  });

  it('to a server of another name says nothing, though its certificate is good', async () => {
    const server = await serve({ security: 'tls' });
    expect(await open(server, { security: 'tls', host: 'other.test' }).deliver()).toEqual({ kind: 'failed', code: 'tls' });
    expect(server.received).toEqual([]);
  });

  it('sends nothing unsigned where it was told to sign in', async () => {
    const server = await serve();
    expect(await open(server, account).deliver()).toEqual({ kind: 'failed', code: 'smtp.500' });
    expect(server.received).toEqual([]);
  });

  it('with a password that is wrong may be mended', async () => {
    const server = await serve({ security: 'tls', account });
    expect(await open(server, { security: 'tls', user: 'rescind', password: 'wrong' }).deliver()).toEqual({
      kind: 'failed',
      code: 'smtp.535',
    });
  });

  it('goes to no private address that is not listed, by name or by number', async () => {
    const server = await serve();
    for (const host of ['mail.test', '127.0.0.1'])
      expect(await open(server, { host, allowPrivate: [] }).deliver()).toEqual({ kind: 'failed', code: 'addressForbidden' });
    // Nothing encrypts it: then public addresses are refused too.
    expect(await open(server, { addresses: ['93.184.215.14'] }).deliver()).toEqual({ kind: 'failed', code: 'addressForbidden' });
    expect(server.connections).toBe(0);
  });

  it('goes to the address that was checked: a name that answers differently each time gains nothing (DNS rebinding)', async () => {
    const server = await serve({ security: 'tls' });
    const { deliver } = open(server, { security: 'tls', allowPrivate: ['127.0.0.2'], addresses: ['127.0.0.1', '127.0.0.2'] });
    expect(await deliver()).toEqual({ kind: 'failed', code: 'addressForbidden' });
    // Nobody listens at the one that is permitted, and the look-up after it is not asked.
    expect(await deliver()).toEqual({ kind: 'failed', code: 'refused' });
    expect(server.connections).toBe(0);
  });
});

describe('a server', () => {
  it.each([
    ['to', 550, 'refused'],
    ['from', 553, 'refused'],
    ['data', 554, 'refused'],
    ['to', 450, 'failed'],
    ['data', 452, 'failed'],
    ['connect', 421, 'failed'],
    // A server that has us on a list may take us off it.
    ['connect', 554, 'failed'],
  ] as const)('that answers at %s with %i: %s', async (at, code, kind) => {
    const server = await serve();
    server.behaviour = { at, code };
    expect(await open(server).deliver()).toEqual({ kind, code: `smtp.${code}` });
    expect(server.received).toEqual([]);
  });

  it.each([
    ['connect', 521],
    ['to', 556],
  ] as const)('that has no mail, ever (%s %i), is gone', async (at, code) => {
    const server = await serve();
    server.behaviour = { at, code };
    expect(await open(server).deliver()).toEqual({ kind: 'gone' });
  });

  it('that refuses one of two has been told', async () => {
    const server = await serve();
    server.behaviour = { at: 'to', code: 550 };
    server.refused = ['gone@example.com'];
    expect(await open(server, { to: ['soc@example.com', 'gone@example.com'] }).deliver()).toEqual({ kind: 'delivered' });
    expect(server.received).toMatchObject([{ to: ['soc@example.com'] }]);
  });

  it('that hangs is left after thirty seconds', async () => {
    const server = await serve();
    server.behaviour = 'hang';
    const { clock, deliver } = open(server);
    const delivery = deliver();
    await server.hung();
    await clock.advance(30_000);
    expect(await delivery).toEqual({ kind: 'failed', code: 'timeout' });
  });

  it.each(['starttls', 'tls', 'none'] as const)('that says nothing at all is left after thirty seconds (%s)', async (security) => {
    const held = Promise.withResolvers<Socket>();
    const silent = createServer(held.resolve);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    ending.push(async () => {
      (await held.promise).destroy();
      await new Promise((resolve) => silent.close(resolve));
    });
    const { clock, deliver } = open({ port: (silent.address() as AddressInfo).port }, { security });
    const delivery = deliver();
    const socket = await held.promise;
    // The first byte of a handshake is under way by then.
    if (security === 'tls') await once(socket, 'data');
    await clock.advance(30_000);
    expect(await delivery).toEqual({ kind: 'failed', code: 'timeout' });
  });

  it('that hangs is left at once when the service stops', async () => {
    const server = await serve();
    server.behaviour = 'hang';
    const stop = new AbortController();
    const delivery = open(server).deliver({}, stop.signal);
    await server.hung();
    stop.abort();
    expect(await delivery).toEqual({ kind: 'failed', code: 'aborted' });
  });

  it('that hangs up amid a message is asked again', async () => {
    const server = await serve();
    server.behaviour = 'cut';
    expect(await open(server).deliver()).toEqual({ kind: 'failed', code: 'connection' });
  });

  it('that is not there is asked again', async () => {
    const server = await startMailServer();
    await server.close();
    expect(await open(server).deliver()).toEqual({ kind: 'failed', code: 'refused' });
  });
});
