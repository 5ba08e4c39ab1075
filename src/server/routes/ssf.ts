/** SETs pushed to us (RFC 8935): its own error form, and a path as short as can be. */
import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import type { PushReply, ServerParts } from '../parts.ts';
import { plainHeaders } from '../plain-headers.ts';
import { readBody } from '../read-body.ts';
import { anyQuery, defineRoute } from '../route-table.ts';

/** One SET; RFC 8935 knows no batches. */
const setLimitBytes = 64 * 1024;
const storeAwaySeconds = 5;

export function mountPushReceiver(app: Express, parts: ServerParts): void {
  app.all('/ssf/events/:transmitter', async (request: Request, response: Response) => {
    const startedMs = parts.clock.elapsedMs();
    const body = await readBody(request, setLimitBytes);
    // Half a body is nothing: its sender will come again.
    if (body === 'aborted') return void response.destroy();
    send(response, await receive(String(request.params['transmitter']), request, body, parts));
    parts.answered('/ssf/events/{transmitter}', response.statusCode, parts.clock.elapsedMs() - startedMs);
  });
  app.use('/ssf', (_request: Request, response: Response) => send(response, refuse(404, 'invalid_request', 'There is no such route.')));
  const malformed: ErrorRequestHandler = (_error, _request, response, _next) => {
    if (response.headersSent) response.destroy();
    else send(response, refuse(400, 'invalid_request', 'The request is malformed.'));
  };
  app.use('/ssf', malformed);
}

/** Described here, mounted apart. */
export const pushRoute = defineRoute({
  method: 'post',
  path: '/ssf/events/{transmitter}',
  summary: 'A security event token pushed to us (RFC 8935); refusals as {err, description}',
  access: 'anyone',
  query: anyQuery,
  answers: {
    202: { description: 'Stored and decided' },
    400: { description: 'Refused', schema: z.strictObject({ err: z.string(), description: z.string() }) },
  },
  handle: async () => undefined,
});

async function receive(transmitter: string, request: Request, body: Buffer | 'tooLarge', parts: ServerParts): Promise<PushReply> {
  try {
    const reply = parts.push(transmitter, {
      method: request.method,
      contentType: request.headers['content-type'],
      authorization: request.headers.authorization,
      body,
      receivedAt: parts.clock.now(),
    });
    return (await reply) ?? refuse(404, 'invalid_request', 'There is no such transmitter.');
  } catch (error) {
    const away = error instanceof AppError && error.code === 'store.unavailable';
    if (!away) parts.log.error({ transmitter, error: error instanceof AppError ? error.code : (error as Error).name }, 'push.failed');
    return {
      refused: {
        status: 503,
        err: 'invalid_request',
        description: 'Nothing was accepted; send it again.',
        retryAfterSeconds: storeAwaySeconds,
      },
    };
  }
}

function refuse(status: number, err: string, description: string): PushReply {
  return { refused: { status, err, description } };
}

function send(response: Response, { refused }: PushReply): void {
  if (refused === null) return void response.writeHead(202, { ...plainHeaders, 'Content-Length': '0' }).end();
  const { status, err, description, retryAfterSeconds } = refused;
  response
    .writeHead(status, {
      ...plainHeaders,
      'Content-Type': 'application/json',
      'Content-Language': 'en',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
      ...(status === 405 ? { Allow: 'POST' } : {}),
      ...(status === 413 ? { Connection: 'close' } : {}),
    })
    .end(JSON.stringify({ err, description }));
}
