/** The half of the sandbox that acts: it knows the provider only through its HTTP admin API. */
import { z } from 'zod';
import { toRfc3339 } from '../../model/clock.ts';
import type { IdentifierKey } from '../../model/subject.ts';
import type { ActionOrder, Adapter, AdapterContext, DirectoryPerson, Manifest, ProbeResult, ReadBack, Receipt } from '../contract.ts';
import type { HttpAnswer, HttpRequest } from '../http.ts';
import { judgeRefusal, type Refusal } from './refusal.ts';
import { deriveAdminToken, personStatuses, personTiers, type SandboxSettings } from './settings.ts';

export const manifest: Manifest = {
  provider: 'sandbox',
  actions: {
    'session.revoke': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'Access and refresh tokens that were issued before live on until they expire or token.revoke ends them.',
    },
    'token.revoke': {
      support: 'full',
      readBack: true,
      inverse: 'none',
      residual: 'A session that is left alive can obtain new tokens.',
    },
  },
  permissions: ['admin'],
  marks: [],
  concurrency: 16,
};

const effectSchema = z.object({ affected: z.int().nonnegative() });

const accessSchema = z.object({
  asOf: z.int(),
  sessions: z.array(z.object({ id: z.string(), deviceId: z.string(), begunAt: z.int(), expiresAt: z.int(), sids: z.array(z.string()) })),
  tokens: z.array(
    z.object({ kind: z.enum(['access', 'refresh', 'code']), sessionId: z.string().nullable(), begunAt: z.int(), expiresAt: z.int() }),
  ),
});
type Access = z.output<typeof accessSchema>;

const personSchema = z.object({
  id: z.string(),
  email: z.string(),
  employeeNumber: z.string().optional(),
  status: z.enum(personStatuses),
  groups: z.array(z.string()),
  tier: z.enum(personTiers),
});
const peopleSchema = z.object({ items: z.array(personSchema), nextCursor: z.string().nullable() });

const discoverySchema = z.object({ issuer: z.string() });

/** Which sessions an order means. */
type Scope = { readonly scope: 'all' } | { readonly scope: 'one'; readonly sessionId?: string; readonly deviceId?: string };

/**
 * `session.revoke` takes `scope: all` (the default) or `scope: one` with `sessionId`, `deviceId`, or both (then the sessions that are
 * both); what names one session is never widened to its person. `token.revoke` takes `scope: all`, no narrower one.
 */
