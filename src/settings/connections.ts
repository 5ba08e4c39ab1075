/** One entry of `connections`: what all share is checked here, the rest by the schema of its provider. */
import { z } from 'zod';
import type { SourceKind } from '../model/signal.ts';
import { idSchema, networkSchema } from './fields.ts';

const profileSchema = z.enum(['standard', 'small', 'sandbox'], { error: 'must be standard, small or sandbox' });

/** What every connection may say, of whatever provider. */
export const commonConnectionSchema = z.object({
  id: idSchema,
  provider: z.string({ error: 'must name a provider' }),
  /** Guard profile. Absent: `sandbox` for the provider sandbox, else that of the organisation. */
  profile: profileSchema.optional(),
  /** A tenant without real people: the guard profile sandbox is allowed, and a sandbox may listen beyond loopback. */
  trial: z.boolean({ error: 'must be true or false' }).default(false),
  network: z.strictObject({ allowPrivate: z.array(networkSchema).default([]) }).default({ allowPrivate: [] }),
});

export const commonConnectionKeys = Object.keys(commonConnectionSchema.shape);

export type CommonConnection = z.output<typeof commonConnectionSchema>;

/** A configured connection. `settings` is the output of its provider's schema. */
export interface ConnectionSettings {
  readonly id: string;
  readonly provider: string;
  readonly profile: 'standard' | 'small' | 'sandbox';
  readonly trial: boolean;
  /** What a policy's `sources` means by kind. */
  readonly kind: SourceKind;
  /** Private networks that calls of this connection may reach, beside `network.allowPrivate`. */
  readonly allowPrivate: readonly string[];
  readonly settings: unknown;
}

/** Identity providers are `idp`, a SCIM source is `hr`, a webhook says so itself. */
export function sourceKindOf(provider: string, settings: unknown): SourceKind {
  if (provider === 'scim') return 'hr';
  if (provider !== 'webhook') return 'idp';
  const kind = (settings as { readonly kind?: unknown } | null)?.kind;
  return kind === 'edr' || kind === 'siem' || kind === 'hr' ? kind : 'siem';
}
