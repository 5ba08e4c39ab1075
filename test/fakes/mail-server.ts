/** A mail server over real SMTP, as faulty as it is told to be. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { rightCertificate } from './right-certificate.ts';
import { wrongCertificate } from './wrong-certificate.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Header lines unfolded, by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly encrypted: boolean;
  readonly user: string | undefined;
}

export interface MailServer {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  /** Connections that stood. */
  readonly connections: number;
  /** What it does with a message; an answer says where it is given. */
  behaviour: 'take' | 'hang' | 'cut' | { readonly at: 'connect' | 'from' | 'to' | 'data'; readonly code: number };
  /** The only addresses that it refuses, where it refuses at `to`; absent: all. */
  refused?: readonly string[];
  got(count: number): Promise<void>;
  /** Resolves once somebody is waiting for an answer that never comes. */
  hung(): Promise<void>;
  close(): Promise<void>;
}

export interface MailServerOptions {
  /** `starttls` is offered, `tls` spoken from the first byte. */
  readonly security?: 'starttls' | 'tls' | 'none';
  readonly untrusted?: boolean;
  /** Nobody sends without it. */
  readonly account?: { readonly user: string; readonly password: string };
}

export async function startMailServer({ security = 'none', untrusted = false, account }: MailServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const hanging = Promise.withResolvers<void>();
  let connections = 0;
  const refuse = (at: string) =>
    typeof mail.behaviour === 'object' && mail.behaviour.at === at
      ? Object.assign(new Error('not person-0@example.com'), { responseCode: mail.behaviour.code })
      : null;

  const server = new SMTPServer({
    secure: security === 'tls',
    ...(untrusted ? wrongCertificate : rightCertificate),
    disabledCommands: [...(security === 'starttls' ? [] : ['STARTTLS']), ...(account === undefined ? ['AUTH'] : [])],
    authOptional: account === undefined,
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect(_session, done) {
      connections++;
      done(refuse('connect'));
    },
    onAuth({ username, password }, _session, done) {
      if (username === account?.user && password === account?.password) done(null, { user: username });
      else done(new Error(`no ${password}`));
    },
    onMailFrom: (_address, _session, done) => done(refuse('from')),
    onRcptTo: ({ address }, _session, done) => done((mail.refused?.includes(address) ?? true) ? refuse('to') : null),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (mail.behaviour === 'cut') return sockets.forEach((socket) => void socket.destroy());
        if (mail.behaviour === 'hang') return hanging.resolve();
        const refusal = refuse('data');
        if (refusal !== null) return done(refusal);
        received.push(readMail(Buffer.concat(chunks).toString('utf8'), session));
        for (const look of waiting) look();
        done();
      });
    },
  });
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mail: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    received,
    get connections() {
      return connections;
    },
    behaviour: 'take',
    got: (count) =>
      new Promise((resolve) => {
        const look = () => void (received.length >= count && resolve());
        waiting.add(look);
        look();
      }),
    hung: () => hanging.promise,
    async close() {
      // Below an encrypted connection the runtime does not bear it; the server hangs up on those by itself.
      if (security === 'none') for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return mail;
}

type Session = Parameters<NonNullable<ConstructorParameters<typeof SMTPServer>[0]>['onData'] & object>[1];

function readMail(raw: string, { envelope, secure, user }: Session): ReceivedMail {
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  return {
    from: envelope.mailFrom === false ? '' : String((envelope.mailFrom as { address: string } | undefined)?.address),
    to: envelope.rcptTo.map(({ address }) => address),
    headers: Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    ),
    text: rest.join('\r\n\r\n').replaceAll('\r\n', '\n'),
    encrypted: secure,
    user: user === undefined ? undefined : String(user),
  };
}
