/** Lists and single records: signals, identities, decisions, plans, actions, connections, policies. */
import { z } from 'zod';
import { actionStates } from '../../model/action.ts';
import { decisionModes, outcomes } from '../../model/decision.ts';
import { AppError } from '../../model/errors.ts';
import { isId } from '../../model/ids.ts';
import { incidentStates } from '../../model/incident.ts';
import type { Role } from '../../model/operator.ts';
import { planStates } from '../../model/plan-state.ts';
import { levels } from '../../model/risk.ts';
import { dismissalScopes, verdicts } from '../../model/verdict.ts';
import { everyReader, operators, scoreReaders, seesPeople } from '../authentication.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { Filter, ServerParts } from '../parts.ts';
import { instantText, wholeNumber } from '../query.ts';
import { recordSchemas, signalStates } from '../record-schemas.ts';
import { defineRoute, type Route } from '../route-table.ts';

const id = z.uuid({ error: 'must be an id' });
const idList = z
  .string()
  .max(20_000)
  .refine((text) => text.split(',').every(isId), 'must be ids with commas between them')
  .describe('Only these, by id, with commas between them');
const word = z.string().min(1).max(256).refine(isPlain, 'must be a plain text');
const limit = wholeNumber(1, 500).default(50);

function isPlain(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

interface Kind {
  readonly summary: string;
  readonly access: readonly Role[];
  readonly filters: Readonly<Record<string, z.ZodType>>;
  /** Filters that say something of a person to whoever guesses: for those who see people. */
  readonly personal?: readonly string[];
  /** What a single record may be asked with. */
  readonly shownWith?: Readonly<Record<string, z.ZodType>>;
  /** What a page may say beside its items. */
  readonly beside?: Readonly<Record<string, z.ZodType>>;
  /** Named by the configuration, and not by an id of ours. */
  readonly named?: true;
}

const kinds: Readonly<Record<keyof ServerParts['records'], Kind>> = {
  signals: {
    summary: 'Signals, newest first',
    access: scoreReaders,
    filters: {
      type: word,
      source: word,
      state: z.enum(signalStates),
      identity: id,
      review: z
        .literal('true')
        .describe('Only those that wait for a person for over a minute: nobody, or more than one, is known to be meant'),
    },
    personal: ['review'],
  },
  identities: {
    summary: 'People, newest first',
    access: everyReader,
    filters: { email: word },
    personal: ['email'],
    shownWith: { at: instantText },
  },
  decisions: {
    summary: 'Decisions, newest first',
    access: scoreReaders,
    filters: {
      identity: id,
      policy: word,
      outcome: z.enum(outcomes),
      level: z.enum(levels),
      mode: z.enum(decisionModes),
      from: instantText,
      to: instantText,
    },
  },
  plans: {
    summary: 'Plans, newest first; of held ones what they wait for, and the hash by which exactly this page is approved',
    access: everyReader,
    filters: { state: z.enum(planStates), decision: id, ids: idList, incident: id },
    beside: { hash: z.string().optional(), blastRadius: z.looseObject({ people: z.int(), accounts: z.int() }).optional() },
  },
  incidents: { summary: 'What limits gathered, newest first', access: scoreReaders, filters: { state: z.enum(incidentStates) } },
  actions: { summary: 'Actions, newest first', access: everyReader, filters: { state: z.enum(actionStates), plan: id } },
  connections: {
    summary: 'Connections, by id: how far each may go, and whether its provider sends events here',
    access: everyReader,
    filters: {},
    named: true,
    shownWith: { probe: z.literal('true').describe('Tries the connection: reachable, credentials, each permission') },
  },
  policies: { summary: 'Policies of the active bundle, by id', access: everyReader, filters: {}, named: true },
};

export function recordRoutes(parts: ServerParts): readonly Route[] {
  return (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((name) => [
    listRoute(name, kinds[name], parts),
    showRoute(name, kinds[name], parts),
  ]);
}

function listRoute(name: keyof typeof kinds, kind: Kind, parts: ServerParts): Route {
  return defineRoute({
    method: 'get',
    path: `/api/v1/${name}`,
    summary: kind.summary,
    access: kind.access,
    query: z.strictObject({ ...optional(kind.filters), limit, cursor: z.string().min(1).max(300).optional() }),
    answers: {
      200: {
        description: 'A page',
        schema: z.strictObject({ items: z.array(recordSchemas[name]), nextCursor: z.string().nullable(), ...kind.beside }),
      },
    },
    async handle({ query, caller }) {
      const { limit: most, cursor, ...given } = query as { limit: number; cursor?: string } & Record<string, string>;
      const filter: Filter = given;
      if (kind.personal?.some((member) => member in filter) && !seesPeople(caller))
        throw new AppError('auth.forbidden', 'This filter is for roles that see people.');
      const after = cursor === undefined ? undefined : decodeCursor(name, filter, cursor, kind.named ? isName : isId);
      const items = await parts.records[name].list(filter, { limit: most + 1, after }, caller);
      const shown = items.slice(0, most);
      const last = shown.at(-1);
      return {
        items: shown,
        nextCursor: items.length > most && last !== undefined ? encodeCursor(name, filter, last.id) : null,
        ...parts.records[name].about?.(filter, shown),
      };
    },
  });
}

function showRoute(name: keyof typeof kinds, kind: Kind, parts: ServerParts): Route {
  return defineRoute({
    method: 'get',
    path: `/api/v1/${name}/{id}`,
    summary: `One of the ${name}`,
    access: kind.access,
    query: z.strictObject(optional(kind.shownWith ?? {})),
    answers: { 200: { description: 'The record', schema: recordSchemas[name] } },
    async handle({ params, query, caller }) {
      const wanted = params['id'] ?? '';
      // An alias of the configuration is a person's name: nothing to guess with.
      const mayName = kind.named || isId(wanted) || (name === 'identities' && seesPeople(caller));
      const item = mayName && isPlain(wanted) ? await parts.records[name].get(wanted, query as Filter, caller) : undefined;
      if (item === undefined) throw new AppError('notFound', 'There is no such record.');
      return item;
    },
  });
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/.test(text);
}

function optional(members: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, schema.optional()]));
}

