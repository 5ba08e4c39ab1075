/** Events that a connection's provider pushes to us: a path as short as can be, the adapter's own words, and problems for everything else. */
import type { Express, Request, Response } from 'express';
import { AppError, type ErrorCode, errorTable } from '../../model/errors.ts';
import type { HookAnswer, ServerParts } from '../parts.ts';
import { plainHeaders } from '../plain-headers.ts';
import { readBody } from '../read-body.ts';
import { anyQuery, defineRoute, type Route } from '../route-table.ts';

/** Of a body that is for nobody. */
const strangerLimitBytes = 64 * 1024;
const againSeconds = 5;

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'request.invalid',
  401: 'auth.required',
  403: 'auth.forbidden',
  404: 'notFound',
  405: 'method.notAllowed',
  413: 'request.tooLarge',
  415: 'request.mediaType',
  500: 'internal',
  503: 'store.unavailable',
};

export function mountHooks(app: Express, parts: ServerParts): void {
  app.all('/hooks/:connection', async (request: Request, response: Response) => {
    const startedMs = parts.clock.elapsedMs();
    const connection = String(request.params['connection']);
    const hook = parts.hook(connection);
    const body = await readBody(request, hook?.limitBytes ?? strangerLimitBytes);
    // Half a body is nothing: its sender will come again.
    if (body === 'aborted') return void response.destroy();
    const header = (name: string) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    send(
      response,
      hook === undefined
        ? { status: 404 }
        : await answerOf(() => hook.receive({ method: request.method, header, body }), connection, parts),
    );
    parts.answered('/hooks/{connection}', response.statusCode, parts.clock.elapsedMs() - startedMs);
  });
}

/** Described here, mounted apart. */
export const hookRoutes: readonly Route[] = (['get', 'post'] as const).map((method) =>
  defineRoute({
    method,
    path: '/hooks/{connection}',
    summary:
      method === 'get'
        ? "A provider's handshake: is this address meant?"
        : "A provider's own events, in its own form, under the connection's secret",
    access: 'anyone',
    query: anyQuery,
    answers: { 200: { description: method === 'get' ? 'As the provider wants it' : 'Stored and decided' } },
    handle: async () => undefined,
  }),
);

async function answerOf(receive: () => Promise<HookAnswer>, connection: string, { log }: ServerParts): Promise<HookAnswer> {
  try {
    return await receive();
  } catch (error) {
    if (error instanceof AppError && error.code === 'store.unavailable') return { status: 503 };
    log.error({ connection, error: error instanceof AppError ? error.code : (error as Error).name }, 'hook.failed');
    return { status: 500 };
  }
}

function send(response: Response, { status, json }: HookAnswer): void {
  const code = codes[status];
  if (code === undefined && json === undefined) return void response.writeHead(status, { ...plainHeaders, 'Content-Length': '0' }).end();
  response
    .writeHead(status, {
      ...plainHeaders,
      'Content-Type': code === undefined ? 'application/json' : 'application/problem+json',
      ...(status === 405 ? { Allow: 'GET, POST' } : {}),
      ...(status === 413 ? { Connection: 'close' } : {}),
      ...(status === 503 ? { 'Retry-After': String(againSeconds) } : {}),
    })
    .end(JSON.stringify(code === undefined ? json : { type: `about:blank#${code}`, title: errorTable[code].meaning, status, code }));
}
