/** Takes a signal that an API client or an operator sends as JSON, and makes an arrival of it or says why not. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { reservedTypes } from '../model/catalogue.ts';
import { fromRfc3339, type Instant } from '../model/clock.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { RandomBytes } from '../model/ids.ts';
import { operatorRoles, type Role } from '../model/operator.ts';
import type { Arrival, Severity, Verified } from '../model/signal.ts';
import type { SubjectClaim } from '../model/subject.ts';
import { isJsonObject, type JsonObject, readStrictJson, readSubjectClaim, type SubjectRules } from '../ssf/index.ts';
import { markVerified } from './verified.ts';

export interface ApiCaller {
  /** Name of the token or operator. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** Signal types that the token is limited to; absent: no limit. */
  readonly types?: readonly string[];
}

export interface ApiSignalRequest {
  readonly body: Uint8Array;
  readonly caller: ApiCaller;
  readonly receivedAt: Instant;
  /** Signal types of the active catalogue. */
  readonly knownTypes: { has(type: string): boolean };
}

export type ApiSignalOutcome =
  | { readonly kind: 'arrivals'; readonly arrivals: readonly Verified<Arrival>[] }
  /** To be thrown or answered as a problem of that code. `detail` repeats nothing of the body. */
  | { readonly kind: 'refused'; readonly code: Extract<ErrorCode, `request.${string}` | 'auth.forbidden'>; readonly detail: string };

export interface ApiDoor {
  receive(request: ApiSignalRequest): ApiSignalOutcome;
}

const laterMs = 300_000;
const quarantineMs = 3_600_000;

const factSchema = z.union([z.string().max(1024), z.boolean(), z.number()], {
  error: 'must be a text of at most 1024 characters, a number or a boolean',
});

const bodySchema = z.strictObject({
  type: z.string().min(1).max(128),
  subject: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'must be a subject identifier',
  }),
  occurredAt: z
    .string()
    .transform((text, context) => {
      const at = fromRfc3339(text);
      if (at !== undefined && at >= 0) return at;
      context.addIssue({ code: 'custom', message: 'must be an RFC 3339 instant with a zone' });
      return z.NEVER;
    })
    .optional(),
  severity: z.enum(['low', 'medium', 'high', 'critical'], { error: 'must be low, medium, high or critical' }).optional(),
  dedupeKey: z.string().min(1).max(4096).optional(),
  /** Where the event came from. */
  ip: z.union([z.ipv4(), z.ipv6()], { error: 'must be an address' }).optional(),
  facts: z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), { error: 'must be an object' })
    .transform((value) => ({ ...value }))
    .pipe(z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,63}$/, 'names begin with a small letter'), factSchema))
    .refine((facts) => Object.keys(facts).length <= 32, 'at most 32')
    .optional(),
});

type Body = z.output<typeof bodySchema>;

/** `random` makes keys for signals that bring none: each of those is an event of its own. */
export function createApiDoor(options: { readonly random: RandomBytes }): ApiDoor {
  return {
    receive({ body, caller, receivedAt, knownTypes }) {
      const json = readStrictJson(body);
      if (!json.ok) return refuse('request.invalid', `The body is not acceptable JSON (${json.fault}).`);
      if (!isJsonObject(json.value)) return refuse('request.invalid', 'The body must be an object.');
      const parsed = bodySchema.safeParse({ ...json.value });
      if (!parsed.success) return refuse('request.invalid', describe(parsed.error));

      const refused = checkType(parsed.data.type, caller, knownTypes);
      if (refused) return refused;
      const claim = readClaim(parsed.data.subject);
      if ('refused' in claim) return claim.refused;
      const dedupeKey = parsed.data.dedupeKey ?? `own:${Buffer.from(options.random(16)).toString('hex')}`;
      return { kind: 'arrivals', arrivals: [markVerified(arrive(parsed.data, claim.claim, caller, receivedAt, dedupeKey, body))] };
    },
  };
}

type Refusal = Extract<ApiSignalOutcome, { kind: 'refused' }>;

function refuse(code: Refusal['code'], detail: string): Refusal {
  return { kind: 'refused', code, detail };
}

function isOperator(caller: ApiCaller): boolean {
  return caller.roles.some((role) => operatorRoles.includes(role));
}

function checkType(type: string, caller: ApiCaller, known: { has(type: string): boolean }): Refusal | undefined {
  if (!isOperator(caller) && !caller.roles.includes('ingest'))
    return refuse('auth.forbidden', 'Signals are sent with the role ingest, analyst, approver or admin.');
  if (!known.has(type)) return refuse('request.unprocessable', 'type: is not in the catalogue of signal types');
  if (reservedTypes.has(type)) return refuse('request.unprocessable', 'type: is made by the service itself');
  if (caller.types && !caller.types.includes(type)) return refuse('auth.forbidden', 'The credential may not send this signal type.');
  if (type === 'admin_confirmed' && !isOperator(caller))
    return refuse('auth.forbidden', 'This signal type needs the role analyst, approver or admin.');
  return undefined;
}

/** An opaque id at our own door is a name that we gave: an identity's id or its alias. */
const subjectRules: SubjectRules = {
  legacy: false,
  authority: undefined,
  critical: [],
  streamId: undefined,
  opaqueKey: (id) => ({ format: 'alias', value: id }),
  things: ['host', 'asset'],
};

function readClaim(subject: JsonObject): { readonly claim: SubjectClaim } | { readonly refused: Refusal } {
  const result = readSubjectClaim(subject, 'person', subjectRules);
  if (!result.ok)
    return {
      refused: refuse('request.invalid', 'subject: is no subject identifier, or lacks what its format requires (RFC 9493 section 3)'),
    };
  // A caller who is there is told at once; a partner's SET would be kept and shown instead.
  if (result.claim.blocked) return { refused: refuse('request.unprocessable', 'subject: has a format or a member that is not known here') };
  return { claim: result.claim };
}

function arrive(body: Body, claim: SubjectClaim, caller: ApiCaller, receivedAt: Instant, dedupeKey: string, raw: Uint8Array): Arrival {
  const told = body.occurredAt ?? receivedAt;
  const operator = isOperator(caller);
  return {
    type: body.type,
    source: operator ? 'operators' : `api:${caller.name}`,
    sourceKind: operator ? 'operators' : 'api',
    cause: 'risk',
    severity: severityOf(body.severity),
    occurredAt: told > receivedAt + laterMs ? receivedAt : told,
    receivedAt,
    claim,
    facts: body.facts ?? {},
    circumstances: body.ip === undefined ? {} : { ip: body.ip },
    marks: [],
    ...(operator ? { by: caller.name } : {}),
    dedupeKey: Buffer.byteLength(dedupeKey) <= 256 ? dedupeKey : `sha256:${createHash('sha256').update(dedupeKey).digest('hex')}`,
    ...(told > receivedAt + quarantineMs ? { quarantine: 'occurredAt:ahead' } : {}),
    raw: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'),
  };
}

function severityOf(severity: Body['severity']): Severity {
  return severity === 'critical' ? 'high' : (severity ?? 'medium');
}

/** Names members and rules, never values. */
function describe(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const path = issue.path.map(String).join('.');
      return issue.code === 'unrecognized_keys' ? 'The body has a member that is not known.' : `${path}: ${issue.message}`;
    })
    .join('; ');
}
