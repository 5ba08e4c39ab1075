/** Lists and single records: signals, identities, decisions, plans, actions, connections, policies. */
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import { everyReader } from '../authentication.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { Filter, ServerParts } from '../parts.ts';
import { defineRoute, type Route } from '../route-table.ts';

const instant = z.iso.datetime({ offset: true, error: 'must be an RFC 3339 instant' });
const id = z.uuid({ error: 'must be an id' });
const word = z.string().min(1).max(256);
const record = z.looseObject({ id: z.string() });
const page = z.strictObject({ items: z.array(record), nextCursor: z.string().nullable() });

const kinds = {
  signals: { type: word, source: word, state: z.enum(['decided', 'undecided', 'unresolved', 'quarantined']), identity: id },
  identities: { email: word },
  decisions: { identity: id, policy: word, outcome: word, level: word, mode: word, from: instant, to: instant },
  plans: { state: word, decision: id },
  actions: { state: word, plan: id },
  connections: {},
  policies: {},
} as const satisfies Record<keyof ServerParts['records'], Record<string, z.ZodType>>;

const shows: Partial<Record<keyof typeof kinds, Record<string, z.ZodType>>> = { identities: { at: instant } };

export function recordRoutes(parts: ServerParts): readonly Route[] {
  const routes: Route[] = [];
  for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
    const filters = Object.fromEntries(Object.entries(kinds[kind]).map(([name, schema]) => [name, (schema as z.ZodType).optional()]));
    const path = `/api/v1/${kind}`;
    routes.push(
      defineRoute({
        method: 'get',
        path,
        summary: `The ${kind}, newest first`,
        access: everyReader,
        query: z.strictObject({ ...filters, limit: z.coerce.number().int().min(1).max(500).default(50), cursor: z.string().max(300).optional() }),
        answers: { 200: { description: 'A page', schema: page } },
        async handle({ query, caller }) {
          const { limit, cursor, ...given } = query as Record<string, string> & { limit: number; cursor?: string };
          const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Filter;
          const after = cursor === undefined ? undefined : decodeCursor(kind, filter, cursor);
          const items = await parts.records[kind].list(filter, { limit: limit + 1, after }, caller);
          const shown = items.slice(0, limit);
          const last = shown.at(-1);
          return { items: shown, nextCursor: items.length > limit && last !== undefined ? encodeCursor(kind, filter, last.id) : null };
        },
      }),
      defineRoute({
        method: 'get',
        path: `${path}/{id}`,
        summary: `One of the ${kind}`,
        access: everyReader,
        query: z.strictObject(Object.fromEntries(Object.entries(shows[kind] ?? {}).map(([name, schema]) => [name, schema.optional()]))),
        answers: { 200: { description: 'The record', schema: record } },
        async handle({ params, query, caller }) {
          const item = await parts.records[kind].get(params['id'] ?? '', query as Filter, caller);
          if (item === undefined) throw new AppError('notFound', 'There is no such record.');
          return item;
        },
      }),
    );
  }
  return routes;
}

export function decisionRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/decisions/{id}/replay',
      summary: 'The decision made again from what was stored',
      access: everyReader,
      query: z.strictObject({ bundle: z.enum(['stored', 'active']).default('stored') }),
      answers: { 200: { description: 'Whether it comes out the same, and what differs', schema: record } },
      async handle({ params, query }) {
        const replay = await parts.replay(params['id'] ?? '', query.bundle);
        if (replay === undefined) throw new AppError('notFound', 'There is no such decision, or what it was made of has been erased.');
        return replay;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/decisions/{id}/proof',
      summary: 'Inclusion in the decision log (C2SP tlog-proof)',
      access: everyReader,
      answers: { 200: { description: 'The proof', type: 'text/plain' } },
      async handle({ params, caller, response }) {
        const proof = await parts.proof(params['id'] ?? '', caller);
        if (proof === undefined) throw new AppError('notFound', 'There is no such decision.');
        response.type('text/plain').send(proof);
        return undefined;
      },
    }),
  ];
}
