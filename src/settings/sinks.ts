/** Ways of telling others: who is told of what, and how. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { noticeTypes } from '../model/notice.ts';
import { idSchema, isLoopback, listOrOne, networkSchema, textSchema, urlSchema } from './fields.ts';

const secretSchema = z
  .string({ error: 'must be a text' })
  .regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, 'must be whsec_ and the base64 of 24 to 64 bytes');

const common = {
  id: idSchema,
  /** Absent: of everything. */
  events: z
    .array(z.enum(noticeTypes, { error: `must be one of ${noticeTypes.join(', ')}` }))
    .min(1, 'needs at least one event')
    .optional(),
  /** Whether it may be told who is meant. */
  people: z.boolean({ error: 'must be true or false' }).default(false),
  allowPrivate: z.array(networkSchema).default([]),
};

/** Standard Webhooks. Two secrets while one takes the place of the other. */
const webhookSchema = z.strictObject({
  ...common,
  kind: z.literal('webhook'),
  url: urlSchema.refine((text) => {
    const url = URL.parse(text);
    return url === null || url.protocol === 'https:' || isLoopback(url.hostname);
  }, 'must be https unless it is a loopback address'),
  secret: listOrOne(secretSchema).refine((secrets) => secrets.length <= 2, 'must be one secret, or two while they change'),
  /** A header beside the signature, for receivers that cannot check one. */
  authorization: textSchema.optional(),
});

const hostSchema = z
  .string({ error: 'must be a host' })
  .refine(
    (host) =>
      ipaddr.isValid(host) || /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(host),
    'must be a host name or an address',
  );

/** One plain address: no name, no quotes, nothing that a header could be broken with. */
const mailboxSchema = z
  .string({ error: 'must be a mail address' })
  .max(254, 'is too long')
  .regex(
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
    'must be one mail address like soc@example.com',
  );

/** Mail, by way of one server. */
const smtpSchema = z
  .strictObject({
    ...common,
    kind: z.literal('smtp'),
    host: hostSchema,
    port: z.int({ error: 'must be a whole number' }).min(1, 'must be a port').max(65_535, 'must be a port'),
    security: z.enum(['starttls', 'tls', 'none'], { error: 'must be starttls, tls or none' }),
    user: textSchema.optional(),
    password: textSchema.optional(),
    from: mailboxSchema,
    to: listOrOne(mailboxSchema),
  })
  .refine((sink) => sink.security !== 'none' || isLoopback(sink.host), {
    path: ['security'],
    error: 'may be none only where the host is a loopback address',
  })
  .refine((sink) => (sink.user === undefined) === (sink.password === undefined), {
    path: ['password'],
    error: 'belongs to user, which needs it',
  });

export const sinkSchema = z.discriminatedUnion('kind', [webhookSchema, smtpSchema], { error: 'must have a kind: webhook or smtp' });

export type SinkSettings = z.output<typeof sinkSchema>;
