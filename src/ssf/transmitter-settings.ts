/** One entry of `transmitters` in the configuration: a stream that we receive, and how far its sender is trusted. */
import { z } from 'zod';

const text = z.string({ error: 'must be a text' }).min(1, 'must not be empty').max(4096, 'is too long');
const id = text.regex(
  /^[A-Za-z0-9][A-Za-z0-9._~-]{0,62}$/,
  'must be 1-63 characters of A-Z a-z 0-9 . _ ~ - and begin with a letter or digit',
);
const url = text.refine(isWebUrl, 'must be an http(s) URL without credentials or fragment');
const issuer = url.refine((value) => !value.includes('?'), 'must have no query');
const headerValue = text.refine((value) => /^[\t\x20-\x7e]+$/.test(value), 'must be one line of ASCII');

const listOrOne = (one: typeof text) =>
  z.union([one.transform((value) => [value]), z.array(one).min(1)], { error: 'must be one text or a list of them' });

/** Signature algorithms that may be allowed; symmetric ones and `none` can not be named. */
export const signatureAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** Named leniencies towards older or unusual senders. None is on unless it is listed. */
export const tolerances = ['allowGenericTyp', 'allowLegacySubject', 'allowLegacyDeliveryUris', 'allowExpSub'] as const;
export type Tolerance = (typeof tolerances)[number];

/** Remediations that a SET may report of itself; which of them count is the receiver's word. */
export const transmitterMarks = ['password_reset', 'device_remediated'] as const;

const mayNameSchema = z.strictObject({
  /** Subject identifier formats by their registered names, also inside complex subjects and aliases. */
  formats: z.array(text).min(1).optional(),
  /** Absent: the transmitter's own issuer. */
  issuers: z.array(text).min(1).optional(),
  domains: z
    .array(text.transform((domain) => domain.toLowerCase()))
    .min(1)
    .optional(),
  /** Values of the `tenant` member of complex subjects that mean this organisation. */
  tenants: z.array(text).min(1).optional(),
});

const oauthSchema = z.strictObject({
  tokenUrl: url,
  clientId: text,
  clientSecret: text.optional(),
  privateKey: z.string().min(1).optional(),
  refreshToken: text.optional(),
});

export const transmitterSettingsSchema = z.strictObject({
  id,
  /** Compared byte for byte with `iss` (SSF section 4.1.6). */
  issuer,
  audience: listOrOne(text),
  /** Absent: found through the issuer's metadata. */
  jwksUri: url.optional(),
  metadataUrl: url.optional(),
  wellKnown: z.enum(['ssf', 'sse', 'risc']).default('ssf'),
  streamId: text.optional(),
  delivery: z.enum(['push', 'poll']).default('push'),
  /** The whole value that a push must carry in `Authorization`, scheme included. */
  authorizationHeader: headerValue.optional(),
  token: headerValue.optional(),
  oauth: oauthSchema.optional(),
  algorithms: z.array(z.enum(signatureAlgorithms)).min(1).default(['RS256']),
  mayName: mayNameSchema.default({}),
  tolerate: z.array(z.enum(tolerances)).default([]),
  /** Other spellings of `issuer` that its tokens may carry. */
  extraIssuers: z.array(issuer).default([]),
  marks: z.array(z.enum(transmitterMarks)).default([]),
});

export type TransmitterSettings = z.output<typeof transmitterSettingsSchema>;

/** Every spelling of the issuer that is its own. */
export function ownIssuers(settings: Pick<TransmitterSettings, 'issuer' | 'extraIssuers'>): readonly string[] {
  return [settings.issuer, ...settings.extraIssuers];
}

function isWebUrl(value: string): boolean {
  const parsed = URL.parse(value);
  return (
    parsed !== null &&
    /^https?:$/.test(parsed.protocol) &&
    parsed.username === '' &&
    parsed.password === '' &&
    !value.includes('#') &&
    !/\s/.test(value)
  );
}
