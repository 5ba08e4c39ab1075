/** The form of `risk.yaml`: what its keys are, and what must agree between them. */
import { z } from 'zod';
import type { Fault, Locate } from '../model/document.ts';
import type { DocumentKind } from '../model/document-kind.ts';
import { markClasses, severities, sourceKinds } from '../model/signal.ts';

const name = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be lower case with digits and _, at most 64 characters');
/** A name with dots is that of an event. */
const typeName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/, 'must be lower case with digits and _, dots between words, at most 64 characters');
const points = z.number().min(0).lt(100);
const factor = z.number().min(0).max(10);
const groupNames = z.union([z.literal('all'), z.array(name).min(1)]);

const dayMs = 86_400_000;
const hourMs = 3_600_000;

const halfLife = z
  .string()
  .regex(/^([1-9]\d{0,3}[hd]|none)$/, 'must be hours or days (12h, 30d) or none')
  .transform((text) => (text === 'none' ? null : Number(text.slice(0, -1)) * (text.endsWith('d') ? dayMs : hourMs)));

const fact = z.union([z.enum(['int', 'text']), z.array(z.string().min(1)).min(1)]);

const signalType = z.strictObject({
  group: name.optional(),
  standalone: z.union([points, z.strictObject({ low: points, medium: points, high: points })]),
  halfLife: halfLife.optional(),
  proof: z.boolean().optional(),
  severity: z.enum(['counted', 'ignored']).default('counted'),
  facts: z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/), fact).default({}),
});

const tagEntry = z.strictObject({
  'geo.egress': z.enum(['own', 'shared', 'none']).optional(),
  'session.mfa': z.enum(['none', 'weak', 'strong']).optional(),
  'session.deviceBound': z.enum(['yes', 'no']).optional(),
  'device.managed': z.enum(['yes', 'no']).optional(),
  'device.compliance': z.enum(['compliant', 'nonCompliant']).optional(),
});

const hrStatuses = ['active', 'notice', 'leave', 'gardenLeave', 'terminated'] as const;

const level = z.strictObject({ enter: points, leave: points });

/** Classes with a row of their own. An administrator's dismissal takes everything and has none. */
export const relievingClasses = markClasses.filter((markClass) => markClass !== 'admin_dismiss');

export const riskModelSchema = z.strictObject({
  apiVersion: z.literal('rescind/v1'),
  kind: z.literal('RiskModel'),
  metadata: z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/),
    version: z.int().min(1),
    /** `group:` or `user:`, judged as E113. */
    owner: z.string().min(1).max(200),
    reviewBy: z.iso.date(),
  }),
  groups: z.record(
    name.refine((group) => group !== 'none', 'none is the group of types without evidence'),
    z.strictObject({ statistical: z.boolean().default(false), voidsChallenges: z.boolean().default(false) }),
  ),
  types: z.record(typeName, signalType),
  bands: z.strictObject({
    low: z.strictObject({ factor: z.number().min(0).max(1) }),
    high: z.strictObject({ factor: z.number().min(1).max(10), ceiling: points }),
  }),
  caps: z.strictObject({ statisticalNats: z.number().positive(), activeNats: z.number().positive() }),
  confidence: z.strictObject({
    default: z.number().min(0).max(1),
    rules: z.array(
      z.strictObject({
        sources: z.array(z.string().min(1)).min(1).optional(),
        kinds: z.array(z.enum(sourceKinds)).min(1).optional(),
        types: z.array(typeName).min(1).optional(),
        confidence: z.number().min(0).max(1),
      }),
    ),
    newTransmitter: z.strictObject({ days: z.int().min(0).max(365), atMost: z.number().min(0).max(1) }),
  }),
  multipliers: z.strictObject({
    min: z.number().positive(),
    max: z.number().positive(),
    rows: z.array(
      z.strictObject({
        when: z
          .strictObject({
            tier: z
              .array(z.enum(['none', 'standing', 'tier0']))
              .min(1)
              .optional(),
            executive: z.boolean().optional(),
            hr: z.array(z.enum(hrStatuses)).min(1).optional(),
          })
          .refine((when) => Object.keys(when).length > 0, 'must name at least one of tier, executive, hr'),
        groups: groupNames,
        factor: factor.positive(),
      }),
    ),
  }),
  tags: z.record(
    z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/),
    z.strictObject({
      groups: groupNames,
      factor,
      when: z.array(tagEntry.refine((entry) => Object.keys(entry).length > 0, 'must name at least one value')).min(1),
    }),
  ),
  remediation: z.strictObject({
    quietMinutes: z.int().min(0).max(1440),
    remains: z.record(z.enum(relievingClasses as [string, ...string[]]), z.record(name, z.number().min(0).max(1))),
  }),
  levels: z.strictObject({ low: level, medium: level, high: level, critical: level }),
});

