/** Signals from API clients and operators. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import { severities } from '../../model/signal.ts';
import { signalSenders } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { defineRoute, type Route } from '../route-table.ts';

/** The door behind it reads the bytes itself, since their hash is kept; this says what it takes. */
const signalBody = z.strictObject({
  type: z.string().describe('A type of the signal catalogue'),
  subject: z.record(z.string(), z.unknown()).describe('A subject identifier (RFC 9493)'),
  occurredAt: z.string().meta({ format: 'date-time' }).optional(),
  severity: z.enum([...severities, 'critical']).optional(),
  dedupeKey: z.string().min(1).max(4096).describe('Names the event, so that sending it again has no effect').optional(),
  ip: z.string().describe('Address that the event came from').optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export function signalRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/signals',
      summary: 'A signal from an API client or an operator',
      access: signalSenders,
      body: signalBody,
      takesBytes: true,
      answers: { 202: { description: 'Stored and decided', schema: z.strictObject({ id: z.string(), decisionIds: z.array(z.string()) }) } },
      async handle({ body, caller, response }) {
        const { refused, accepted } = await parts.signal(body as unknown as Buffer, caller, parts.clock.now());
        if (refused !== null) throw new AppError(refused.code, refused.detail);
        response.status(202);
        return { id: accepted?.signalId, decisionIds: accepted?.decisionIds ?? [] };
      },
    }),
  ];
}
