/**
 * Stands in front of PostgreSQL, numbers the statements of a signal's way on the service's own connections, and can stop the world at
 * one of them: before it reaches the server, or when the server has answered and nobody has seen the answer. What an idle service asks
 * is learnt by watching one; everything else on those connections is the path. pg-boss and the process register have connections of
 * their own and run by the clock. `begin` has no effect of its own: its moments are those of its neighbours.
 */
import { createHash } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createBackendReader, createFollower, createFrontendReader, startupParameters } from './postgres-wire.ts';

export type Moment = 'before' | 'after';

export interface Target {
  readonly statement: string;
  readonly moment: Moment;
}

export interface PostgresProxy {
  readonly port: number;
  /** Statements seen on the path since the last `arm`, each with its number among its like: `insert into dedupe … [1f2e] 1`. */
  readonly census: ReadonlySet<string>;
  /** While on, what is asked counts as asked by the clock. */
  watchIdle(on: boolean): void;
  /** From now on statements are numbered; at the target the world stops. */
  arm(target: Target | undefined): void;
  disarm(): void;
  /** Whether the target of the last `arm` was met. */
  readonly struck: boolean;
  close(): Promise<void>;
}

/** Asked once by each process that takes over: who leads, and the right edge of the log. */
const onceEach = [/^select pg_try_advisory_lock/, /^select t\.level, t\.tile, t\.hashes from ledger_tile/];
/** What is in force is read again after a minute: on a busy machine a test lasts long enough to see it. */
const byTheMinute = /^update undo set reads\b/;
/** Rounds of sequencing take what is there: how many there are for one signal is a matter of the second hand. */
const sequencing = /ledger_(leaf|tile|head)\b|^select id, body from ledger_entry|^select exists \(select from ledger_pending/;

/** The same statement has the same name in every run, whatever its values. */
export function kindOf(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  const hash = createHash('sha256').update(flat).digest('hex').slice(0, 4);
  return `${flat.length > 70 ? `${flat.slice(0, 70)}…` : flat} [${hash}]`;
}

export async function openPostgresProxy(server: { readonly socketPath: string }, kill: () => void): Promise<PostgresProxy> {
  const census = new Set<string>();
  const idle = new Set<string>();
  const sockets = new Set<Socket>();
  const counts = new Map<string, number>();
  let target: Target | undefined;
  let watching = false;
  let armed = false;
  let struck = false;

  function strike(): void {
    struck = true;
    armed = false;
    kill();
    for (const socket of sockets) socket.destroy();
  }

  function numbered(kind: string, text: string): string {
    if (sequencing.test(text)) return kind;
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    return `${kind} ${number}`;
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
    const readFrontend = createFrontendReader();
    const readBackend = createBackendReader();
    const follower = createFollower<string | null>();
    let ours = false;
    /** The last statement of the path in the open transaction. */
    let last: string | null = null;

    /** The statement's name, or null where it is not of the path. */
    function nameFor(text: string): string | null {
      if (!ours) return null;
      const flat = text.replace(/\s+/g, ' ').trim();
      if (/^(begin|start transaction)\b/i.test(flat)) {
        last = null;
        return null;
      }
      if (/^(commit|rollback)\b/i.test(flat)) {
        const before = last;
        last = null;
        return before === null ? null : numbered(`${flat} after ${kindOf(before)}`, before);
      }
      if (watching) idle.add(flat);
      if (watching || idle.has(flat) || /^set \w+ =/.test(flat) || [...onceEach, byTheMinute].some((pattern) => pattern.test(flat)))
        return null;
      last = flat;
      return numbered(kindOf(flat), flat);
    }

    client.on('data', (chunk: Buffer) => {
      for (const { type, bytes } of readFrontend(chunk)) {
        if (type === 'startup') ours = startupParameters(bytes).get('application_name') === 'rescind';
        const text = type === 'startup' ? undefined : follower.sent(type, bytes);
        if (text !== undefined) {
          const name = watching || armed ? nameFor(text) : null;
          if (name !== null && armed) {
            census.add(name);
            if (target?.statement === name && target.moment === 'before') return strike();
          }
          follower.await(name);
          // A simple query has no Sync of its own.
          if (type === 'Q') follower.sent('S', bytes);
        }
        upstream.write(bytes);
      }
    });

    upstream.on('data', (chunk: Buffer) => {
      for (const { type, bytes } of readBackend(chunk)) {
        const name = follower.answered(type);
        if (armed && name != null && target?.statement === name && target.moment === 'after') return strike();
        client.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    census,
    watchIdle(on) {
      watching = on;
    },
    arm(next) {
      target = next;
      census.clear();
      counts.clear();
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
