/** Taking actions back: one, or a campaign by what brought it about; another end of what ends by itself. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import type { Role } from '../../model/operator.ts';
import { causes } from '../../model/signal.ts';
import { operators } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { instantText } from '../query.ts';
import { defineRoute, type Route } from '../route-table.ts';

export const undoers: readonly Role[] = ['admin', 'approver'];
const reason = z.string().trim().min(1).max(500);
const word = z.string().min(1).max(128);
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of a preview');
const filterMembers = {
  cause: z.enum(causes).optional(),
  source: word.optional(),
  policy: word.optional(),
  signalType: word.optional(),
  from: instantText.optional(),
  to: instantText.optional(),
};
const filterSchema = z
  .strictObject(filterMembers)
  .refine((given) => Object.keys(given).length > 0, 'name at least one member: all is too much');
const orderMembers = { hash, reason };
const orderSchema = z.strictObject({ filter: filterSchema, ...orderMembers });
/** Where the path says what is undone. */
export const confirmSchema = z.strictObject(orderMembers);

const undoneSchema = z.looseObject({ id: z.string(), decisionId: z.string(), planIds: z.array(z.string()), state: z.string() });
const endSchema = z.looseObject({ id: z.string(), until: instantText.nullable() });
export const previewSchema = z.looseObject({
  hash,
  actions: z.array(z.looseObject({ id: z.string(), type: z.string(), undoneBy: z.string() })),
  people: z.int(),
  remaining: z.array(z.looseObject({ identityId: z.string(), redo: z.array(z.string()) })),
});
export const progressSchema = z.looseObject({
  id: z.string(),
  undone: z.int(),
  held: z.int().describe('Wait for another person'),
  open: z.int().describe('Go on by themselves'),
  left: z.int().describe('Are not undone by this order any more'),
});

export function undoRoutes({ undo }: ServerParts): readonly Route[] {
  const found = <T>(answer: T | undefined): T => {
    if (answer === undefined) throw new AppError('notFound', 'There is no such record.');
    return answer;
  };
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/actions/{id}/undo',
      summary: 'Undoes an action; for privileged people a second person must agree',
      access: undoers,
      body: z.strictObject({ reason }),
      answers: { 202: { description: 'The plan that undoes it, and whether it waits', schema: undoneSchema } },
      async handle({ params, body, caller, response }) {
        const answer = found(await undo.one(params['id'] ?? '', body.reason, caller));
        response.status(202);
        return answer;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/actions/{id}/extend',
      summary: 'Puts off the end of an action in force, up to what the guard expiry allows',
      access: operators,
      body: z
        .strictObject({ until: instantText.optional(), for: z.string().max(16).describe('From now, like 8h').optional() })
        .refine((given) => (given.until === undefined) !== (given.for === undefined), 'give either until or for'),
      answers: { 200: { description: 'The end as it stands now', schema: endSchema } },
      handle: async ({ params, body, caller }) =>
        found(await undo.end(params['id'] ?? '', body.until === undefined ? { lasts: body.for ?? '' } : { at: body.until }, caller)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/actions/{id}/confirm',
      summary: 'The action stays until a person lifts it',
      access: undoers,
      body: z.strictObject({}),
      answers: { 200: { description: 'It has no end of its own any more', schema: endSchema } },
      handle: async ({ params, caller }) => found(await undo.end(params['id'] ?? '', null, caller)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/undo/preview',
      summary: 'What undoing a campaign would take back, and what nothing gives back, per person',
      access: operators,
      body: filterSchema,
      answers: { 200: { description: 'Nothing is changed', schema: previewSchema } },
      handle: async ({ body, caller }) => found(await undo.preview(body, caller)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/undo',
      summary: 'Undoes exactly what the preview of this hash showed',
      access: undoers,
      body: orderSchema,
      answers: { 202: { description: 'The order', schema: progressSchema } },
      async handle({ body, caller, response }) {
        const answer = found(await undo.order(body.filter, body.hash, body.reason, caller));
        response.status(202);
        return answer;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/undo/{id}',
      summary: 'How far an order has come; what is undone was read back',
      access: operators,
      answers: { 200: { description: 'Counts of actions', schema: progressSchema } },
      handle: async ({ params }) => found(await undo.progress(params['id'] ?? '')),
    }),
  ];
}
