/** The half of the sandbox that acts: it knows the provider only through its HTTP admin API. */
import { z } from 'zod';
import type { IdentifierKey } from '../../model/subject.ts';
import type { ActionOrder, Adapter, AdapterContext, DirectoryPerson, ProbeResult, ReadBack, Receipt } from '../contract.ts';
import type { HttpAnswer, HttpRequest } from '../http.ts';
import { accessSchema } from './access-answer.ts';
import { manifest } from './manifest.ts';
import { judgeRefusal, type Refusal } from './refusal.ts';
import { deriveAdminToken, personStatuses, personTiers, type SandboxSettings } from './settings.ts';
import { verbs } from './verbs.ts';

const effectSchema = z.object({ affected: z.int().nonnegative() });

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
    const asked = verbs[order.type]?.ask(order) ?? { refused: 'unsupported' };
    if ('refused' in asked) return { outcome: 'refused', code: asked.refused };
    const json = { ...asked.body, key: order.idempotencyKey };
    const effect = readAnswer(await call('POST', `${accountPath(order)}/${asked.path}`, order.signal, json), effectSchema);
    if (!effect.ok) return effect.refusal.receipt;
    return effect.value.affected > 0 ? { outcome: 'done', affected: effect.value.affected } : { outcome: 'already' };
  }

  async function readBack(order: ActionOrder): Promise<ReadBack> {
    const verb = verbs[order.type];
    if (verb === undefined) return { inForce: null, code: 'unsupported' };
    const asked = verb.ask(order);
    if ('refused' in asked) return { inForce: null, code: asked.refused };
    const access = readAnswer(await call('GET', `${accountPath(order)}/access`, order.signal), accessSchema);
    if (access.ok) return verb.judge(access.value, order);
    const { code, retryAfterMs } = access.refusal;
    return { inForce: null, code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
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
