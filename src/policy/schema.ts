/**
 * The document `kind: Policy`, in full. Keys of features that a version does not serve yet are read and carried, so that documents
 * need no migration; nothing else is let in.
 */
import { z } from 'zod';
import { decisionModes } from '../model/decision.ts';
import type { DocumentKind } from '../model/document-kind.ts';
import { levels } from '../model/risk.ts';
import { causes, severities } from '../model/signal.ts';
import { subjectKinds } from '../model/subject.ts';
import { durationPattern, parseDuration } from './duration.ts';

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/, 'letters, digits, `.`, `_`, `-`; at most 64, a letter first');
const words = z.string().trim().min(1).max(2000);
const condition = z.string().trim().min(1).max(4000);
const names = z.array(name).max(64);
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date, YYYY-MM-DD');
const whole = z.int().min(0);
/** No longer than uses of guards are kept. */
const cooldownSchema = z
  .string()
  .regex(durationPattern, 'a duration like 30s, 15m, 24h, 7d')
  .refine((text) => (parseDuration(text) ?? 0) <= 90 * 86_400_000, 'at most 90d');
export const durationSchema = z.string().regex(durationPattern, 'a duration like 30s, 15m, 24h, 7d');
const scalar = z.union([z.string().max(500), z.number(), z.boolean()]);

export const documentId = name;
/** `group:` or `user:`; anything else is E113. */
export const ownerForm = /^(group|user):\S+$/;
/** What every kind of document says of itself beside its id. */
export const metadataShape = {
  version: z.int().min(1),
  owner: z.string().min(1).max(200),
  reviewBy: day.optional(),
};

const metadataSchema = z.strictObject({
  id: documentId,
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and `-`'),
  version: metadataShape.version,
  title: words,
  owner: metadataShape.owner,
  severity: z.enum(['info', 'low', 'medium', 'high', 'critical']),
  status: z.enum(['draft', 'trial', 'stable', 'deprecated']),
  rationale: words.optional(),
  falsePositives: z.array(words).max(32).optional(),
  attack: z
    .array(z.string().regex(/^T\d{4}(\.\d{3})?$/, 'an ATT&CK technique like T1078.004'))
    .max(32)
    .optional(),
  controls: z.record(z.string(), z.array(z.string().min(1).max(64)).max(64)).optional(),
  reviewBy: metadataShape.reviewBy,
  links: z.array(z.url()).max(32).optional(),
});

const matchSchema = z.strictObject({
  signals: z.array(name).min(1).max(64),
  causes: z.array(z.enum(causes)).min(1).optional(),
  sources: z.array(name).min(1).max(64).optional(),
  minConfidence: z.number().min(0).max(1).optional(),
  maxSignalAge: durationSchema.optional(),
  subjects: z
    .strictObject({
      kinds: z.array(z.enum(subjectKinds)).min(1).optional(),
      excludeGroups: z.array(z.string().min(1).max(200)).max(256).optional(),
      excludeLists: names.optional(),
    })
    .optional(),
});

/** Parameters of every type; which of them a type takes is judged beside the action table. */
const actionSchema = z
  .looseObject({
    type: z.string().min(1).max(64),
    perProvider: z.record(name, z.record(name, scalar)).optional(),
    perConnection: z.record(name, z.record(name, scalar)).optional(),
  })
  .describe('one action; its parameters depend on its type');

const stepSchema = z.strictObject({
  step: name,
  at: condition.optional(),
  approval: name.optional(),
  actions: z.array(actionSchema).min(1).max(16),
});

const respondSchema = z.strictObject({
  scope: z.enum(subjectKinds),
  ladder: z.array(stepSchema).min(1).max(16),
  fallback: name.optional(),
  verify: z.strictObject({ within: durationSchema, by: names }).optional(),
});

const approvalSchema = z.strictObject({
  approvers: z
    .array(z.string().regex(/^(group|user):\S+$/, '`group:` or `user:`'))
    .min(1)
    .max(32),
  required: z.int().min(1).max(10),
  notSelf: z.boolean().optional(),
  timeout: durationSchema,
  onTimeout: z.enum(['deny', 'fallback', 'escalate']),
  shows: names.optional(),
});

const guardrailsSchema = z.strictObject({
  limits: z.record(z.string(), z.string().regex(/^\d+\/\d+(s|m|h|d)$/, 'a limit like 3/1h')).optional(),
  perGroup: z.strictObject({ key: name, percent: z.number().min(0).max(100), min: whole, window: durationSchema }).optional(),
  quietHours: z
    .strictObject({
      calendar: name,
      during: z.array(z.string().regex(/^\d{2}:\d{2}-\d{2}:\d{2}$/, 'hours like 22:00-06:00')).min(1),
      effect: z.enum(['approval', 'hold']),
      steps: names.optional(),
    })
    .optional(),
  corroboration: z.strictObject({ groups: z.int().min(1).max(10), unlessProof: z.boolean().optional() }).optional(),
});

const givenSignalSchema = z.strictObject({
  type: name,
  source: name.optional(),
  at: z
    .string()
    .regex(/^(now|[+-]\d{1,6}(s|m|h|d)|\d{4}-\d{2}-\d{2}T\S+)$/, 'an instant, or an offset like -5m')
    .optional(),
  severity: z.enum(severities).optional(),
  confidence: z.number().min(0).max(1).optional(),
  ip: z.string().optional(),
  country: z.string().optional(),
  asn: whole.optional(),
});

