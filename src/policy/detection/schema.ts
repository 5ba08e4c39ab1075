/** The document `kind: Detection`: which events are counted, by what, within which span, and what they amount to. */
import { z } from 'zod';
import type { DocumentKind } from '../../model/document-kind.ts';
import { severities } from '../../model/signal.ts';
import { durationSchema } from '../schema.ts';

const typeName = z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/, 'the name of a signal type');
const words = z.string().trim().min(1).max(2000);

export const groupKeys = ['subject.id', 'signal.ip'] as const;
export type GroupKey = (typeof groupKeys)[number];

export const factSources = ['eventCount', 'valueCount(subject.id)'] as const;
export type FactSource = (typeof factSources)[number];

/** The ring of one key is read and written as a whole, so it stays small. */
const mostEvents = 1024;

const metadataSchema = z.strictObject({
  /** Also the source of its signals, so it lies in a name space of its own. */
  id: z.string().regex(/^DT-[A-Za-z0-9-]{1,60}$/, '`DT-` and letters, digits and `-`'),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and `-`'),
  version: z.int().min(1),
  title: words.optional(),
  /** `group:` or `user:`, judged as E113. */
  owner: z.string().min(1).max(200),
  rationale: words.optional(),
  falsePositives: z.array(words).max(32).optional(),
  attack: z
    .array(z.string().regex(/^T\d{4}(\.\d{3})?$/, 'an ATT&CK technique like T1078.004'))
    .max(32)
    .optional(),
  links: z.array(z.url()).max(32).optional(),
});

const givenEventSchema = z.strictObject({
  type: typeName,
  count: z.int().min(1).max(mostEvents).default(1),
  /** From the first of them to the last. */
  over: durationSchema.optional(),
  /** From the last event of the line before. */
  after: durationSchema.optional(),
});

const testSchema = z.strictObject({
  name: words,
  events: z.array(givenEventSchema).min(1).max(64),
  expect: z.strictObject({ emit: z.boolean(), severity: z.enum(severities).optional() }),
});

export const detectionSchema = z.strictObject({
  apiVersion: z.literal('rescind/v1'),
  kind: z.literal('Detection'),
  metadata: metadataSchema,
  from: z.strictObject({ events: z.array(typeName).min(1).max(16) }),
  groupBy: z.tuple([z.enum(groupKeys)]),
  window: z.strictObject({
    type: z.literal('eventCount', { error: 'eventCount is the only window of this version' }),
    timespan: durationSchema,
    gte: z.int().min(2).max(mostEvents),
  }),
  /** A follow-up raises the severity. */
  // biome-ignore lint/suspicious/noThenProperty: the key of the document, an English word
  then: z
    .array(z.strictObject({ ifFollowedBy: typeName, within: durationSchema, severity: z.enum(severities) }))
    .max(4)
    .optional(),
  emit: z.strictObject({
    signal: typeName,
    severity: z.enum(severities),
    dedupeKey: z.enum(groupKeys),
    confidence: z.number().min(0.05).max(1),
    /** Absent: the person. */
    subject: z.strictObject({ kind: z.literal('network'), id: z.literal('signal.ip') }).optional(),
    facts: z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/), z.enum(factSources)).optional(),
  }),
  bound: z.strictObject({ perSubject: z.int().min(2).max(mostEvents) }),
  late: durationSchema,
  tests: z.array(testSchema).max(200).optional(),
});

export type DetectionDocument = z.output<typeof detectionSchema>;
export type DetectionTest = NonNullable<DetectionDocument['tests']>[number];

export const detectionKind: DocumentKind = { kind: 'Detection', place: 'detections/*.yaml', schema: detectionSchema };
