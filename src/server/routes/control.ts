/** The kill switch. */
import { z } from 'zod';
import { actionTypeNames } from '../../model/action.ts';
import { fromRfc3339 } from '../../model/clock.ts';
import { AppError } from '../../model/errors.ts';
import type { PauseScope } from '../../model/pause.ts';
import { everyReader, operators } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { defineRoute, type Route } from '../route-table.ts';

const name = z.string().min(1).max(128);
const scopeSchema = z.strictObject({
  source: name.optional(),
  policy: name.optional(),
  connection: name.optional(),
  action: z.enum(actionTypeNames as [string, ...string[]]).optional(),
});
const breakerSchema = z.object({
  id: z.string(),
  condition: z.string(),
  detail: z.string(),
  openedAt: z.string(),
  until: z.string(),
  open: z.boolean(),
  closedAt: z.string().nullable(),
  closedBy: z.string().nullable(),
});
const instantText = z.string().refine((text) => fromRfc3339(text) !== undefined, 'must be an instant in RFC 3339');
const pauseSchema = z.strictObject({ id: z.string() });

export function controlRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/pause',
      summary: 'Nothing acts until resumed, or until the given instant; an empty scope is everything',
      access: operators,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500), scope: scopeSchema.default({}), until: instantText.optional() }),
      answers: { 200: { description: 'The pause', schema: pauseSchema } },
      handle: ({ body, caller }) => {
        const given = Object.fromEntries(Object.entries(body.scope).filter(([, value]) => value !== undefined)) as PauseScope;
        return parts.pause(given, body.reason, body.until === undefined ? undefined : fromRfc3339(body.until), caller);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/resume',
      summary: 'Ends a pause once a second person asks for it too; what it held stays held',
      access: operators,
      body: z.strictObject({ id: z.uuid().optional() }),
      answers: { 200: { description: 'The ended pause', schema: pauseSchema } },
      async handle({ body, caller }) {
        const ended = await parts.resume(body.id, caller);
        if ('refused' in ended) throw new AppError('conflict', ended.refused);
        return ended;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/breakers',
      summary: 'The last hundred breakers, newest first',
      access: everyReader,
      answers: { 200: { description: 'The breakers', schema: z.object({ items: z.array(breakerSchema) }) } },
      handle: async () => ({ items: await parts.breakers() }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/breakers/{id}/close',
      summary: 'Closes an open breaker; what it held stays held',
      access: operators,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500) }),
      answers: { 200: { description: 'The closed breaker', schema: pauseSchema } },
      handle: ({ params, body, caller }) => parts.closeBreaker(params['id'] ?? '', body.reason, caller),
    }),
  ];
}
