/** The configuration as it may be shown and recorded: without secrets and personal data, and what changed between two of them. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { JudgingSettings } from '../model/settings.ts';
import type { Settings } from './schema.ts';

export type RedactedValue = string | number | boolean | null | readonly RedactedValue[] | { readonly [key: string]: RedactedValue };
export type RedactedSettings = { readonly [key: string]: RedactedValue };

/** A keyed hash of a hidden value, so that its change shows while the value does not. */
export type Fingerprint = (hidden: string) => string;

const mask = '(hidden)';

/** The keys whose texts and numbers are shown. Everything that is not listed is hidden: a new key is safe until somebody thinks about it. */
const shownKeys = new Set(
  `publicUrl host port basePath trustProxy level dataDir policies mode default maxRung profile provider kind timeZone workingHours dir
   orgUrl tenantId graphUrl loginUrl baseUrl realm pollSeconds stepUpGroup blockZone scheme issuer audience jwksUri metadataUrl wellKnown
   streamId delivery algorithms tolerate extraIssuers formats issuers domains events types rolesClaim allowPrivate noProxy may security`
    .trim()
    .split(/\s+/),
);

/**
 * The same tree with every text and number hidden that is not known to be harmless; people are only counted. Lists of named things
 * become maps by their id, so that a path survives a new entry. Without `fingerprint` a changed secret does not show.
 */
export function redactSettings(settings: Settings, fingerprint?: Fingerprint): RedactedSettings {
  const hide = (value: unknown): string => (fingerprint === undefined ? mask : `${mask} ${fingerprint(canonical(value))}`);

  const redact = (value: unknown, shown: boolean): RedactedValue => {
    if (value === null || value === undefined) return null;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string') return shown ? withoutCredentials(value) : hide(value);
    if (typeof value === 'number') return shown ? value : hide(value);
    if (Array.isArray(value)) return value.map((item) => redact(item, shown));
    return members(value as object);
  };
  const members = (value: object): RedactedSettings =>
    Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        // A key may itself be an address of a person.
        .map(([key, item]) => [key.includes('@') ? hide(key) : key, redact(item, shownKeys.has(key))]),
    );
  /** Who is whom: every value hidden, whatever its name is. */
  const namesOnly = (people: Readonly<Record<string, string>>): RedactedSettings =>
    Object.fromEntries(Object.entries(people).map(([name, person]) => [name.includes('@') ? hide(name) : name, hide(person)]));
  const byId = <T extends { readonly id: string }>(items: readonly T[]): RedactedSettings =>
    Object.fromEntries(items.map(({ id, ...rest }) => [id, members(rest)]));

  const { connections, transmitters, receivers, sinks, signers, operators, identities, enforcement, overrides, ...rest } = settings;
  const of = fingerprint && Object.fromEntries(identities.map((identity) => [fingerprint(identity.id), hide(identity)]));
  return {
    ...members(rest),
    enforcement: redact(enforcement, true) as RedactedSettings,
    overrides: { ...overrides },
    connections: byId(connections),
    transmitters: byId(transmitters),
    receivers: byId(receivers),
    sinks: byId(sinks),
    signers: signers.map((signer) => members(signer)),
    operators: {
      ...members({ oidc: operators.oidc, roles: operators.roles, groups: operators.groups }),
      ...(operators.people === undefined ? {} : { people: namesOnly(operators.people) }),
      tokens: Object.fromEntries(
        operators.tokens.map(({ name, roles, types, sha256 }) => [name, { roles, types: types ?? null, sha256: hide(sha256) }]),
      ),
    },
    identities: {
      count: identities.length,
      protected: identities.filter((identity) => identity.protected).length,
      privileged: identities.filter((identity) => identity.privileged || identity.tier0).length,
      ...(of === undefined ? {} : { of }),
    },
  };
}

/** SHA-256 in hex over what is recorded under it; members' order does not matter (RFC 8785). */
export function configHash(redacted: RedactedSettings, judging: JudgingSettings): string {
  return createHash('sha256').update(canonical({ redacted, judging })).digest('hex');
}

export interface SettingsChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/** The paths at which two redacted trees differ, in order; a whole new or lost branch is named once. */
export function diffSettings(before: RedactedSettings, after: RedactedSettings): SettingsChange[] {
  return compare(before, after, '').sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function compare(before: RedactedValue | undefined, after: RedactedValue | undefined, path: string): SettingsChange[] {
  if (before === undefined) return after === undefined ? [] : [{ path, change: 'added' }];
  if (after === undefined) return [{ path, change: 'removed' }];
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => compare(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return canonical(before) === canonical(after) ? [] : [{ path, change: 'changed' }];
}

function isMap(value: RedactedValue): value is { readonly [key: string]: RedactedValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** An address may carry a password or a key in its query. */
function withoutCredentials(text: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null || (url.username === '' && url.password === '' && url.search === '' && url.hash === '')) return text;
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : `?${mask}`}`;
}

function canonical(value: unknown): string {
  return canonicalize(value) ?? 'null';
}
