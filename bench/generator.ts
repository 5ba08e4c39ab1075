/**
 * Load from raw sockets that are kept alive, one request in flight each. Requests are bytes made before the clock runs and answers
 * are only looked at for their status, so that a request costs some hundredths of a millisecond.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { serveBench } from './child.ts';

export interface GeneratorArgument {
  /** One token, or one body of JSON in ASCII, a line. */
  readonly tokens: string;
  readonly path: string;
  readonly authorization: string;
  readonly mediaType: 'application/secevent+jwt' | 'application/json';
  /** The status that says that all of it was taken. */
  readonly taken: '200' | '202';
}

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** Which tokens, by their line. */
  readonly from: number;
  readonly count: number;
}

export interface LoadResult {
  readonly elapsedMs: number;
  readonly accepted: number;
  /** Other statuses. */
  readonly refused: Readonly<Record<string, number>>;
  readonly latenciesMs: readonly number[];
  /** When the first byte of each request was written, in milliseconds since 1970, by line of its token. */
  readonly sentAt: readonly number[];
  /** Processor time of this process for the load. */
  readonly cpuMs: number;
}

const argument = JSON.parse(process.argv[2] ?? '{}') as GeneratorArgument;
const requests = readFileSync(argument.tokens, 'latin1')
  .split('\n')
  .map((token) =>
    Buffer.from(
      `POST ${argument.path} HTTP/1.1\r\nHost: rescind\r\nContent-Type: ${argument.mediaType}\r\nAccept: application/json\r\nAuthorization: ${argument.authorization}\r\nContent-Length: ${token.length}\r\n\r\n${token}`,
      'latin1',
    ),
  );

async function run({ port, connections, from, count }: LoadOrder): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const latenciesMs: number[] = new Array(count);
  const sentAt: number[] = new Array(count);
  const refused: Record<string, number> = {};
  let next = 0;
  let accepted = 0;
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let current = -1;
          let sentMs = 0;
          let pending = '';
          const send = () => {
            if (next === count) return resolve();
            current = next++;
            sentMs = performance.now();
            sentAt[current] = performance.timeOrigin + sentMs;
            socket.write(requests[from + current] as Buffer);
          };
          socket.on('data', (chunk: Buffer) => {
            pending = pending === '' ? chunk.toString('latin1') : pending + chunk.toString('latin1');
            const head = pending.indexOf('\r\n\r\n');
            if (head < 0) return;
            const status = pending.slice(9, 12);
            if (status !== argument.taken) {
              const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0);
              if (pending.length < head + 4 + length) return;
              refused[status] = (refused[status] ?? 0) + 1;
            } else accepted += 1;
            pending = '';
            latenciesMs[current] = performance.now() - sentMs;
            send();
          });
          socket.on('error', reject);
          socket.on('close', () => reject(new Error('the connection was closed')));
          send();
        }),
    ),
  );
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const socket of sockets) socket.removeAllListeners().destroy();
  return { elapsedMs, accepted, refused, latenciesMs, sentAt, cpuMs: (user + system) / 1000 };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

serveBench({}, run, async () => {});
