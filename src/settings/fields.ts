/** Small schemas that several sections of the configuration share. Their messages never repeat the value. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

export const textSchema = z.string({ error: 'must be a text' }).min(1, 'must not be empty').max(10_000, 'is too long');

/** Ids stand in paths, ledger cores and lock names. */
export const idSchema = z
  .string({ error: 'must be a text' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,62}$/, 'must be 1-63 characters of A-Z a-z 0-9 . _ ~ - and begin with a letter or digit');

/** SHA-256 in hex, in lower case. */
export const sha256Schema = z
  .string({ error: 'must be a text' })
  .regex(/^[0-9A-Fa-f]{64}$/, 'must be a SHA-256 in hex (64 digits)')
  .transform((hex) => hex.toLowerCase());

/** An absolute http or https URL without credentials; compared byte for byte, so it is not normalised. */
export const urlSchema = z
  .string({ error: 'must be a URL' })
  .refine((text) => isPlainUrl(text), 'must be an http(s) URL without credentials or fragment');

/** One address or network in CIDR form. */
export const networkSchema = z.string({ error: 'must be an address or a network' }).refine((text) => {
  try {
    return text.includes('/') ? ipaddr.parseCIDR(text).length === 2 : ipaddr.isValid(text);
  } catch {
    return false;
  }
}, 'must be an address or a network in CIDR form');

/** A zone of the IANA database by name, e.g. `Europe/Oslo`; offsets are refused, since they know no summer time. */
export const timeZoneSchema = z.string({ error: 'must be a time zone' }).refine((zone) => {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}, 'must be a time zone of the IANA database, such as Europe/Oslo');

export const listOrOne = <S extends z.ZodType>(schema: S) =>
  z.union([schema.transform((one) => [one]), z.array(schema).min(1)], { error: 'must be one value or a list of them' });

export function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === '' && !/\s/.test(text)
  );
}

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || (ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback');
}
