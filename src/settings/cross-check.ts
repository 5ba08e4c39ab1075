/** Rules that no single section can see: ids that meet, names that must exist, what only loopback may do. */
import { type SourceKind, sourceKinds } from '../model/signal.ts';
import { isLoopback } from './fields.ts';
import type { Settings } from './schema.ts';

interface MetricsSettings {
  readonly port?: number | undefined;
  readonly open?: boolean | undefined;
}

type Read = Omit<Settings, 'listen' | 'metrics'> & {
  readonly listen: Settings['listen'] & { readonly metrics?: MetricsSettings | undefined };
  readonly metrics: MetricsSettings;
};

/** What could be read of each section; a list keeps its places, with undefined for an item at fault. */
export type Parsed = {
  -readonly [K in keyof Read]?: Read[K] extends readonly (infer Item)[] ? readonly (Item | undefined)[] : Read[K] | undefined;
};

type Report = (path: readonly PropertyKey[], message: string) => void;

/** Reports every fault between sections; sections at fault themselves are passed over. */
export function crossCheck(parsed: Parsed, report: Report): void {
  checkIds(parsed, report);
  checkEnforcement(parsed, report);
  checkListener(parsed, report);
  checkProfiles(parsed, report);
  checkIdentities(parsed, report);
  checkTokens(parsed, report);
  checkOperatorPeople(parsed, report);
}

function checkIds(parsed: Parsed, report: Report): void {
  const seen = new Map<string, string>();
  for (const section of ['connections', 'transmitters'] as const) {
    for (const [index, item] of (parsed[section] ?? []).entries()) {
      if (item === undefined) continue;
      const path = [section, index, 'id'];
      const first = seen.get(item.id);
      if (first !== undefined) report(path, `the id is taken by ${first}; connections and transmitters share one name space`);
      else seen.set(item.id, `${section}[${index}]`);
      const kind = 'kind' in item ? item.kind : 'transmitters';
      if (sourceKinds.includes(item.id as SourceKind) && item.id !== kind)
        report(path, `is the name of a kind of source (${sourceKinds.join(', ')})`);
      if (item.id.startsWith('DT-')) report(path, 'begins like the ids of detections, which are sources too');
    }
  }
  for (const section of ['receivers', 'sinks', 'identities'] as const) {
    repeated((parsed[section] ?? []).map((item) => item?.id)).forEach((index) => {
      report([section, index, 'id'], 'the id is used twice');
    });
  }
}

function checkEnforcement(parsed: Parsed, report: Report): void {
  const known = (section: 'connections' | 'receivers') => new Set((parsed[section] ?? []).map((item) => item?.id));
  const holes = (section: 'connections' | 'receivers') => (parsed[section] ?? []).includes(undefined);
  for (const section of ['connections', 'receivers'] as const) {
    // With an entry at fault its id is not known: a second fault here would only mislead.
    if (holes(section)) continue;
    for (const id of Object.keys(parsed.enforcement?.[section] ?? {})) {
      if (!known(section).has(id)) report(['enforcement', section, id], `names none of the ${section}`);
    }
  }
}

function checkListener(parsed: Parsed, report: Report): void {
  const { listen } = parsed;
  if (listen === undefined) return;
  if (parsed.metrics !== undefined && listen.metrics !== undefined) report(['metrics'], 'stands twice: here and in listen');
  if (!isLoopback(listen.host)) {
    if (parsed.publicUrl === null) report(['publicUrl'], 'is needed where the listener is reached from other machines');
    for (const [index, connection] of (parsed.connections ?? []).entries()) {
      // With an address of its own it runs elsewhere: nothing of it is served here.
      const elsewhere = (connection?.settings as { readonly baseUrl?: unknown } | undefined)?.baseUrl !== undefined;
      if (connection?.provider === 'sandbox' && !connection.trial && !elsewhere) {
        report(['connections', index, 'provider'], 'a sandbox is for loopback only (listen.host) unless it says trial: true');
      }
    }
  }
  const path = parsed.publicUrl ? URL.parse(parsed.publicUrl)?.pathname : undefined;
  if (path !== undefined && listen.basePath !== undefined && path !== listen.basePath)
    report(['listen', 'basePath'], 'differs from the path of publicUrl');
}

function checkProfiles(parsed: Parsed, report: Report): void {
  for (const [index, connection] of (parsed.connections ?? []).entries()) {
    if (connection?.profile === 'sandbox' && connection.provider !== 'sandbox' && !connection.trial) {
      report(['connections', index, 'profile'], 'the guard profile sandbox is for connections of provider sandbox or with trial: true');
    }
  }
}

function checkIdentities(parsed: Parsed, report: Report): void {
  const identities = parsed.identities ?? [];
  const connections = parsed.connections ?? [];
  const known = new Set(connections.map((connection) => connection?.id));
  const owners = new Map<string, number>();
  for (const [index, identity] of identities.entries()) {
    if (identity === undefined) continue;
    const claim = (key: string, path: readonly PropertyKey[]): void => {
      const owner = owners.get(key);
      if (owner !== undefined && owner !== index) report(path, 'names two people: an identifier belongs to one');
      else owners.set(key, index);
    };
    for (const [n, email] of identity.emails.entries()) claim(`email ${email.toLowerCase()}`, ['identities', index, 'emails', n]);
    for (const [n, subject] of identity.subjects.entries())
      claim(`subject ${subject.iss} ${subject.sub}`, ['identities', index, 'subjects', n]);
    if (identity.upn !== undefined) claim(`upn ${identity.upn.toLowerCase()}`, ['identities', index, 'upn']);
    if (identity.employeeNumber !== undefined) claim(`number ${identity.employeeNumber}`, ['identities', index, 'employeeNumber']);
    for (const [n, account] of identity.accounts.entries()) {
      if (!known.has(account.connection) && !connections.includes(undefined))
        report(['identities', index, 'accounts', n, 'connection'], 'names none of the connections');
      claim(`account ${account.connection} ${account.id}`, ['identities', index, 'accounts', n]);
    }
  }
}

function checkTokens(parsed: Parsed, report: Report): void {
  const tokens = parsed.operators?.tokens ?? [];
  for (const index of repeated(tokens.map((token) => token.name))) report(['operators', 'tokens', index, 'name'], 'the name is used twice');
  for (const index of repeated(tokens.map((token) => token.sha256)))
    report(['operators', 'tokens', index, 'sha256'], 'stands for a token that is already listed');
}

/** Addresses may be those of a directory, which nobody has read yet. */
function checkOperatorPeople(parsed: Parsed, report: Report): void {
  const identities = parsed.identities ?? [];
  if (identities.includes(undefined)) return;
  const known = new Set(identities.flatMap((identity) => identity?.id ?? []));
  for (const [name, person] of Object.entries(parsed.operators?.people ?? {}))
    if (!person.includes('@') && !known.has(person))
      report(['operators', 'people', name], 'is the id of none of the identities, and no address');
}

/** The places of values that stood earlier in the list. */
function repeated(values: readonly (string | undefined)[]): number[] {
  return values.flatMap((value, index) => (value !== undefined && values.indexOf(value) < index ? [index] : []));
}
