/**
 * Stands in front of PostgreSQL, reads the frontend's messages, numbers the statements of the path by their text, and can stop the
 * world at one of them: before it reaches the server, or after the server has answered and before the answer is seen.
 */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export type Moment = 'before' | 'after';

export interface Target {
  readonly statement: string;
  readonly moment: Moment;
}

export interface PostgresProxy {
  readonly port: number;
  /** Every kind of statement seen on the path, with how often. */
  readonly census: ReadonlyMap<string, number>;
  /** From now on statements are numbered; at the target the world stops. Nothing is armed without a call. */
  arm(target: Target | undefined): void;
  /** Nothing is numbered any more: a process that starts reads and writes things of its own. */
  disarm(): void;
  /** Whether the target of the last `arm` was met. */
  readonly struck: boolean;
  close(): Promise<void>;
}

/** What runs by the clock and has nothing to do with a signal's way; all else is the path. */
const background: readonly RegExp[] = [
  /from pause\b(?! p\b)/,
  /from source_seen\b/,
  /from active_bundle\b/,
  /from identity i where merged_into is null/,
  /from undecided\b/,
  /ledger_(pending|leaf|tile|head)\b(?!.*insert into ledger_pending)/,
  /\bpgboss\.(?!.*insert into)/i,
  /adapter_record|sign_in_link|console_session|api_token/,
  /\bpg_(try_)?advisory|pg_locks|pg_stat|pg_class|pg_listening/,
  /\bprocess\b.*started_at/,
  /^(listen|unlisten|set|show)\b/i,
  /select id, body from ledger_entry/,
  /transaction_timeout/i,
  /claimed_by is not null|claimed_by <> all|waiting|plan\b.*claimed_by is null.*order by/i,
];

/** The first words and the tables: the same statement has the same name in every run, whatever its values. */
export function nameOf(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/'[^']*'/g, "'…'")
    .replace(/\$\d+/g, '$')
    .trim()
    .slice(0, 110);
}

function isBackground(text: string): boolean {
  const flat = text.replace(/\s+/g, ' ');
  if (/insert into ledger_pending/i.test(flat)) return false;
  if (/insert into "?pgboss"?\.job/i.test(flat) || /INSERT INTO pgboss\.job/.test(flat)) return false;
  return background.some((pattern) => pattern.test(flat));
}

export async function openPostgresProxy(server: { readonly socketPath: string }, kill: () => void): Promise<PostgresProxy> {
  const census = new Map<string, number>();
  const sockets = new Set<Socket>();
  let target: Target | undefined;
  let armed = false;
  let struck = false;

  function strike(): void {
    struck = true;
    armed = false;
    kill();
    for (const socket of sockets) socket.destroy();
  }

  const listener = createServer((client) => {
    const upstream = connect(server.socketPath);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const prepared = new Map<string, string>();
    const awaited: (string | null)[] = [];
    let bound = '';
    let inTransaction: string | null = null;
    let started = false;
    let fromClient = Buffer.alloc(0);
    let fromServer = Buffer.alloc(0);

    /** Null where the statement is not of the path. */
    function number(text: string): string | null {
      if (/^(begin|start transaction)/i.test(text)) {
        inTransaction = '';
        return null;
      }
      const ends = /^(commit|rollback)/i.test(text);
      if (!ends && isBackground(text)) {
        if (inTransaction === '') inTransaction = null;
        return null;
      }
      if (ends) {
        const last = inTransaction;
        inTransaction = null;
        // A transaction in which nothing of the path happened ends without a point.
        return last === null || last === '' ? null : `${text.slice(0, 8).trim()} after ${last}`.slice(0, 120);
      }
      const name = nameOf(text);
      if (inTransaction !== null) inTransaction = name;
      return name;
    }

    client.on('data', (chunk) => {
      fromClient = Buffer.concat([fromClient, chunk]);
      for (;;) {
        const head = started ? 1 : 0;
        if (fromClient.length < head + 4) return;
        const length = head + fromClient.readUInt32BE(head);
        if (fromClient.length < length) return;
        const message = fromClient.subarray(0, length);
        fromClient = fromClient.subarray(length);
        if (!started) {
          // An SSL request is answered by the server itself; the start-up message follows it.
          started = message.readUInt32BE(4) >> 16 === 3;
          upstream.write(message);
          continue;
        }
        const type = String.fromCharCode(message[0] as number);
        if (type === 'P') {
          const nameEnd = message.indexOf(0, 5);
          const textEnd = message.indexOf(0, nameEnd + 1);
          prepared.set(message.toString('utf8', 5, nameEnd), message.toString('utf8', nameEnd + 1, textEnd));
        }
        if (type === 'B') {
          const portalEnd = message.indexOf(0, 5);
          bound = prepared.get(message.toString('utf8', portalEnd + 1, message.indexOf(0, portalEnd + 1))) ?? '';
        }
        if (type === 'E' || type === 'Q') {
          const text = type === 'Q' ? message.toString('utf8', 5, message.length - 1) : bound;
          const name = number(text);
          if (name !== null && armed) {
            census.set(name, (census.get(name) ?? 0) + 1);
            if (target?.statement === name && target.moment === 'before') return strike();
          }
          awaited.push(armed ? name : null);
        }
        upstream.write(message);
      }
    });

    upstream.on('data', (chunk) => {
      fromServer = Buffer.concat([fromServer, chunk]);
      let sent = 0;
      for (;;) {
        if (fromServer.length - sent < 5) break;
        const type = String.fromCharCode(fromServer[sent] as number);
        // The one-byte answer to an SSL request has no length.
        const length = !started && fromServer.length - sent === 1 ? 1 : 1 + fromServer.readUInt32BE(sent + 1);
        if (fromServer.length - sent < length) break;
        if (type === 'C' || type === 'E' || type === 'I') {
          const name = awaited.shift();
          if (type === 'C' && armed && name != null && target?.statement === name && target.moment === 'after') return strike();
        }
        sent += length;
      }
      if (!started) sent = fromServer.length;
      client.write(fromServer.subarray(0, sent));
      fromServer = fromServer.subarray(sent);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    census,
    arm(next) {
      target = next;
      armed = true;
      struck = false;
    },
    disarm() {
      armed = false;
    },
    get struck() {
      return struck;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        listener.close(() => resolve());
      }),
  };
}
