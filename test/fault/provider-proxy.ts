/** Stands in front of the provider: numbers its calls by method and path, and can stop the world before or after one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Moment } from './postgres-proxy.ts';

export interface ProviderProxy {
  readonly baseUrl: string;
  /** Calls since the last `arm`, each with its number among its like. */
  readonly census: ReadonlySet<string>;
  arm(target: { readonly call: string; readonly moment: Moment } | undefined): void;
  disarm(): void;
  readonly struck: boolean;
  close(): Promise<void>;
}

/** `POST /people/{id}/sessions/revoke`: the same call has the same name for everybody. */
export function callNameOf(method: string, path: string): string {
  return `${method} ${path
    .replace(/^.*\/admin\/v1/, '')
    .replace(/\/people\/[^/?]+/, '/people/{id}')
    .replace(/\?.*$/, '')}`;
}

export async function openProviderProxy(baseUrl: string, kill: () => void): Promise<ProviderProxy> {
  const census = new Set<string>();
  const counts = new Map<string, number>();
  let target: { readonly call: string; readonly moment: Moment } | undefined;
  let armed = false;
  let struck = false;
  const strike = () => {
    struck = true;
    armed = false;
    kill();
  };
  const upstream = new URL(baseUrl);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const kind = callNameOf(request.method ?? '', request.url ?? '');
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    const name = `${kind} ${number}`;
    const meant = armed && target?.call === name;
    if (armed) census.add(name);
    if (meant && target?.moment === 'before') {
      strike();
      return void request.socket.destroy();
    }
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
    const answer = await fetch(new URL(request.url ?? '/', upstream.origin), {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (meant && target?.moment === 'after') {
      strike();
      return void request.socket.destroy();
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${upstream.pathname}`,
    census,
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
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
