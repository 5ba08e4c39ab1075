/**
 * Lines of the decision log: every type there is, with the schema of its core. A core holds no personal data and only strings,
 * booleans, null and whole numbers: scores in 1/10,000, durations in milliseconds, instants in RFC 3339.
 */
import { z } from 'zod';
import type { Instant } from './clock.ts';
import type { EntryId, IdentityId } from './ids.ts';
import { incidentVerdicts } from './incident.ts';

/** Ids of ours, and names of the configuration with what is put before them (`api:<token>`). */
const id = z.string().min(1).max(128);
/** An id of the configuration, or `api:` and the name of a token. */
const source = z.string().min(1).max(80);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
const whole = z.int();
const code = z.string().max(200);
const subject = z.strictObject({ kind: z.string(), id: z.string() });
const reason = z.strictObject({ code: code, ref: z.string().optional(), detail: z.string().optional() });
const parameters = z.record(z.string(), z.union([z.string(), z.boolean(), whole]));

const decidedAction = z.strictObject({
  type: code,
  connection: id,
  accountId: id.nullable(),
  policyId: id,
  step: code,
  rung: whole,
  parameters,
  state: z.enum(['released', 'held', 'refused', 'reported']),
  by: code.optional(),
});

const signalFacts = {
  signalId: id,
  type: code,
  source,
  occurredAt: instant,
  receivedAt: instant,
  /** SHA-256 of the bytes as they came. */
  bodyHash: hash,
};

