/** What the admin API can do to a person's access, each once a key: the body that it takes and the effect that it has. */
import { z } from 'zod';
import { fromRfc3339 } from '../../model/clock.ts';
import type { Accesses } from './access.ts';
import type { Holds } from './account-holds.ts';
import type { Passwords } from './passwords.ts';
import type { People } from './people.ts';
import type { SecondFactors } from './second-factor.ts';

export interface Write<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** What tells one request from another under the same key. */
  asked(id: string, body: z.output<S>): readonly unknown[];
  /** Answers how much it changed. */
  effect(id: string, body: z.output<S>): Promise<number>;
}

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
const beforeSchema = z.strictObject({ before: instantSchema, key: keySchema });
const keyOnlySchema = z.strictObject({ key: keySchema });
/** Without `lifts` every hold is lifted. */
const restoreSchema = z.strictObject({ lifts: z.enum(['suspended', 'disabled']).optional(), key: keySchema });

/** Without `until` the demand stands until it is lifted. */
const stepUpSchema = z.strictObject({ before: instantSchema, until: instantSchema.optional(), key: keySchema });

export type Keyed = { readonly key: string };

export interface WriteParts {
  readonly people: People;
  readonly accesses: Accesses;
  readonly passwords: Passwords;
  readonly factors: SecondFactors;
}

export function createWrites({ people, accesses, passwords, factors }: WriteParts): Readonly<Record<string, Write<z.ZodType<Keyed>>>> {
  const hold = async (id: string, change: Partial<Holds>) => (await people.hold(id, change)) ?? 0;
  return {
    'sessions/revoke': write({
      schema: endSessionsSchema,
      asked: (id, body) => ['sessions', id, body.before, narrowed(body)],
      effect: (id, body) => accesses.endSessions(id, narrowed(body), body.before),
    }),
    'tokens/revoke': write({
      schema: beforeSchema,
      asked: (id, { before }) => ['tokens', id, before],
      effect: (id, { before }) => accesses.endTokens(id, before),
    }),
    'grants/revoke': write({
      schema: beforeSchema,
      asked: (id, { before }) => ['grants', id, before],
      effect: (id, { before }) => accesses.withdrawConsents(id, before),
    }),
    'mfa/require': write({
      schema: stepUpSchema,
      asked: (id, { before, until }) => ['require', id, before, until ?? null],
      effect: async (id, { before, until }) => Number(await factors.require(id, { since: before, until: until ?? null })),
    }),
    'mfa/lift': write({
      schema: keyOnlySchema,
      asked: (id) => ['lift', id],
      effect: async (id) => Number(await factors.lift(id)),
    }),
    'mfa/reset': write({
      schema: beforeSchema,
      asked: (id, { before }) => ['reset', id, before],
      effect: async (id, { before }) => Number(await factors.reset(id, before)),
    }),
    'password/expire': write({
      schema: beforeSchema,
      asked: (id, { before }) => ['expire', id, before],
      effect: async (id, { before }) => Number(await passwords.expire(id, before)),
    }),
    'account/suspend': write({
      schema: keyOnlySchema,
      asked: (id) => ['suspend', id],
      effect: (id) => hold(id, { suspended: true }),
    }),
    'account/disable': write({
      schema: keyOnlySchema,
      asked: (id) => ['disable', id],
      effect: (id) => hold(id, { disabled: true }),
    }),
    'account/restore': write({
      schema: restoreSchema,
      asked: (id, { lifts }) => ['restore', id, lifts ?? null],
      effect: (id, { lifts }) => hold(id, lifts === undefined ? { suspended: false, disabled: false } : { [lifts]: false }),
    }),
  };
}

/** Lets each write have the type of its own schema. */
function write<S extends z.ZodType<Keyed>>(given: Write<S>): Write<z.ZodType<Keyed>> {
  return given as unknown as Write<z.ZodType<Keyed>>;
}

function narrowed(body: z.output<typeof endSessionsSchema>): { sessionId?: string; deviceId?: string } {
  if (body.scope === 'all') return {};
  return { ...(body.sessionId ? { sessionId: body.sessionId } : {}), ...(body.deviceId ? { deviceId: body.deviceId } : {}) };
}
