/** What people decide on plans: approve a list, deny, hold, release. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import type { Role } from '../../model/operator.ts';
import { planStates } from '../../model/plan-state.ts';
import { operators } from '../authentication.ts';
import type { Caller, ServerParts } from '../parts.ts';
import { defineRoute, type Route } from '../route-table.ts';

const deciders: readonly Role[] = ['admin', 'approver'];
const reason = z.string().trim().min(1).max(500);
const name = z.string().min(1).max(128);
const orderedAction = z.strictObject({
  type: name,
  connection: name.optional().describe('Only there; wherever the person has an account where it is not said'),
  parameters: z.record(z.string().max(64), z.union([z.string().max(200), z.number(), z.boolean()])).optional(),
});
const answer = z.looseObject({
  id: z.string(),
  state: z.enum(planStates),
  heldFor: z.string().nullable(),
  missing: z.int().optional().describe('How many more people must approve, at the least'),
  lacks: z.array(z.string()).optional().describe('For what they must'),
  repeated: z.literal(true).optional(),
  reason: z.string().optional().describe('Why the word did not count for this plan'),
});
const listMost = 1_000;

export function planRoutes(parts: ServerParts): readonly Route[] {
  const verb = (
    name: 'deny' | 'hold' | 'release',
    summary: string,
    decide: (id: string, why: string, caller: Caller) => Promise<unknown>,
  ): Route =>
    defineRoute({
      method: 'post',
      path: `/api/v1/plans/{id}/${name}`,
      summary,
      access: deciders,
      body: z.strictObject({ reason }),
      answers: { 200: { description: 'The plan as it stands now', schema: answer } },
      async handle({ params, body, caller }) {
        const given = await decide(params['id'] ?? '', body.reason, caller);
        if (given === undefined) throw new AppError('notFound', 'There is no such plan.');
        return given;
      },
    });
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/plans',
      summary: 'An order of a person about somebody, outside of any policy',
      access: operators,
      body: z.strictObject({ identityId: name, actions: z.array(orderedAction).min(1).max(10), reason }),
      answers: {
        202: {
          description: 'Decided; held where a second person must approve',
          schema: z.looseObject({ decisionId: z.string(), planIds: z.array(z.string()), state: z.enum(['released', 'held']) }),
        },
      },
      async handle({ body, caller, response }) {
        const given = await parts.plans.order(body, caller);
        if (given === undefined) throw new AppError('notFound', 'There is no such person.');
        response.status(202);
        return given;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/plans/approve',
      summary: 'Lets exactly the listed held plans go; bound to the hash under which the list was shown',
      access: deciders,
      body: z.strictObject({ planIds: z.array(z.uuid()).min(1).max(listMost), hash: z.string().regex(/^[0-9a-f]{64}$/), reason }),
      answers: { 200: { description: 'What became of each plan', schema: z.looseObject({ plans: z.array(answer) }) } },
      handle: ({ body, caller }) => parts.plans.approve(body, caller),
    }),
    verb('deny', 'Refuses a held plan for good', (id, why, caller) => parts.plans.deny(id, why, caller)),
    verb('hold', 'Holds a released plan that nobody has begun, or gives a held one its time anew', (id, why, caller) =>
      parts.plans.hold(id, why, caller),
    ),
    verb('release', 'Lets a plan go on that a person or a pause held up', (id, why, caller) => parts.plans.release(id, why, caller)),
  ];
}
