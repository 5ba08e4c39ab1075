/** What a connection of provider `okta` may say. Faults never repeat a value: several of them are secrets. */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

const textSchema = z.string({ error: 'must be a text' }).min(1, 'must not be empty').max(10_000, 'is too long');

/** As the provider writes ids: `00u…`, `00g…`, `nzo…`. */
const idSchema = z.string({ error: 'must be an id of Okta' }).regex(/^[A-Za-z0-9]{1,64}$/, 'must be an id of Okta, such as 00g1abcd');

/** A secret, or the file that holds it: a file is read again when the provider refuses what it held before. */
const secretSchema = z.union([textSchema, z.strictObject({ file: textSchema })], { error: 'must be a text or { file: PATH }' });

const keySchema = secretSchema.refine((given) => typeof given !== 'string' || isPrivateKey(given), 'must be a private key in PEM form');

const orgUrlSchema = z.string({ error: 'must be a URL' }).superRefine((text, context) => {
  const fault = orgUrlFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const networkSchema = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], { error: 'must be an address or a network in CIDR form' });

const authSchema = z
  .strictObject(
    {
      /** An API token (SSWS). */
      token: secretSchema.optional(),
      /** A service app that proves itself by a key. */
      clientId: idSchema.optional(),
      privateKey: keySchema.optional(),
      /** Which of the client's keys it is; needed where the client has several. */
      keyId: textSchema.optional(),
      /** Whether the app's access tokens are bound to a key of ours (RFC 9449), as its settings at Okta say. */
      dpop: z.boolean({ error: 'must be true or false' }).default(false),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'must be { token } or { clientId, privateKey, keyId, dpop }' : undefined) },
  )
  .transform(({ token, clientId, privateKey, keyId, dpop }, context) => {
    const fail = (message: string, path: string[] = []) => {
      context.addIssue({ code: 'custom', message, path });
      return z.NEVER;
    };
    if (token !== undefined) {
      const surplus = [clientId, privateKey, keyId].some((given) => given !== undefined) || dpop;
      return surplus ? fail('is either a token or a service app, not both') : { token };
    }
    if (clientId === undefined && privateKey === undefined) return fail('needs a token, or clientId and privateKey');
    if (clientId === undefined) return fail('belongs to the privateKey and is missing', ['clientId']);
    if (privateKey === undefined) return fail('belongs to the clientId and is missing', ['privateKey']);
    return { clientId, privateKey, dpop, ...(keyId === undefined ? {} : { keyId }) };
  });

export const oktaSettingsSchema = z.strictObject({
  /** The organisation's own address, as tokens name it: `https://acme.okta.com`. */
  orgUrl: orgUrlSchema,
  auth: authSchema,
  /** Event hook and System Log. A list of two secrets while one replaces the other. */
  events: z
    .strictObject({
      /** What proves an event hook. Absent: events come by the System Log alone. */
      secret: z
        .union([textSchema.transform((one) => [one]), z.array(textSchema).min(1).max(2)], {
          error: 'must be one secret or a list of two',
        })
        .optional(),
      pollSeconds: z.int({ error: 'must be a whole number of seconds' }).min(5, 'must be at least 5').max(3_600).default(15),
    })
    .optional(),
  /** The group whose sign-on rule demands a second factor. Without it `mfa.require` is refused. */
  stepUpGroup: idSchema.optional(),
  /** A blocklist zone that nobody else writes to. Without it `ip.block` is refused. */
  blockZone: idSchema.optional(),
  /** Addresses and networks that are never blocked: those from which one's own people come. */
  egress: z.array(networkSchema).max(1_000).default([]),
  /** The longest that the organisation's authorization servers let an access token live. */
  accessTokenMinutes: z.int({ error: 'must be a whole number of minutes' }).min(5, 'must be at least 5').max(1_440).default(60),
});

export type OktaSettings = z.output<typeof oktaSettingsSchema>;
export type OktaSecret = z.output<typeof secretSchema>;

function orgUrlFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be a URL like https://acme.okta.com';
  if (url.username !== '' || url.password !== '') return 'must not hold credentials';
  if (text.endsWith('/')) return 'must not end with a slash';
  if (text !== url.origin) return 'must be an address alone, in lower case and without a path';
  if (/^[^.]+-admin\.(okta|oktapreview|okta-emea|okta-gov)\.com$/.test(url.hostname))
    return 'must not be the admin console: leave out -admin';
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)) return 'must be https';
  return undefined;
}

function isPrivateKey(pem: string): boolean {
  try {
    return ['rsa', 'ec'].includes(createPrivateKey(pem).asymmetricKeyType ?? '');
  } catch {
    return false;
  }
}
