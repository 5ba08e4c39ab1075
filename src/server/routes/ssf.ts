/** SETs pushed to us (RFC 8935): its own error form, and a path as short as can be. */
import type { Express, Request, Response } from 'express';
import { AppError } from '../../model/errors.ts';
import type { PushReply, ServerParts } from '../parts.ts';
import { readBody } from '../read-body.ts';

/** One SET; RFC 8935 knows no batches. */
const setLimitBytes = 64 * 1024;
const storeAwaySeconds = 5;

export function mountPushReceiver(app: Express, parts: ServerParts): void {
  app.all('/ssf/events/:transmitter', async (request: Request, response: Response) => {
    const startedMs = parts.clock.elapsedMs();
    const body = await readBody(request, setLimitBytes);
    // Half a body is nothing: its sender will come again.
    if (body === 'aborted') return void response.destroy();
    const reply = await receive(String(request.params['transmitter']), request, body, parts);
    send(response, reply);
    parts.answered('/ssf/events/{transmitter}', response.statusCode, parts.clock.elapsedMs() - startedMs);
  });
}

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
    if (!away) parts.log.error({ transmitter, error: (error as Error).name }, 'push.failed');
    return { refused: { status: 503, err: 'invalid_request', description: 'Nothing was accepted; send it again.', retryAfterSeconds: storeAwaySeconds } };
  }
}

function refuse(status: number, err: string, description: string): PushReply {
  return { refused: { status, err, description } };
}

function send(response: Response, { refused }: PushReply): void {
  if (refused === null) return void response.status(202).end();
  const { status, err, description, retryAfterSeconds } = refused;
  response.setHeader('Content-Language', 'en');
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  if (status === 405) response.setHeader('Allow', 'POST');
  if (status === 413) response.setHeader('Connection', 'close');
  response.status(status).type('application/json').send(JSON.stringify({ err, description }));
}
