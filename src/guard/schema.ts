/** The documents `guardrails.yaml` and `profiles/<name>.yaml`, in full: guards that a version does not apply yet are carried. */
import { z } from 'zod';
import type { DocumentKind } from '../model/document-kind.ts';
import { causes } from '../model/signal.ts';
import { subjectKinds } from '../model/subject.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationSchema = z
  .string({ error: 'must be a duration such as 10m' })
  .regex(/^\d{1,5}[smhd]$/, 'must be a duration such as 30s, 10m, 24h or 7d');

/** Milliseconds of a duration that the schema has let through. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * unitMs[text.slice(-1) as keyof typeof unitMs];
}

const rung = z.int().min(0).max(6);
const count = z.int().min(0).max(1_000_000);
const percent = z.number().min(0).max(100);
const name = z.string().min(1).max(100);
const names = z.array(name);
const flag = z.boolean();
const binds = {
  binds: z.union([z.literal('all'), z.array(z.enum(causes, { error: `must be one of ${causes.join(', ')}` })).min(1)], {
    error: 'must be all, or a list of causes',
  }),
};

const countLimit = z.strictObject({ count: count.min(1), window: durationSchema });
const percentLimit = z.strictObject({ percent, min: count.min(1), window: durationSchema });
const limitsSchema = z
  .array(z.union([countLimit, percentLimit], { error: 'must be { count, window } or { percent, min, window }' }))
  .min(1);
const leaverLimit = z.strictObject({ count, window: durationSchema, orTimesMax: z.number().min(0), maxOver: durationSchema });
const actionSpan = z.strictObject({ default: durationSchema, max: durationSchema, announce: durationSchema.optional() });

const breakerCondition = z.union(
  [
    z.strictObject({ limitHits: count, window: durationSchema }),
    z.strictObject({ undoneOrFalsePercent: percent, ofLast: count, min: count }),
    z.strictObject({ providerErrorPercent: percent, ofLast: count }),
    z.strictObject({ sourceTimesHourlyMean: z.number().min(1), meanOver: durationSchema, minMean: z.number().min(0) }),
    z.strictObject({ peopleAboveMediumPercent: percent }),
  ],
  { error: 'is no condition that opens a breaker' },
);

/** Every guard without `binds`: what a profile may change of it. */
const guardShapes = {
  killSwitch: {
    within: durationSchema,
    scopes: z.array(z.enum(['source', 'policy', 'connection', 'action', 'time'])),
    reasonRequired: flag,
    remindEvery: durationSchema,
    globalPages: name,
    resume: z.strictObject({ people: count.min(1), orPauserAfter: durationSchema.optional() }),
    runsAfterwards: z.array(z.enum(causes)),
  },
  profile: { sandboxOnly: names },
  protected: {
    breakGlass: z.literal('never', { error: 'must be never' }),
    breakGlassSignIn: name,
    lastAdmin: z.literal('never', { error: 'must be never' }),
    list: name,
    changeBy: count.min(1),
    leaverDailyPageFrom: durationSchema,
  },
  adminFloor: { perConnection: count, perRolePercent: percent, breakGlassCounts: flag },
  nonPerson: {
    maxRung: rung,
    fromRung3: z.strictObject({ minConfidence: z.number().min(0).max(1) }),
    refuseNetworks: z.array(z.enum(['ownEgress', 'private', 'sharedEgress'])),
    countPeopleBehind: durationSchema,
    limits: z.strictObject({ networks: limitsSchema, devices: limitsSchema }),
  },
  ceiling: {},
  promotion: {
    minDays: count,
    orMinEvaluations: count,
    backtest: z.enum(['required', 'optional']),
    reviewers: count,
    reviewersFromRung5: count,
    lookBackShare: z.number().min(0).max(1),
  },
  approval: {
    timeouts: z.strictObject({ rung4: durationSchema, rung5: durationSchema, rung6: durationSchema }),
    onTimeout: z.enum(['deny', 'fallback', 'escalate']),
    personFromRung: rung,
    declaredApprovers: count,
    declaredStepUp: flag,
    undoPrivileged: count,
    samePersonAfter: durationSchema.optional(),
    freshSignIn: flag.optional(),
    rung5: name.optional(),
  },
  ownerApproval: { fromRung: rung, accounts: names },
  executiveApproval: { fromRung: rung, list: name },
  scoreAgainstRung: {
    subjects: z.array(z.enum(subjectKinds)),
    none: rung,
    low: rung,
    medium: rung,
    high: rung,
    critical: rung,
    rung6: z.literal('directOnly', { error: 'must be directOnly' }),
  },
  corroboration: { fromRung: rung, groups: count, orProof: flag, minBase: percent },
  freshContext: { fromRung: rung, require: names },
  learning: { minLogins: count, minDays: count, statisticalMaxRung: rung },
  lateEvidence: { olderThan: durationSchema, maxRung: rung, unlessProof: flag },
  cooldown: { sameSubjectSameAction: durationSchema, samePolicySameSubject: durationSchema, 'mfa.require': durationSchema.optional() },
  quietHours: { fromRung: rung, calendar: name, outside: name, effect: z.enum(['approval', 'hold']), unless: names },
  surge: {
    per: names,
    fromRung: rung,
    orRung2AtPercent: percent,
    people: count.min(1),
    window: durationSchema,
    until: z.literal('judged'),
    incidentFrom: count,
  },
  source: { per: names, fromRung: rung, decisive: flag, limits: limitsSchema, until: z.literal('judged') },
  people: { fromRung: rung, limits: limitsSchema },
  rungs: { rung2: limitsSchema, rung3to4: limitsSchema, rung5to6: limitsSchema },
  policy: { rung3to4: limitsSchema, rung5to6: limitsSchema },
  group: { keys: names, fromRung: rung, limits: limitsSchema },
  tier0: { fromRung: rung, limits: limitsSchema },
  breaker: { fromRung: rung, openFor: durationSchema, opensOn: z.array(breakerCondition).min(1) },
  expiry: { 'account.suspend': actionSpan, 'ip.block': actionSpan, 'device.disable': actionSpan },
  leavers: { limits: z.array(leaverLimit).min(1), holdWhen: name, release: name },
  operator: { riskFrom: names, fromRung: rung, per: names, limits: limitsSchema, above: name },
  declared: { exceeds: names, order: name, pace: name },
  undo: { limits: limitsSchema, above: name, pace: name },
  drill: { subjects: name, every: durationSchema, maxDuration: durationSchema, countsAsPeople: flag, onFailure: name },
} as const;

