/** What people do with identities. */
import { z } from 'zod';
import type { ServerParts } from '../parts.ts';
import { defineRoute, type Route } from '../route-table.ts';

const name = z.string().min(1).max(128);

export function identityRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/identities/{id}/merge',
      summary: 'Two people are one: this one becomes the other, for good',
      access: ['admin'],
      body: z.strictObject({ into: name.describe('Id or alias of the one that stays'), reason: z.string().trim().min(1).max(500) }),
      answers: {
        200: {
          description: 'The one that stayed; `repeated` where they were one already',
          schema: z.strictObject({ id: z.string(), repeated: z.boolean() }),
        },
      },
      handle: ({ params, body, caller }) => parts.merge(params['id'] ?? '', body.into, body.reason, caller),
    }),
  ];
}
