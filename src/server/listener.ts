/** The socket: open before the application is there, because its port is part of addresses that the application hands out. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';

export interface Listener {
  readonly port: number;
  /** Hands requests to the application; until then they are answered 503. */
  serve(application: RequestListener): void;
  /** Accepts nothing more and lets requests in flight end, for `timeoutMs` at most. */
  close(timeoutMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly clock: Clock;
  /** Milliseconds; absent: 10 s for the head, 30 s for the whole request, 65 s between two of a connection. */
  readonly timeouts?: {
    readonly headersTimeout: number;
    readonly requestTimeout: number;
    readonly keepAliveTimeout: number;
    readonly connectionsCheckingInterval: number;
  };
}

const standardTimeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 5_000 };

export async function openListener({ host, port, tls, clock, timeouts = standardTimeouts }: ListenOptions): Promise<Listener> {
  let application: RequestListener | undefined;
  const open = new Set<ServerResponse>();
  const listener: RequestListener = (request, response) => {
    open.add(response);
    response.once('close', () => open.delete(response));
    if (application !== undefined) return application(request, response);
    response.writeHead(503, { 'Retry-After': '2', 'Content-Type': 'text/plain' }).end('starting\n');
  };
  const limits = { maxHeaderSize: 16 * 1024, ...timeouts };
  const server: Server =
    tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, listener);
  server.maxHeadersCount = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be listened on (${error.code ?? error.name})`;
      reject(new AppError('config.invalid', `${host}:${port} ${why}`));
    });
    server.listen({ host, port, backlog: 511 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve(next) {
      application = next;
    },
    close(timeoutMs) {
      return new Promise((resolve) => {
        const cut = clock.after(timeoutMs, () => server.closeAllConnections());
        server.close(() => {
          cut.cancel();
          resolve();
        });
        // Their connections end with the answers that are under way.
        for (const response of open) if (!response.headersSent) response.setHeader('Connection', 'close');
        server.closeIdleConnections();
      });
    },
  };
}
