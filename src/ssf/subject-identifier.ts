/**
 * Subject identifiers (RFC 9493 section 3.2, SSF section 3.5), one row a format: which members it needs, the form in which its
 * values are compared, and on whose behalf it speaks.
 */
import ipaddr from 'ipaddr.js';
import { isJsonObject, type JsonObject } from './strict-json.ts';

/** `principal`: may be a person, a session or a device, as the place where it stands says (RFC 9493 section 3.1). */
export type Nature = 'principal' | 'credential' | 'network' | 'client';

export interface Identifier {
  readonly format: string;
  readonly nature: Nature;
  /** Canonical: two identifiers of one format name the same exactly if their values are equal. */
  readonly value: string;
  /** Whose name space the value lies in, where the format says so. */
  readonly issuer?: string;
  /** Mail domain or host, in lower case, where the format has one. */
  readonly domain?: string;
}

export type IdentifierResult =
  | { readonly kind: 'known'; readonly identifiers: readonly Identifier[] }
  /** Well formed as far as can be told, of a format that is not known here (SSF section 3.4). */
  | { readonly kind: 'unknownFormat' }
  | { readonly kind: 'malformed' };

type Reading = Omit<Identifier, 'format' | 'nature'>;

interface FormatDefinition {
  readonly nature: Nature;
  readonly needs: readonly string[];
  /** Given the needed members, all of them texts that are not empty. `undefined` when they break the format's rules. */
  read(...members: string[]): Reading | undefined;
}

const issuerAnd = (issuer = '', name = ''): Reading => ({ value: `${issuer} ${name}`, issuer });

const formats: ReadonlyMap<string, FormatDefinition> = new Map<string, FormatDefinition>([
  ['account', { nature: 'principal', needs: ['uri'], read: readAccount }],
  ['email', { nature: 'principal', needs: ['email'], read: readEmail }],
  ['iss_sub', { nature: 'principal', needs: ['iss', 'sub'], read: issuerAnd }],
  ['opaque', { nature: 'principal', needs: ['id'], read: (id = '') => ({ value: id }) }],
  ['phone_number', { nature: 'principal', needs: ['phone_number'], read: readPhone }],
  ['did', { nature: 'principal', needs: ['url'], read: readDid }],
  ['uri', { nature: 'principal', needs: ['uri'], read: readUri }],
  ['jwt_id', { nature: 'credential', needs: ['iss', 'jti'], read: issuerAnd }],
  ['saml_assertion_id', { nature: 'credential', needs: ['issuer', 'assertion_id'], read: issuerAnd }],
]);

/** Subject types of the OAuth event types draft of 2018, which Google sends. */
const legacyFormats: ReadonlyMap<string, FormatDefinition> = new Map<string, FormatDefinition>([
  [
    'oauth_token',
    {
      nature: 'credential',
      needs: ['token_type', 'token_identifier_alg', 'token'],
      read: (type = '', algorithm = '', token = '') => ({ value: `${type} ${algorithm} ${token}` }),
    },
  ],
  ['oauth_client', { nature: 'client', needs: ['client_id'], read: (client = '') => ({ value: client }) }],
]);

/**
 * Reads a simple subject; `aliases` gives all identifiers that are known, of one entity. `legacy` admits the spellings of drafts
 * (`subject_type`, hyphens, Google's subject types). Members that the format does not describe are ignored.
 */
export function readIdentifier(subject: JsonObject, legacy: boolean): IdentifierResult {
  const format = formatOf(subject, legacy);
  if (format === undefined) return { kind: 'malformed' };
  switch (format) {
    case 'aliases':
      return readAliases(subject, legacy);
    case 'complex':
      return { kind: 'malformed' };
    case 'ip-addresses':
      return readAddresses(subject);
    case 'id_token_claims':
      return legacy ? readTokenClaims(subject) : { kind: 'unknownFormat' };
    default:
      return readSingle(format, subject, legacy);
  }
}

/** The format's registered name; `undefined` where none is given. `phone` is an example's slip in SSF section 8.1.3.3. */
export function formatOf(subject: JsonObject, legacy: boolean): string | undefined {
  const format = subject.format ?? (legacy ? subject.subject_type : undefined);
  if (typeof format !== 'string' || format === '') return undefined;
  if (format === 'phone') return 'phone_number';
  return legacy && format !== 'ip-addresses' ? format.replaceAll('-', '_') : format;
}