const bound = <T extends z.ZodRawShape>(shape: T) => z.strictObject({ ...binds, ...shape });

const guardsSchema = z.strictObject({
  killSwitch: bound(guardShapes.killSwitch),
  profile: bound(guardShapes.profile),
  protected: bound(guardShapes.protected),
  adminFloor: bound(guardShapes.adminFloor),
  nonPerson: bound(guardShapes.nonPerson),
  ceiling: bound(guardShapes.ceiling),
  promotion: bound(guardShapes.promotion),
  approval: bound(guardShapes.approval),
  ownerApproval: bound(guardShapes.ownerApproval),
  executiveApproval: bound(guardShapes.executiveApproval),
  scoreAgainstRung: bound(guardShapes.scoreAgainstRung),
  corroboration: bound(guardShapes.corroboration),
  freshContext: bound(guardShapes.freshContext),
  learning: bound(guardShapes.learning),
  lateEvidence: bound(guardShapes.lateEvidence),
  cooldown: bound(guardShapes.cooldown),
  quietHours: bound(guardShapes.quietHours),
  surge: bound(guardShapes.surge),
  source: bound(guardShapes.source),
  people: bound(guardShapes.people),
  rungs: bound(guardShapes.rungs),
  policy: bound(guardShapes.policy),
  group: bound(guardShapes.group),
  tier0: bound(guardShapes.tier0),
  breaker: bound(guardShapes.breaker),
  expiry: bound(guardShapes.expiry),
  leavers: bound(guardShapes.leavers),
  operator: bound(guardShapes.operator),
  declared: bound(guardShapes.declared),
  undo: bound(guardShapes.undo),
  drill: bound(guardShapes.drill),
});

