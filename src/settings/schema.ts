/** The schema of `rescind.yaml`, section by section. Unknown keys are faults everywhere. */
import { z } from 'zod';
import type { Enforcement } from '../model/settings.ts';
import { type TransmitterSettings, transmitterSettingsSchema } from '../ssf/transmitter-settings.ts';
import type { ConnectionSettings } from './connections.ts';
import { absentEnforcement, enforcementSchema } from './enforcement.ts';
import { idSchema, isLoopback, listOrOne, networkSchema, sha256Schema, textSchema, timeZoneSchema, urlSchema } from './fields.ts';
import { type IdentitySettings, identitySchema, type OperatorSettings, operatorsSchema } from './people.ts';
import { type SinkSettings, sinkSchema } from './sinks.ts';

const portSchema = z.int({ error: 'must be a whole number' }).min(0, 'must be a port').max(65_535, 'must be a port');
const switchSchema = z.boolean({ error: 'must be true or false' });

/** Issuer of our transmitter and audience of our receiver: compared byte for byte, so its form is fixed. */
const publicUrlSchema = urlSchema
  .refine((text) => !URL.parse(text)?.search && !text.endsWith('/'), 'must have no query and no slash at its end')
  .refine((text) => {
    const url = URL.parse(text);
    return url === null || url.protocol === 'https:' || isLoopback(url.hostname);
  }, 'must be https unless it is a loopback address');

const metricsSchema = z.strictObject({ port: portSchema.optional(), open: switchSchema.optional() });

const listenSchema = z.strictObject({
  host: textSchema.default('127.0.0.1'),
  /** 0: any free port. */
  port: portSchema.default(8440),
  tls: z.strictObject({ cert: textSchema, key: textSchema }).optional(),
  /** Number of proxies in front, or their networks. */
  trustProxy: z
    .union([switchSchema, z.int().min(0).max(10), z.array(networkSchema)], { error: 'must be a number of proxies, or a list of networks' })
    .default(false),
  basePath: z
    .string({ error: 'must be a path' })
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/, 'must begin with a slash and not end in one')
    .optional(),
  metrics: metricsSchema.optional(),
});

const hoursSchema = z
  .string({ error: 'must be a text' })
  .regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)$/, 'must have the form "08:00-17:00"');

const organisationSchema = z.strictObject({
  name: textSchema.optional(),
  /** Absent: a leaver without a zone of their own is held. */
  timeZone: timeZoneSchema.optional(),
  workingHours: hoursSchema.optional(),
  entities: z.record(idSchema, z.strictObject({ timeZone: timeZoneSchema.optional(), workingHours: hoursSchema.optional() })).default({}),
});

const keysSchema = z
  .strictObject({
    provider: z.enum(['file', 'kms-command'], { error: 'must be file or kms-command' }).default('file'),
    dir: textSchema.optional(),
    wrap: textSchema.optional(),
    command: listOrOne(textSchema).optional(),
  })
  .refine((keys) => (keys.provider === 'kms-command') === (keys.command !== undefined), {
    path: ['command'],
    error: 'belongs to the provider kms-command, which needs it',
  });

const signerSchema = z.strictObject({
  name: textSchema,
  /** An SSH or OpenPGP public key in text form. */
  key: textSchema,
  may: z.array(z.enum(['author', 'review'], { error: 'must be author or review' })).default(['author', 'review']),
});

const receiverSchema = z
  .strictObject({
    id: idSchema,
    token: z.strictObject({ sha256: sha256Schema }).optional(),
    oauth: z.strictObject({ clientId: idSchema, secretSha256: sha256Schema }).optional(),
    audience: listOrOne(textSchema),
    /** Short CAEP and RISC names, or whole event type URIs. */
    events: z
      .array(z.string({ error: 'must be a text' }).regex(/^([a-z][a-z0-9-]*|https:\/\/\S+)$/, 'must be an event name or URI'))
      .min(1, 'needs at least one event'),
  })
  .refine((receiver) => (receiver.token === undefined) !== (receiver.oauth === undefined), 'needs either token or oauth');

const networkSettingsSchema = z.strictObject({
  allowPrivate: z.array(networkSchema).default([]),
  proxy: textSchema.optional(),
  noProxy: z.array(textSchema).default([]),
  ca: listOrOne(textSchema).optional(),
});

/** One schema a key of the file; a list is checked item by item, and `connections` by provider (see `readSettings`). */
export const sections = {
  publicUrl: publicUrlSchema.nullable().default(null),
  listen: listenSchema.prefault({}),
  metrics: metricsSchema.optional(),
  dataDir: textSchema.default('.rescind'),
  database: z
    .strictObject({
      url: z
        .string({ error: 'must be a text' })
        .regex(/^postgres(ql)?:\/\//, 'must begin with postgres://')
        .optional(),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
          error: 'must be trace, debug, info, warn, error, fatal or silent',
        })
        .default('info'),
    })
    .prefault({}),
  policies: textSchema.default('./policies'),
  enforcement: enforcementSchema.default(absentEnforcement),
  overrides: z
    .record(
      z.string().regex(/^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$/, 'must be a policy id such as RP-017'),
      z.literal('enforce', { error: 'must be enforce: an override can only lift' }),
    )
    .default({}),
  profile: z.enum(['standard', 'small'], { error: 'must be standard or small' }).default('standard'),
  organisation: organisationSchema.prefault({}),
  keys: keysSchema.optional(),
  operators: operatorsSchema.prefault({}),
  network: networkSettingsSchema.prefault({}),
} as const satisfies Record<string, z.ZodType>;

/** The sections that are lists, with the schema of one item. */
export const lists = {
  signers: signerSchema,
  transmitters: transmitterSettingsSchema,
  receivers: receiverSchema,
  identities: identitySchema,
  sinks: sinkSchema,
} as const satisfies Record<string, z.ZodType>;

export const sectionNames: readonly string[] = [...Object.keys(sections), ...Object.keys(lists), 'connections'];

type Section<K extends keyof typeof sections> = z.output<(typeof sections)[K]>;

/** The whole configuration, checked and completed. Holds secrets: never log it, use `redactSettings`. */
export interface Settings {
  /** Null: the address that the listener gets, where that is loopback. */
  readonly publicUrl: string | null;
  readonly listen: Omit<Section<'listen'>, 'metrics'>;
  /** `port` absent: metrics are served by the main listener. `open`: without a token. */
  readonly metrics: { readonly port?: number; readonly open: boolean };
  readonly dataDir: string;
  /** `url` absent: the embedded PostgreSQL in `dataDir`. */
  readonly database: { readonly url?: string };
  readonly log: Section<'log'>;
  readonly policies: string;
  readonly enforcement: Enforcement;
  readonly overrides: Readonly<Record<string, 'enforce'>>;
  readonly profile: 'standard' | 'small';
  readonly organisation: Section<'organisation'>;
  /** Absent: keys are made in `dataDir`. */
  readonly keys?: z.output<typeof keysSchema>;
  readonly signers: readonly z.output<typeof signerSchema>[];
  readonly connections: readonly ConnectionSettings[];
  readonly transmitters: readonly TransmitterSettings[];
  readonly receivers: readonly z.output<typeof receiverSchema>[];
  readonly operators: OperatorSettings;
  readonly identities: readonly IdentitySettings[];
  readonly sinks: readonly SinkSettings[];
  readonly network: Section<'network'>;
}
