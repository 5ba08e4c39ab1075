/** What the admin API can do to a person's access, each once a key: the body that it takes and the effect that it has. */
import { z } from 'zod';
import { fromRfc3339 } from '../../model/clock.ts';
import type { Accesses } from './access.ts';
import type { Holds } from './account-holds.ts';
import type { People } from './people.ts';

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

export type Keyed = { readonly key: string };

export function createWrites(people: People, accesses: Accesses): Readonly<Record<string, Write<z.ZodType<Keyed>>>> {
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
