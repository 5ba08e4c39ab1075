/** Ways of telling others: who is told of what, and how. */
import { z } from 'zod';
import { noticeTypes } from '../model/notice.ts';
import { idSchema, isLoopback, listOrOne, networkSchema, textSchema, urlSchema } from './fields.ts';

const secretSchema = z
  .string({ error: 'must be a text' })
  .regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, 'must be whsec_ and the base64 of 24 to 64 bytes');

/** Standard Webhooks. Two secrets while one takes the place of the other. */
const webhookSchema = z.strictObject({
  id: idSchema,
  kind: z.literal('webhook'),
  url: urlSchema.refine((text) => {
    const url = URL.parse(text);
    return url === null || url.protocol === 'https:' || isLoopback(url.hostname);
  }, 'must be https unless it is a loopback address'),
  secret: listOrOne(secretSchema).refine((secrets) => secrets.length <= 2, 'must be one secret, or two while they change'),
  /** A header beside the signature, for receivers that cannot check one. */
  authorization: textSchema.optional(),
  /** Absent: of everything. */
  events: z
    .array(z.enum(noticeTypes, { error: `must be one of ${noticeTypes.join(', ')}` }))
    .min(1, 'needs at least one event')
    .optional(),
  /** Whether it may be told who is meant. */
  people: z.boolean({ error: 'must be true or false' }).default(false),
  allowPrivate: z.array(networkSchema).default([]),
});

/** Kinds that are not served yet are told at the start; what they need is theirs. */
const otherSchema = z.looseObject({ id: idSchema, kind: z.enum(['smtp'], { error: 'must be webhook or smtp' }) });

export const sinkSchema = z.discriminatedUnion('kind', [webhookSchema, otherSchema], { error: 'must have a kind: webhook or smtp' });

export type SinkSettings = z.output<typeof sinkSchema>;
export type WebhookSettings = z.output<typeof webhookSchema>;
