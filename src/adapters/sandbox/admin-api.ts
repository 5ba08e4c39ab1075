/** The provider's admin API below `/admin/v1`: people, and the end of their sessions and tokens. JSON in and out, bearer token. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { type Clock, fromRfc3339 } from '../../model/clock.ts';
import type { AdapterStorage } from '../contract.ts';
import type { Accesses } from './access.ts';
import { kinds } from './kinds.ts';
import { newPersonSchema, type People, personChangeSchema, sameText, showPerson } from './people.ts';
import { readBody } from './read-body.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const effectLifetimeMs = 30 * 86_400_000;
const keySchema = z.string().min(1).max(200);
const instantSchema = z.string().transform((text, ctx) => {
  const at = fromRfc3339(text);
  if (at !== undefined) return at;
  ctx.addIssue({ code: 'custom', message: 'must be an RFC 3339 date-time' });
  return z.NEVER;
});
const scopedId = z.string().min(1).max(200);

/** `scope: one` takes sessionId (the session's id or a client's `sid`), deviceId or both; both together name what fits both. */
const endSessionsSchema = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('all'), before: instantSchema, key: keySchema }),
  z
    .strictObject({
      scope: z.literal('one'),
      sessionId: scopedId.optional(),
      deviceId: scopedId.optional(),
      before: instantSchema,
      key: keySchema,
    })
    .refine((body) => body.sessionId !== undefined || body.deviceId !== undefined, 'needs sessionId or deviceId'),
]);
const endTokensSchema = z.strictObject({ before: instantSchema, key: keySchema });

export interface AdminApiParts {
  readonly people: People;
  readonly accesses: Accesses;
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly token: string;
}

/**
 * Handles the path below `/admin/v1`. Ending takes an idempotency key: the same key and request again has no further effect and gets the
 * first answer with `repeated: true`; the same key with another request is 409.
 */
export function createAdminApi({ people, accesses, storage, clock, token }: AdminApiParts) {
  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const answer = await route(request, url);
    response.writeHead(answer.status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...answer.headers });
    response.end(JSON.stringify(answer.body));
  };

  async function route(request: IncomingMessage, url: URL): Promise<Answer> {
    const sent = /^Bearer ([!-~]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (sent === undefined || !sameText(sent, token)) return { ...fault(401, 'auth.required'), headers: { 'www-authenticate': 'Bearer' } };
    const [collection, id, part, verb, ...more] = url.pathname.split('/').slice(1).map(decodeSegment);
    if (collection !== 'people' || more.length > 0 || id === '') return fault(404, 'notFound');
    const does = (method: string) => request.method === method;

    if (id === undefined) {
      if (does('GET')) return listPeople(url);
      if (does('POST')) return createPerson(request);
      return notAllowed('GET, POST');
    }
    if (part === undefined) {
      if (does('GET')) return showOne(id);
      if (does('PATCH')) return changePerson(id, request);
      return notAllowed('GET, PATCH');
    }
    if (part === 'access' && verb === undefined) return does('GET') ? readAccess(id) : notAllowed('GET');
    if ((part === 'sessions' || part === 'tokens') && verb === 'revoke') {
      if (!does('POST')) return notAllowed('POST');
      return part === 'sessions' ? endSessions(id, request) : endTokens(id, request);
    }
    return fault(404, 'notFound');
  }

  async function listPeople(url: URL): Promise<Answer> {
    const limit = Number(url.searchParams.get('limit') ?? 100);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) return fault(400, 'request.invalid', 'limit must be 1 to 1000');
    const email = url.searchParams.get('email');
    if (email !== null) {
      const person = await people.findByEmail(email);
      return { status: 200, body: { items: person ? [showPerson(person)] : [], nextCursor: null } };
    }
    const page = await people.list(url.searchParams.get('after') ?? undefined, limit);
    return { status: 200, body: { items: page.items.map(showPerson), nextCursor: page.nextCursor } };
  }

  async function createPerson(request: IncomingMessage): Promise<Answer> {
    const body = await readJson(request, newPersonSchema);
    if ('status' in body) return body;
    const person = await people.create(body.value);
    return person === 'taken' ? fault(409, 'conflict', 'the id or the address is taken') : { status: 201, body: showPerson(person) };
  }

  async function showOne(id: string): Promise<Answer> {
    const person = await people.find(id);
    return person ? { status: 200, body: showPerson(person) } : fault(404, 'notFound');
  }

  async function changePerson(id: string, request: IncomingMessage): Promise<Answer> {
    const body = await readJson(request, personChangeSchema);
    if ('status' in body) return body;
    const person = await people.change(id, body.value);
    if (person === undefined) return fault(404, 'notFound');
    return person === 'taken' ? fault(409, 'conflict', 'the address is taken') : { status: 200, body: showPerson(person) };
  }

  async function readAccess(id: string): Promise<Answer> {
    if (!(await people.find(id))) return fault(404, 'notFound');
    return { status: 200, body: await accesses.read(id) };
  }

  async function endSessions(id: string, request: IncomingMessage): Promise<Answer> {
    const body = await readJson(request, endSessionsSchema);
    if ('status' in body) return body;
    const { key, before, ...scope } = body.value;
    const narrowed =
      scope.scope === 'all'
        ? {}
        : { ...(scope.sessionId ? { sessionId: scope.sessionId } : {}), ...(scope.deviceId ? { deviceId: scope.deviceId } : {}) };
    return once(id, key, JSON.stringify(['sessions', id, before, narrowed]), () => accesses.endSessions(id, narrowed, before));
  }

  async function endTokens(id: string, request: IncomingMessage): Promise<Answer> {
    const body = await readJson(request, endTokensSchema);
    if ('status' in body) return body;
    const { key, before } = body.value;
    return once(id, key, JSON.stringify(['tokens', id, before]), () => accesses.endTokens(id, before));
  }

  async function once(id: string, key: string, asked: string, effect: () => Promise<number>): Promise<Answer> {
    if (!(await people.find(id))) return fault(404, 'notFound');
    const earlier = (await storage.get(kinds.effect, key))?.value;
    if (earlier && earlier.asked !== asked) return fault(409, 'conflict', 'the key was used for another request');
    if (earlier) return { status: 200, body: { affected: earlier.affected, repeated: true } };
    // A crash in between leaves the key unused: the repetition then ends what is left, which is nothing.
    const affected = await effect();
    await storage.put(kinds.effect, key, { value: { asked, affected }, account: id, expiresAt: clock.now() + effectLifetimeMs });
    return { status: 200, body: { affected, repeated: false } };
  }
}

async function readJson<S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<Answer | { readonly value: z.output<S> }> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return fault(415, 'request.mediaType');
  const body = await readBody(request, 65_536);
  if (!body.ok) return fault(body.status, body.status === 413 ? 'request.tooLarge' : 'request.invalid');
  let json: unknown;
  try {
    json = JSON.parse(body.text);
  } catch {
    return fault(400, 'request.invalid', 'the body is no JSON');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  return fault(400, 'request.invalid', parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

function fault(status: number, code: string, detail?: string): Answer {
  return { status, body: { code, ...(detail === undefined ? {} : { detail }) } };
}

function notAllowed(allow: string): Answer {
  return { ...fault(405, 'method.notAllowed'), headers: { allow } };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
