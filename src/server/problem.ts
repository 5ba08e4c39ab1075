/** Refusals as RFC 9457 problem documents, with the code of the error table. */
import type { ErrorRequestHandler, Response } from 'express';
import { AppError, type ErrorCode, errorTable } from '../model/errors.ts';
import type { Log } from '../model/log.ts';

/** Seconds after which it may go better. */
const retryAfterSeconds = 5;

export function sendProblem(response: Response, code: ErrorCode, detail: string, headers: Readonly<Record<string, string>> = {}): void {
  const { status, meaning, retry } = errorTable[code];
  response.setHeader('Cache-Control', 'no-store');
  if (retry === 'later') response.setHeader('Retry-After', String(retryAfterSeconds));
  // The rest of such a body is not read, so nothing may follow it on this connection.
  if (status === 413) response.setHeader('Connection', 'close');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: `about:blank#${code}`, title: meaning, status, code, detail }));
}

/** Turns what a handler threw into a problem; an unforeseen fault shows nothing of itself. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const foreseen = error instanceof AppError && (error.status < 500 || error.status === 503);
    const requestId = String(response.getHeader('X-Request-Id') ?? '');
    if (!foreseen && !isMalformed(error)) {
      const name = error instanceof AppError ? error.code : error instanceof Error ? error.name : typeof error;
      log.error({ requestId, route: request.route?.path, error: name, stack: stackOf(error) }, 'request.failed');
    }
    // Half an answer must not look like a whole one.
    if (response.headersSent) return void response.destroy();
    if (foreseen) return sendProblem(response, error.code, error.detail);
    if (isMalformed(error)) return sendProblem(response, 'request.invalid', 'The request is malformed.');
    sendProblem(response, 'internal', `request ${requestId}`);
  };
}

/** express itself refuses malformed paths with a 4xx status. */
function isMalformed(error: unknown): boolean {
  const status = (error as { status?: unknown } | null)?.status;
  return !(error instanceof AppError) && typeof status === 'number' && status >= 400 && status < 500;
}

/** Where it happened, without the message: messages may quote data. */
function stackOf(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? '')
        .split('\n')
        .filter((line) => line.startsWith('    at '))
        .slice(0, 5)
        .join(' | ')
    : '';
}
