/** Why a person is scored so, and why a decision fell so. For those who see scores; names stand in neither. */
import { z } from 'zod';
import { fromRfc3339, type Instant } from '../../model/clock.ts';
import { AppError } from '../../model/errors.ts';
import { isId } from '../../model/ids.ts';
import { scoreReaders, seesPeople } from '../authentication.ts';
import { decisionExplanationSchema, identityExplanationSchema } from '../explanation-schemas.ts';
import type { Caller, IdentityQuestion, Item, ServerParts } from '../parts.ts';
import { instantText } from '../query.ts';
import { defineRoute, type Route } from '../route-table.ts';

const longestRangeMs = 400 * 86_400_000;

export const identityQuestion = {
  at: instantText.optional(),
  as: z.enum(['known-now', 'known-then']).default('known-now'),
  from: instantText.optional(),
  to: instantText.optional(),
};

export function explanationRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/identities/{id}/explanation',
      summary: 'Why the person is scored so, now or at an instant, by what is known now or was known then',
      access: scoreReaders,
      query: z.strictObject(identityQuestion),
      answers: { 200: { description: 'The explanation, with the curve of the score', schema: identityExplanationSchema } },
      handle: ({ params, query, caller }) => askIdentity(params['id'] ?? '', query, caller, parts),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/decisions/{id}/explanation',
      summary: 'Why the decision fell so: every policy asked, clause by clause, counters and points',
      access: scoreReaders,
      answers: { 200: { description: 'The explanation', schema: decisionExplanationSchema } },
      async handle({ params, caller }) {
        const explanation = await parts.explainDecision(params['id'] ?? '', caller);
        if (explanation === undefined) throw new AppError('notFound', 'There is no such decision, or what it was made of has been erased.');
        return explanation;
      },
    }),
  ];
}

/** An alias of the configuration is a person's name: only who sees people may ask by it. */
export async function askIdentity(id: string, question: IdentityQuestion, caller: Caller, parts: ServerParts): Promise<Item> {
  checkRange(question, parts.clock.now());
  const explanation = isId(id) || seesPeople(caller) ? await parts.explainIdentity(id, question, caller) : undefined;
  if (explanation === undefined) throw new AppError('notFound', 'There is no such person, or what was known then has been erased.');
  return explanation;
}

function checkRange({ at, from, to }: IdentityQuestion, now: Instant): void {
  const middle = at === undefined ? now : (fromRfc3339(at) as Instant);
  const first = from === undefined ? middle : (fromRfc3339(from) as Instant);
  const last = to === undefined ? Math.max(first, middle) : (fromRfc3339(to) as Instant);
  if (last < first || last - first > longestRangeMs)
    throw new AppError('request.invalid', 'from and to must be at most 400 days apart, and from the earlier.');
}
