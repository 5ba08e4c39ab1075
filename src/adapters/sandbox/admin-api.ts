/** The provider's admin API below `/admin/v1`: people, and what is done to their access. JSON in and out, bearer token. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Clock } from '../../model/clock.ts';
import type { AdapterStorage } from '../contract.ts';
import { holdsOf } from './account-holds.ts';
import { createWrites, type Keyed, type Write, type WriteParts } from './admin-writes.ts';
import { kinds } from './kinds.ts';
import { sameText } from './passwords.ts';
import { newPersonSchema, personChangeSchema, showPerson } from './people.ts';
import { readBody } from './read-body.ts';
import { codeOf, stepAt, toBase32 } from './totp.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const effectLifetimeMs = 30 * 86_400_000;
export interface AdminApiParts extends WriteParts {
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly token: string;
}

/**
 * Handles the path below `/admin/v1`. What is done to access takes an idempotency key: the same key and request again has no further effect and gets the
 * first answer with `repeated: true`; the same key with another request is 409.
 */
export function createAdminApi(parts: AdminApiParts) {
  const { people, accesses, passwords, factors, storage, clock, token } = parts;
  const writes = createWrites(parts);

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
    if (part === 'factor' && verb === undefined) return does('GET') ? showFactor(id) : notAllowed('GET');
    const write = writes[`${part}/${verb}`];
    if (write === undefined) return fault(404, 'notFound');
    return does('POST') ? once(id, request, write) : notAllowed('POST');
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
    const person = await people.find(id);
    if (!person) return fault(404, 'notFound');
    const [access, password, factor, demand] = await Promise.all([
      accesses.read(id),
      passwords.read(id),
      factors.read(id),
      factors.demand(id),
    ]);
    const stepUp = demand ? { since: demand.since, until: demand.until } : null;
    return { status: 200, body: { ...access, account: holdsOf(person), password, factor, stepUp } };
  }

  /** The person's code generator, for who plays the person. */
  async function showFactor(id: string): Promise<Answer> {
    const secret = (await people.find(id)) && (await factors.secret(id));
    if (!secret) return fault(404, 'notFound');
    return { status: 200, body: { secret: toBase32(secret), code: codeOf(secret, stepAt(clock.now())) } };
  }

  async function once(id: string, request: IncomingMessage, write: Write<z.ZodType<Keyed>>): Promise<Answer> {
    const body = await readJson(request, write.schema);
    if ('status' in body) return body;
    if (!(await people.find(id))) return fault(404, 'notFound');
    const { key } = body.value;
    const asked = JSON.stringify(write.asked(id, body.value));
    const earlier = (await storage.get(kinds.effect, key))?.value;
    if (earlier && earlier.asked !== asked) return fault(409, 'conflict', 'the key was used for another request');
    if (earlier) return { status: 200, body: { affected: earlier.affected, repeated: true } };
    // A crash in between leaves the key unused: the repetition then does what is left, which is nothing.
    const affected = await write.effect(id, body.value);
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