export type RiskDocument = z.output<typeof riskModelSchema>;

/** Faults between keys that are each well formed: names without a definition, thresholds out of order. */
export function checkRiskDocument(document: RiskDocument, file: string, locate: Locate): Fault[] {
  const faults: Fault[] = [];
  const fault = (path: readonly (string | number)[], message: string, code = 'E101') =>
    faults.push({ file, ...locate(path), path: path.join('.'), message, code });
  const checkGroup = (group: string, path: readonly (string | number)[]) => {
    if (!Object.hasOwn(document.groups, group)) fault(path, `unknown evidence group ${group}`, 'E106');
  };
  const checkGroups = (groups: 'all' | readonly string[], path: readonly (string | number)[]) => {
    if (groups !== 'all') for (const [index, group] of groups.entries()) checkGroup(group, [...path, index]);
  };

  if (!/^(group|user):\S+$/.test(document.metadata.owner)) fault(['metadata', 'owner'], 'must be group:NAME or user:NAME', 'E113');
  const thresholds = Object.values(document.levels).map((each) => each.enter);
  for (const [type, entry] of Object.entries(document.types)) {
    const path = ['types', type];
    const worth = typeof entry.standalone === 'number' ? [entry.standalone] : Object.values(entry.standalone);
    if (worth.every((each) => each === 0)) {
      if (entry.group !== undefined) fault([...path, 'group'], 'a type with standalone 0 leaves no evidence and has no group');
      if (entry.halfLife !== undefined) fault([...path, 'halfLife'], 'a type with standalone 0 leaves no evidence and has no half-life');
      if (entry.proof === true) fault([...path, 'proof'], 'a type with standalone 0 is no proof');
      continue;
    }
    if (type.includes('.')) fault(path, 'a name with dots is that of an event, which leaves no evidence: standalone is 0');
    if (entry.group === undefined) fault(path, 'a type with evidence needs a group');
    else checkGroup(entry.group, [...path, 'group']);
    if (entry.halfLife === undefined) fault(path, 'a type with evidence needs a halfLife');
    if (typeof entry.standalone !== 'number') {
      const { low, medium, high } = entry.standalone;
      if (low > medium || medium > high) fault([...path, 'standalone'], 'must rise from low to high');
      if (entry.severity === 'ignored') fault([...path, 'severity'], 'a value for each severity cannot be ignored');
    }
    const equal = worth.find((each) => thresholds.includes(each));
    if (equal !== undefined) {
      fault(
        [...path, 'standalone'],
        `${equal} is the entry threshold of a level: it would be lost within seconds of the event; use 1 less or more`,
      );
    }
  }

  for (const [index, rule] of document.confidence.rules.entries()) {
    for (const [at, type] of (rule.types ?? []).entries()) {
      if (!Object.hasOwn(document.types, type)) fault(['confidence', 'rules', index, 'types', at], `unknown signal type ${type}`, 'E106');
    }
  }
  const { multipliers } = document;
  if (multipliers.min > 1 || multipliers.max < 1) fault(['multipliers'], 'min and max must enclose 1');
  for (const [index, row] of multipliers.rows.entries()) checkGroups(row.groups, ['multipliers', 'rows', index, 'groups']);
  for (const [tag, entry] of Object.entries(document.tags)) checkGroups(entry.groups, ['tags', tag, 'groups']);
  for (const [markClass, row] of Object.entries(document.remediation.remains)) {
    for (const group of Object.keys(row)) checkGroup(group, ['remediation', 'remains', markClass, group]);
  }

  let below = { enter: 0, leave: 0 };
  for (const key of ['low', 'medium', 'high', 'critical'] as const) {
    const each = document.levels[key];
    if (each.enter <= below.enter) fault(['levels', key, 'enter'], 'must be above the level below');
    if (each.leave <= below.leave) fault(['levels', key, 'leave'], 'must be above the level below');
    if (each.leave >= each.enter) fault(['levels', key, 'leave'], 'must be under enter');
    below = each;
  }
  return faults;
}

/** Severities in the order in which they weigh. */
export const bandNames = severities;

export const riskModelKind: DocumentKind = { kind: 'RiskModel', place: 'risk.yaml', schema: riskModelSchema };
