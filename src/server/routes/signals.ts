/** Signals from API clients and operators. */
import type { Express, Request, Response } from 'express';
import type { Role } from '../../model/operator.ts';
import { AppError } from '../../model/errors.ts';
import { callerOf, requireAccess } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { readBody } from '../read-body.ts';

export const signalLimitBytes = 64 * 1024;
export const signalSenders: readonly Role[] = ['admin', 'approver', 'analyst', 'ingest'];

/** Mounted beside the table, because the door reads the body's bytes itself. */
export function mountSignalDoor(app: Express, parts: ServerParts): void {
  app.post('/api/v1/signals', requireAccess(parts, signalSenders), async (request: Request, response: Response) => {
    if (!request.is('application/json')) throw new AppError('request.mediaType', 'The body must be application/json.');
    const body = await readBody(request, signalLimitBytes);
    if (body === 'aborted') return void response.destroy();
    if (body === 'tooLarge') throw new AppError('request.tooLarge', `The body may have ${signalLimitBytes} bytes.`);
    const { refused, accepted } = await parts.signal(body, callerOf(request), parts.clock.now());
    if (refused !== null) throw new AppError(refused.code, refused.detail);
    response.status(202).json({ id: accepted?.signalId, decisionIds: accepted?.decisionIds ?? [] });
  });
}