export function createSandboxAdapter(context: AdapterContext<SandboxSettings>): Adapter {
  const issuer = (context.settings.baseUrl ?? `${context.origin}/idp`).replace(/\/+$/, '');
  const token = context.settings.adminToken ?? deriveAdminToken(context.secret);

  const call = (method: HttpRequest['method'], path: string, signal: AbortSignal, json?: unknown): Promise<HttpAnswer> =>
    context.http.request({
      method,
      url: `${issuer}/admin/v1${path}`,
      headers: { authorization: `Bearer ${token}` },
      signal,
      ...(json === undefined ? {} : { json }),
    });
  const accountPath = (order: ActionOrder) => `/people/${encodeURIComponent(order.account)}`;

  async function act(order: ActionOrder): Promise<Receipt> {
    const scope = readScope(order);
    if ('refused' in scope) return { outcome: 'refused', code: scope.refused };
    const path = order.type === 'session.revoke' ? 'sessions/revoke' : 'tokens/revoke';
    const narrowed = order.type === 'session.revoke' ? scope : {};
    const answer = await call('POST', `${accountPath(order)}/${path}`, order.signal, {
      ...narrowed,
      before: toRfc3339(order.intendedAt),
      key: order.idempotencyKey,
    });
    const effect = readAnswer(answer, effectSchema);
    if (!effect.ok) return effect.refusal.receipt;
    return effect.value.affected > 0 ? { outcome: 'done', affected: effect.value.affected } : { outcome: 'already' };
  }

  async function readBack(order: ActionOrder): Promise<ReadBack> {
    const scope = readScope(order);
    if ('refused' in scope) return { inForce: null, code: scope.refused };
    const access = readAnswer(await call('GET', `${accountPath(order)}/access`, order.signal), accessSchema);
    if (!access.ok) {
      const { code, retryAfterMs } = access.refusal;
      return { inForce: null, code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    return order.type === 'session.revoke' ? judgeSessions(access.value, order, scope) : judgeTokens(access.value, order);
  }

  async function* people(signal: AbortSignal): AsyncIterable<readonly DirectoryPerson[]> {
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&after=${encodeURIComponent(cursor)}`;
      const page = readAnswer(await call('GET', `/people?limit=500${query}`, signal), peopleSchema);
      if (!page.ok) throw new Error(`the sandbox did not list its people: ${page.refusal.code}`);
      yield page.value.items.map(toDirectory);
      cursor = page.value.nextCursor;
    } while (cursor !== null);
  }

  const toDirectory = (person: z.output<typeof personSchema>): DirectoryPerson => ({
    externalId: person.id,
    emails: [person.email],
    issSub: [{ iss: issuer, sub: person.id }],
    ...(person.employeeNumber === undefined ? {} : { employeeNumber: person.employeeNumber }),
    status: person.status,
    groups: person.groups,
    tier: person.tier,
  });

  async function find({ format, value }: IdentifierKey, signal: AbortSignal): Promise<DirectoryPerson | undefined> {
    if (format === 'email') {
      const page = readAnswer(await call('GET', `/people?email=${encodeURIComponent(value)}`, signal), peopleSchema);
      if (!page.ok) throw new Error(`the sandbox could not be asked: ${page.refusal.code}`);
      const [person, ...others] = page.value.items;
      return person === undefined || others.length > 0 ? undefined : toDirectory(person);
    }
    // Our own name space, and the names in our tokens; anybody else's ids mean nothing here.
    const space = format === 'provider_id' ? context.connectionId : format === 'iss_sub' ? issuer : undefined;
    if (space === undefined || !value.startsWith(`${space} `)) return undefined;
    const answer = await call('GET', `/people/${encodeURIComponent(value.slice(space.length + 1))}`, signal);
    if (answer.kind === 'response' && answer.status === 404) return undefined;
    const person = readAnswer(answer, personSchema);
    if (!person.ok) throw new Error(`the sandbox could not be asked: ${person.refusal.code}`);
    return toDirectory(person.value);
  }

  async function probe(signal: AbortSignal): Promise<readonly ProbeResult[]> {
    const found = await context.http.request({ method: 'GET', url: `${issuer}/.well-known/openid-configuration`, signal });
    const metadata = readAnswer(found, discoverySchema);
    const reachable: ProbeResult = metadata.ok
      ? {
          check: 'reachable',
          ok: metadata.value.issuer === issuer,
          ...(metadata.value.issuer === issuer ? {} : { hint: 'baseUrl is not the issuer that the provider names' }),
        }
      : { check: 'reachable', ok: false, hint: `the provider's metadata could not be read: ${metadata.refusal.code}` };
    const listed = readAnswer(await call('GET', '/people?limit=1', signal), peopleSchema);
    return [
      reachable,
      listed.ok ? { check: 'admin', ok: true } : { check: 'admin', ok: false, hint: `the admin API answered: ${listed.refusal.code}` },
    ];
  }

  return { manifest, act, readBack, people, find, probe };
}

function readScope(order: ActionOrder): Scope | { readonly refused: string } {
  if (order.type !== 'session.revoke' && order.type !== 'token.revoke') return { refused: 'unsupported' };
  const { scope, sessionId, deviceId } = order.parameters;
  const ids = {
    ...(typeof sessionId === 'string' ? { sessionId } : {}),
    ...(typeof deviceId === 'string' ? { deviceId } : {}),
  };
  const named = Object.keys(ids).length > 0;
  const wanted = scope ?? (named ? 'one' : 'all');
  if (wanted === 'all') return { scope: 'all' };
  if (wanted !== 'one') return { refused: 'parameterInvalid' };
  if (order.type === 'token.revoke') return { refused: 'parameterUnsupported' };
  return named ? { scope: 'one', ...ids } : { refused: 'parameterMissing' };
}

function judgeSessions(access: Access, order: ActionOrder, scope: Scope): ReadBack {
  const meant = access.sessions.filter(
    (session) =>
      scope.scope === 'all' ||
      ((scope.sessionId === undefined || session.id === scope.sessionId || session.sids.includes(scope.sessionId)) &&
        (scope.deviceId === undefined || session.deviceId === scope.deviceId)),
  );
  if (meant.some((session) => session.begunAt <= order.intendedAt)) return { inForce: false, code: 'sessionsRemain' };
  // What hangs on a session that still lives was not meant; of all else the revoked sessions may have been the origin.
  const living = new Set(access.sessions.map((session) => session.id));
  const left = access.tokens.filter(
    (token) => token.begunAt <= order.intendedAt && !(token.sessionId !== null && living.has(token.sessionId)),
  );
  return { inForce: true, residualAccessMs: Math.max(0, ...left.map((token) => token.expiresAt - access.asOf)) };
}

function judgeTokens(access: Access, order: ActionOrder): ReadBack {
  const remain = access.tokens.some((token) => token.begunAt <= order.intendedAt);
  // Tokens are opaque and looked up at each use: none outlives its record.
  return remain ? { inForce: false, code: 'tokensRemain' } : { inForce: true, residualAccessMs: 0 };
}

function readAnswer<S extends z.ZodType>(
  answer: HttpAnswer,
  schema: S,
): { readonly ok: true; readonly value: z.output<S> } | { readonly ok: false; readonly refusal: Refusal } {
  const refusal = judgeRefusal(answer);
  if (refusal) return { ok: false, refusal };
  const parsed = schema.safeParse(answer.kind === 'response' ? answer.json : undefined);
  if (parsed.success) return { ok: true, value: parsed.data };
  // A success that cannot be read: the effect may be there, and only reading back can tell.
  return { ok: false, refusal: { code: 'wrongShape', receipt: { outcome: 'unknown', code: 'wrongShape' } } };
}