const replaySchema = z.looseObject({ id: z.string(), same: z.boolean(), differences: z.array(z.looseObject({ path: z.string() })) });

const verdictBody = z
  .strictObject({
    verdict: z.enum(verdicts),
    reason: z.string().trim().min(1).max(500),
    scope: z.enum(dismissalScopes).describe('What `false` dismisses; the occurrence where it is not said').optional(),
  })
  .refine(({ verdict, scope }) => verdict === 'false' || scope === undefined, 'scope: only a false verdict dismisses anything');
const dismissalSchema = z.looseObject({
  dismissed: z.array(z.looseObject({ signalType: z.string(), severity: z.string(), source: z.string(), until: instantText })),
  events: z.array(z.looseObject({ signalId: z.string(), decisionId: z.string(), at: instantText })),
  moreEvents: z.boolean(),
});
const verdictSchema = dismissalSchema.extend({
  id: z.string().describe('The signal under which the verdict was settled'),
  decisionIds: z.array(z.string()),
  verdict: z.enum(verdicts),
});
const goneDecision = 'There is no such decision, or what it was made of has been erased.';

export function decisionRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/decisions/{id}/dismissal',
      summary: 'What the verdict false would dismiss, and the events that would go with it',
      access: operators,
      query: z.strictObject({ scope: z.enum(dismissalScopes).default('occurrence') }),
      answers: { 200: { description: 'Nothing is changed', schema: dismissalSchema } },
      async handle({ params, query, caller }) {
        const answer = await parts.dismissal(params['id'] ?? '', query.scope, caller);
        if (answer === undefined) throw new AppError('notFound', goneDecision);
        return answer;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/decisions/{id}/verdict',
      summary: 'Whether the decision was right; false dismisses the evidence behind it. Cannot be withdrawn',
      access: operators,
      body: verdictBody,
      answers: { 202: { description: 'Settled; what was dismissed, and the events that went with it', schema: verdictSchema } },
      async handle({ params, body, caller, response }) {
        const given = { ...body, scope: body.scope ?? ('occurrence' as const) };
        const answer = await parts.verdict(params['id'] ?? '', given, caller);
        if (answer === undefined) throw new AppError('notFound', goneDecision);
        response.status(202);
        return answer;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/decisions/{id}/replay',
      summary: 'The decision made again from what was stored',
      access: scoreReaders,
      query: z.strictObject({ bundle: z.enum(['stored', 'active']).default('stored') }),
      answers: { 200: { description: 'Whether it comes out the same, and what differs', schema: replaySchema } },
      async handle({ params, query }) {
        const replay = await parts.replay(params['id'] ?? '', query.bundle);
        if (replay === undefined) throw new AppError('notFound', goneDecision);
        return replay;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/decisions/{id}/proof',
      summary: 'Inclusion in the decision log (C2SP tlog-proof)',
      access: scoreReaders,
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