export const coreSchemas = {
  'signal.decided': z.strictObject({
    ...signalFacts,
    decisionId: id,
    supersedes: id.nullable(),
    state: z.enum(['decided', 'unresolved', 'quarantined']),
    subject,
    identityId: id.nullable(),
    cause: code,
    engine: whole,
    policyId: id.nullable(),
    policyVersion: whole.nullable(),
    bundleHash: hash,
    configHash: hash,
    scoreE4: whole,
    baseE4: whole,
    level: code,
    mode: code.nullable(),
    rung: whole.nullable(),
    actions: z.array(decidedAction),
    outcome: code,
    reasons: z.array(reason),
    decidedAt: instant,
  }),
  'signal.rejected': z.strictObject({ source, route: code, status: whole, code: code, bodyHash: hash }),
  'signal.undecided': z.strictObject({ ...signalFacts, reason: code, attempt: whole }),
  'plan.released': z.strictObject({
    planId: id,
    decisionId: id,
    connection: id,
    actions: z.array(code),
    profile: code,
    direct: z.boolean(),
  }),
  'plan.held': z.strictObject({ planId: id, decisionId: id, connection: id, actions: z.array(code), heldFor: code }),
  /** Nobody let it go in time. */
  'plan.expired': z.strictObject({
    planId: id,
    decisionId: id,
    connection: id,
    actions: z.array(code),
    heldFor: code,
    onTimeout: z.enum(['deny', 'fallback', 'escalate']),
  }),
  /** A person's word on a plan; why stands sealed. `listHash` names the list that they saw. */
  'approval.given': z.strictObject({
    planId: id,
    decisionId: id,
    said: z.enum(['approve', 'release', 'deny', 'hold']),
    hold: code,
    listHash: hash.nullable(),
    by: code,
    meets: z.array(code).optional(),
  }),
  'plan.refused': z.strictObject({ planId: id, decisionId: id, connection: id, actions: z.array(code), by: code }),
  'action.intended': z.strictObject({
    actionId: id,
    planId: id,
    decisionId: id,
    connection: id,
    type: code,
    idempotencyKey: id,
    attempt: whole,
  }),
  'action.finished': z.strictObject({
    actionId: id,
    planId: id,
    decisionId: id,
    connection: id,
    type: code,
    state: z.enum(['done', 'already', 'refused', 'failed', 'unverified', 'unknown']),
    attempts: whole,
    code: code.nullable(),
    verifiedAt: instant.nullable(),
    residualAccessMs: whole.nullable(),
  }),
  /** What a done action did is taken back, seen in force: by which action, where it was one of ours. */
  'action.undone': z.strictObject({ actionId: id, planId: id, undoActionId: id, undoPlanId: id }),
  /** Its end was set by a person; null: it stays until a person lifts it. */
  'action.extended': z.strictObject({ actionId: id, planId: id, until: instant.nullable(), by: code }),
  'action.expiring': z.strictObject({ actionId: id, planId: id, until: instant }),
  /** Found reversed, by no undo of ours; how often by now. `respected`: whose word let it stay so, and who that was. */
  'action.reversed': z.strictObject({
    actionId: id,
    planId: id,
    times: whole,
    respected: z.enum(['operator', 'person']).optional(),
    by: code.optional(),
    byIdentityId: id.optional(),
  }),
  'undo.ordered': z.strictObject({ campaignId: id, incidentId: id.optional(), hash, actions: whole, people: whole, by: code }),
  'policy.changed': z.strictObject({
    bundleHash: hash,
    previous: hash.nullable(),
    documents: z.array(z.strictObject({ path: z.string(), hash })),
    proof: code,
  }),
  'config.changed': z.strictObject({
    configHash: hash,
    previous: hash.nullable(),
    version: code,
    build: code,
    /** Paths whose values changed; values only where they are no secret and no person. */
    changes: z.array(z.strictObject({ path: z.string(), change: z.enum(['added', 'removed', 'changed']) })),
    overrides: z.array(code),
    proof: code,
    /** Who had it changed while the service ran; absent where it was read from the file. */
    by: code.optional(),
  }),
  'process.started': z.strictObject({ process: id, version: code, build: code, node: code, configHash: hash, bundleHash: hash }),
  'pause.set': z.strictObject({ pauseId: id, scope: z.record(z.string(), z.string()), by: code, until: instant.optional() }),
  'pause.ended': z.strictObject({ pauseId: id, by: code }),
  'breaker.opened': z.strictObject({ breakerId: id, condition: code, detail: z.string() }),
  'breaker.closed': z.strictObject({ breakerId: id, by: code }),
  /** Limits were reached: what is held from now on for this signal type is one incident. */
  'incident.opened': z.strictObject({ incidentId: id, guard: code, source, signalType: code }),
  /** Why stands sealed. `plansRefused`: held plans that a `false` ended. */
  'incident.judged': z.strictObject({ incidentId: id, verdict: z.enum(incidentVerdicts), by: code, plansRefused: whole }),
  /** The person `identityId` is from now on the person `into`; why stands sealed. */
  'identity.merged': z.strictObject({ identityId: id, into: id, cause: z.enum(['person', 'configuration']), by: code }),
  /** Of a span, events that a connection pushed did not arrive. */
  'source.gap': z.strictObject({ gapId: id, connection: id, from: instant, to: instant, reason: code }),
  /** The span was read once more; `events`: those that polling brought and nothing else. */
  'source.reconciled': z.strictObject({ gapId: id, connection: id, from: instant, to: instant, reason: code, events: whole }),
  'key.rotated': z.strictObject({ purpose: code, keyId: code, previous: code.nullable() }),
} as const satisfies Record<string, z.ZodType>;

export type EntryType = keyof typeof coreSchemas;
export type Core<T extends EntryType> = z.output<(typeof coreSchemas)[T]>;

/** A line to be written. `pii` is sealed with the person's key (or, where nobody is known, the connection's) and only committed to. */
export interface Entry<T extends EntryType = EntryType> {
  readonly id: EntryId;
  readonly type: T;
  readonly at: Instant;
  readonly core: Core<T>;
  readonly pii: { readonly owner: SealOwner; readonly value: Readonly<Record<string, unknown>> } | null;
  /** The entry that this one amends. */
  readonly previous?: EntryId;
}

/** Whose key seals a text. */
export type SealOwner = { readonly identityId: IdentityId } | { readonly connection: string };

/** A line as it is stored: the exact bytes that were hashed, never built again from columns. */
export interface EntryRow {
  readonly id: EntryId;
  readonly type: string;
  /** The leaf: canonical JSON of the envelope `v, t, id, ts, core, pii, prev?`. */
  readonly body: string;
  /** Canonical JSON of the core with its nonce. */
  readonly core: string;
  /** Salt and canonical pii under the owner's key; null where there is no pii. */
  readonly sealed: Uint8Array | null;
  readonly sealedFor: IdentityId | null;
  readonly sealedBy: string | null;
}
