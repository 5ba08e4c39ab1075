/** Refusals as RFC 9457 problem documents, with the code of the error table. */
import type { ErrorRequestHandler, Response } from 'express';
import { AppError, type ErrorCode, errorTable } from '../model/errors.ts';
import type { Log } from '../model/log.ts';

/** Seconds after which it may go better. */
const retryAfterSeconds = 5;

export function sendProblem(response: Response, code: ErrorCode, detail: string, headers: Readonly<Record<string, string>> = {}): void {
  const { status, meaning, retry } = errorTable[code];
  if (retry === 'later') response.setHeader('Retry-After', String(retryAfterSeconds));
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.status(status).type('application/problem+json').send(JSON.stringify({ type: `about:blank#${code}`, title: meaning, status, code, detail }));
}

/** Turns what a handler threw into a problem; an unforeseen fault shows nothing of itself. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof AppError && error.status < 500) return sendProblem(response, error.code, error.detail);
    if (error instanceof AppError && error.status === 503) return sendProblem(response, error.code, error.detail);
    const requestId = String(response.getHeader('X-Request-Id') ?? '');
    // express itself refuses malformed paths and encodings with a 4xx status.
    const status = (error as { status?: unknown }).status;
    if (typeof status === 'number' && status >= 400 && status < 500) return sendProblem(response, 'request.invalid', 'The request is malformed.');
    log.error({ requestId, route: request.route?.path, error: (error as Error).name, stack: stackOf(error) }, 'request.failed');
    sendProblem(response, 'internal', `request ${requestId}`);
  };
}

/** Where it happened, without the message: messages may quote data. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 6).join(' | ') : '';
}