function readSingle(format: string, subject: JsonObject, legacy: boolean): IdentifierResult {
  const definition = formats.get(format) ?? (legacy ? legacyFormats.get(format) : undefined);
  if (!definition) return { kind: 'unknownFormat' };
  const members: string[] = [];
  for (const name of definition.needs) {
    const member = subject[name];
    if (typeof member !== 'string' || member === '') return { kind: 'malformed' };
    members.push(member);
  }
  const reading = definition.read(...members);
  return reading ? { kind: 'known', identifiers: [{ format, nature: definition.nature, ...reading }] } : { kind: 'malformed' };
}

function readAliases(subject: JsonObject, legacy: boolean): IdentifierResult {
  const entries = subject.identifiers;
  if (!Array.isArray(entries) || entries.length === 0) return { kind: 'malformed' };
  const known: Identifier[] = [];
  for (const entry of entries) {
    if (!isJsonObject(entry) || formatOf(entry, legacy) === 'aliases') return { kind: 'malformed' };
    const result = readIdentifier(entry, legacy);
    if (result.kind === 'malformed') return result;
    // All entries name one entity, so that leaving out one that is not understood widens nothing.
    if (result.kind === 'known') known.push(...result.identifiers.filter((one) => one.nature === 'principal'));
  }
  const distinct = known.filter((one, n) => known.findIndex((other) => other.format === one.format && other.value === one.value) === n);
  return distinct.length > 0 ? { kind: 'known', identifiers: distinct } : { kind: 'unknownFormat' };
}

function readAddresses(subject: JsonObject): IdentifierResult {
  const addresses = subject['ip-addresses'];
  if (!Array.isArray(addresses) || addresses.length === 0) return { kind: 'malformed' };
  const values = addresses.map((address) => (typeof address === 'string' ? canonicalAddress(address) : undefined));
  if (values.includes(undefined)) return { kind: 'malformed' };
  return { kind: 'known', identifiers: values.map((value) => ({ format: 'ip-addresses', nature: 'network', value: value as string })) };
}

const canonicalIpv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Text form by RFC 5952; IPv4 inside IPv6 becomes IPv4. `undefined` for what is no address. */
export function canonicalAddress(text: string): string | undefined {
  if (canonicalIpv4.test(text)) return text;
  // ipaddr.js also takes `1` and `0x7f.1`, which RFC 4001 does not.
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text) && !text.includes(':')) return undefined;
  if (!ipaddr.isValid(text) || text.includes('%')) return undefined;
  return ipaddr.process(text).toString();
}

/** Google's claims of an ID token: issuer and subject, and beside them a mail address. */
function readTokenClaims(subject: JsonObject): IdentifierResult {
  const person = readSingle('iss_sub', subject, true);
  if (person.kind !== 'known' || subject.email === undefined) return person;
  const email = readSingle('email', subject, true);
  return email.kind === 'known' ? { kind: 'known', identifiers: [...person.identifiers, ...email.identifiers] } : email;
}

function readEmail(email = ''): Reading | undefined {
  const at = email.lastIndexOf('@');
  if (at < 1 || at === email.length - 1 || /[\s<>\p{Cc}]/u.test(email)) return undefined;
  const value = email.toLowerCase();
  return { value, domain: value.slice(at + 1) };
}

function readAccount(uri = ''): Reading | undefined {
  const match = /^acct:([^\s@]+)@([^\s@/?#]+)$/i.exec(uri);
  if (!match) return undefined;
  const domain = (match[2] as string).toLowerCase();
  return { value: `acct:${match[1]}@${domain}`, domain };
}

/** E.164; spaces and the usual separators are dropped. */
function readPhone(number = ''): Reading | undefined {
  const value = number.replace(/[\s().-]/g, '');
  return /^\+[1-9]\d{1,14}$/.test(value) ? { value } : undefined;
}

function readDid(url = ''): Reading | undefined {
  return /^did:[a-z0-9]+:\S+$/.test(url) ? { value: url } : undefined;
}

function readUri(uri = ''): Reading | undefined {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(uri)) return undefined;
  const mail = /^mailto:[^?]*@([^?]+)/i.exec(uri)?.[1];
  const host = mail ?? URL.parse(uri)?.hostname;
  return host ? { value: uri, domain: host.toLowerCase() } : { value: uri };
}