const orUnknown = <T extends z.ZodType>(schema: T) => z.union([schema, z.literal('unknown')]).optional();

export const givenSchema = z.strictObject({
  now: z.string().optional(),
  subject: z
    .strictObject({
      kind: z.enum(subjectKinds).optional(),
      id: z.string().optional(),
      tier: orUnknown(z.enum(['none', 'standing', 'tier0'])),
      groups: z.array(z.string()).optional(),
      executive: z.boolean().optional(),
    })
    .optional(),
  signals: z.array(givenSignalSchema).min(1).max(64).optional(),
  session: z
    .strictObject({
      mfa: orUnknown(z.enum(['none', 'weak', 'strong'])),
      deviceBound: orUnknown(z.enum(['yes', 'no'])),
      ageMinutes: orUnknown(z.int()),
    })
    .optional(),
  device: z
    .strictObject({
      compliance: orUnknown(z.enum(['compliant', 'nonCompliant'])),
      managed: orUnknown(z.enum(['yes', 'no'])),
      people: orUnknown(z.int()),
    })
    .optional(),
  geo: z
    .strictObject({
      country: orUnknown(z.string()),
      asn: orUnknown(z.int()),
      egress: orUnknown(z.enum(['own', 'shared', 'none'])),
      anonymizer: orUnknown(z.enum(['none', 'vpn', 'relay', 'tor', 'hosting'])),
      peopleSeen: orUnknown(z.int()),
    })
    .optional(),
  hr: z
    .strictObject({
      status: orUnknown(z.enum(['active', 'notice', 'leave', 'gardenLeave', 'terminated'])),
      endsInMinutes: orUnknown(z.int()),
    })
    .optional(),
  hist: z.strictObject({ logins: whole.optional(), suspensions30d: whole.optional() }).optional(),
  facts: z.record(name, scalar).optional(),
  lists: z.record(name, z.array(z.string())).optional(),
  /** Uses that stand in a guard's window already. */
  counters: z.record(name, whole).optional(),
});

export const fellAwayCodes = [
  'signal',
  'cause',
  'source',
  'confidence',
  'age',
  'subject',
  'excluded',
  'needs',
  'when',
  'noStep',
  'error',
] as const;

const expectSchema = z.strictObject({
  match: z.boolean(),
  because: z.enum(fellAwayCodes).optional(),
  step: name.optional(),
  rung: z.int().min(0).max(6).optional(),
  score: z.number().min(0).max(100).optional(),
  level: z.enum(levels).optional(),
  /** The guard that holds the step. */
  held: name.optional(),
  /** The step that goes to work where that is another than `step`. */
  runs: name.optional(),
  actions: names.optional(),
});

const testSchema = z.strictObject({ name: words, given: givenSchema, expect: expectSchema });

export const policySchema = z.strictObject({
  apiVersion: z.literal('rescind/v1'),
  kind: z.literal('Policy'),
  metadata: metadataSchema,
  mode: z.enum(['disabled', ...decisionModes.filter((mode) => mode !== 'order')]),
  rollout: z.strictObject({ percent: z.number().min(0).max(100), salt: z.string().min(1).max(64) }).optional(),
  direct: z.boolean().optional(),
  directReason: words.optional(),
  directSteps: names.min(1).optional(),
  match: matchSchema,
  when: condition,
  needs: z.array(z.string().min(1).max(128)).max(32).optional(),
  risk: z
    .strictObject({
      contribute: z.array(z.strictObject({ type: name, severity: z.enum(severities), confidence: z.number().min(0).max(1) })).max(16),
    })
    .optional(),
  respond: respondSchema,
  approvals: z.record(name, approvalSchema).optional(),
  guardrails: guardrailsSchema.optional(),
  cooldown: z
    .strictObject({
      sameSubjectSameAction: cooldownSchema.optional(),
      samePolicySameSubject: cooldownSchema.optional(),
      resetOn: z.literal('newProof').optional(),
    })
    .optional(),
  undo: z
    .strictObject({
      auto: z.array(name).max(32),
      window: durationSchema,
      proposeWhen: name.optional(),
      restores: names.optional(),
      notRestores: names.optional(),
    })
    .optional(),
  escalation: z
    .array(
      z.strictObject({
        after: durationSchema.optional(),
        unless: name.optional(),
        on: name.optional(),
        to: z.string().regex(/^[a-z]+:\S+$/, 'a channel and a name, like pager:soc-l2'),
        severity: z.enum(['info', 'low', 'medium', 'high', 'critical']).optional(),
      }),
    )
    .max(16)
    .optional(),
  notify: z
    .strictObject({
      subject: z
        .strictObject({ channel: name, template: name.optional(), delay: durationSchema.optional(), hideDetail: z.boolean().optional() })
        .optional(),
      manager: z.strictObject({ fromRung: z.int().min(0).max(6) }).optional(),
      soc: z.strictObject({ channel: z.string().regex(/^[a-z]+:\S+$/, 'a channel and a name, like slack:identity-response') }).optional(),
    })
    .optional(),
  tests: z.array(testSchema).max(200).optional(),
});

export type PolicyDocument = z.output<typeof policySchema>;
export type PolicyStep = PolicyDocument['respond']['ladder'][number];
export type PolicyAction = PolicyStep['actions'][number];
export type InlineTest = NonNullable<PolicyDocument['tests']>[number];
export type GivenSignal = NonNullable<InlineTest['given']['signals']>[number];

export const policyKind: DocumentKind = { kind: 'Policy', place: 'responses/*.yaml', schema: policySchema };