const part = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).partial().optional();
const partOrOff = <T extends z.ZodRawShape>(shape: T) =>
  z.union([z.literal('off'), z.strictObject(shape).partial()], { error: 'must be off, or members of this guard' }).optional();

/** What a profile may change. Protected people, the profile rule and the ceiling are the same in every profile. */
const differencesShape = {
  killSwitch: part({ resume: guardShapes.killSwitch.resume.partial(), remindEvery: durationSchema }),
  adminFloor: part(guardShapes.adminFloor),
  promotion: part(guardShapes.promotion),
  approval: part(guardShapes.approval),
  surge: part(guardShapes.surge),
  source: part(guardShapes.source),
  people: part(guardShapes.people),
  rungs: partOrOff(guardShapes.rungs),
  policy: partOrOff(guardShapes.policy),
  group: partOrOff(guardShapes.group),
  breaker: partOrOff(guardShapes.breaker),
  cooldown: partOrOff(guardShapes.cooldown),
  tier0: part(guardShapes.tier0),
  quietHours: part(guardShapes.quietHours),
};

const metadata = {
  version: z.int().min(1),
  owner: z.string().min(1).max(200),
};
const apiVersion = z.literal('rescind/v1', { error: 'must be rescind/v1' });

export const guardrailsSchema = z.strictObject({
  apiVersion,
  kind: z.literal('Guardrails', { error: 'must be Guardrails' }),
  metadata: z.strictObject({
    id: name,
    ...metadata,
    reviewBy: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date, YYYY-MM-DD')
      .optional(),
  }),
  population: z.strictObject({ kind: z.literal('person'), activeWithin: durationSchema, countsOnlyBelow: count }),
  freshness: z.strictObject({ directory: durationSchema, device: durationSchema, hr: durationSchema }),
  atLimit: z.strictObject({ effect: z.literal('hold', { error: 'must be hold' }), applyLower: flag, page: name }),
  failModes: z.strictObject({
    configUnreadable: z.literal('noEnforcement', { error: 'must be noEnforcement' }),
    storeAway: z.literal('answer503', { error: 'must be answer503' }),
    // biome-ignore lint/suspicious/noThenProperty: the document's own word; a schema's shape is never awaited
    providerDown: z.strictObject({ retryFor: durationSchema, then: name }),
    approvalChannelDown: z.enum(['fallback', 'deny', 'escalate']),
  }),
  guards: guardsSchema,
  profiles: z.strictObject({
    standard: z.strictObject({}, { error: 'must be empty: it is what stands in guards' }),
    small: z.strictObject(differencesShape),
    sandbox: z.strictObject({ file: z.string().regex(/^profiles\/[a-z0-9-]+\.yaml$/, 'must have the form profiles/name.yaml') }),
  }),
});

export const guardProfileSchema = z.strictObject({
  apiVersion,
  kind: z.literal('GuardProfile', { error: 'must be GuardProfile' }),
  metadata: z.strictObject({ id: name, ...metadata }),
  only: z.strictObject({ provider: name, orTrial: flag }),
  guards: z.strictObject(differencesShape),
});

export type GuardrailsDocument = z.output<typeof guardrailsSchema>;
export type GuardSettings = GuardrailsDocument['guards'];
export type GuardDifferences = z.output<typeof guardProfileSchema>['guards'];
export type Limit = z.output<typeof limitsSchema>[number];

export const guardrailsKind: DocumentKind = { kind: 'Guardrails', place: 'guardrails.yaml', schema: guardrailsSchema };
export const guardProfileKind: DocumentKind = { kind: 'GuardProfile', place: 'profiles/*.yaml', schema: guardProfileSchema };
