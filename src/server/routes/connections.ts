/** A connection's subscription: whether the provider sends its events here. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import type { Role } from '../../model/operator.ts';
import type { ServerParts } from '../parts.ts';
import { recordSchemas } from '../record-schemas.ts';
import { defineRoute, type Route } from '../route-table.ts';

const admins: readonly Role[] = ['admin'];
const stepsSchema = z.strictObject({ address: z.string(), steps: z.array(z.string()) });

export function connectionRoutes({ subscriptions }: ServerParts): readonly Route[] {
  const found = <T>(answer: T | undefined): T => {
    if (answer === undefined) throw new AppError('notFound', 'There is no such connection.');
    return answer;
  };
  const verb = (name: 'subscribe' | 'unsubscribe', summary: string): Route =>
    defineRoute({
      method: 'post',
      path: `/api/v1/connections/{id}/${name}`,
      summary,
      access: admins,
      answers: { 200: { description: 'The connection as it stands now', schema: recordSchemas.connections } },
      handle: async ({ params, caller }) => found(await subscriptions[name](params['id'] ?? '', caller)),
    });
  return [
    verb('subscribe', 'Has the provider send its events here: makes the subscription or mends it; repeated, it changes nothing'),
    verb('unsubscribe', 'Takes the subscription away; what is polled is polled on'),
    defineRoute({
      method: 'get',
      path: '/api/v1/connections/{id}/steps',
      summary: 'How a person makes the subscription at the provider; the secret is only named',
      access: admins,
      answers: { 200: { description: 'The address that events go to, and the steps', schema: stepsSchema } },
      handle: async ({ params }) => found(await subscriptions.steps(params['id'] ?? '')),
    }),
  ];
}
