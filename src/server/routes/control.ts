/** The kill switch. */
import { z } from 'zod';
import { actionTypeNames } from '../../model/action.ts';
import { AppError } from '../../model/errors.ts';
import type { PauseScope } from '../../model/pause.ts';
import { operators } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { defineRoute, type Route } from '../route-table.ts';

const name = z.string().min(1).max(128);
const scopeSchema = z.strictObject({
  source: name.optional(),
  policy: name.optional(),
  connection: name.optional(),
  action: z.enum(actionTypeNames as [string, ...string[]]).optional(),
});
const pauseSchema = z.strictObject({ id: z.string() });

export function controlRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/pause',
      summary: 'Nothing acts until resumed; an empty scope is everything',
      access: operators,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500), scope: scopeSchema.default({}) }),
      answers: { 200: { description: 'The pause', schema: pauseSchema } },
      handle: ({ body, caller }) => {
        const given = Object.fromEntries(Object.entries(body.scope).filter(([, value]) => value !== undefined)) as PauseScope;
        return parts.pause(given, body.reason, caller);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/resume',
      summary: 'Ends a pause; what it held stays held',
      access: operators,
      body: z.strictObject({ id: z.uuid().optional() }),
      answers: { 200: { description: 'The ended pause', schema: pauseSchema } },
      async handle({ body, caller }) {
        const ended = await parts.resume(body.id, caller);
        if ('refused' in ended) throw new AppError('conflict', ended.refused);
        return ended;
      },
    }),
  ];
}
