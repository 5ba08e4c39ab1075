/**
 * Verifies a Security Event Token (RFC 8417) as a receiver must: for one stream, with that stream's issuer, audience, algorithms and
 * keys. What the event means is not asked here.
 */
import type { Instant } from '../model/clock.ts';
import { type CompactToken, readCompactToken } from './compact-token.ts';
import { eventUriOf } from './event-uris.ts';
import type { KeySource } from './key-source.ts';
import type { VerificationKey } from './keys.ts';
import { type SetFault, type SetFaultCode, setFault } from './set-fault.ts';
import { isJsonObject, type JsonObject } from './strict-json.ts';
import { ownIssuers, type SignatureAlgorithm, type Tolerance, type TransmitterSettings } from './transmitter-settings.ts';
import { isSignedBy } from './verify-signature.ts';

/** How far `iat` may lie ahead of our clock (RFC 7519 section 4.1.6). */
export const clockSkewMs = 300_000;

export interface SetPolicy {
  readonly issuers: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly tolerate: ReadonlySet<Tolerance>;
}

export function setPolicyOf(settings: TransmitterSettings): SetPolicy {
  return {
    issuers: new Set(ownIssuers(settings)),
    audiences: new Set(settings.audience),
    algorithms: settings.algorithms,
    tolerate: new Set(settings.tolerate),
  };
}

/** Leniencies that a token made use of, to be counted. */
export type SetNote = 'genericTyp' | 'expIgnored' | 'subIgnored';

export interface VerifiedSet {
  readonly iss: string;
  readonly jti: string;
  readonly iatAt: Instant;
  /** Time of the event by the claim `toe`. */
  readonly toeAt: Instant | undefined;
  readonly txn: string | undefined;
  /** The one event: its type in the current spelling, and what it says. */
  readonly eventUri: string;
  readonly payload: JsonObject;
  readonly claims: JsonObject;
  /** RFC 7638 thumbprint of the key that verified. */
  readonly provenBy: string;
  readonly notes: readonly SetNote[];
}

export type SetResult =
  | { readonly ok: true; readonly set: VerifiedSet }
  /** `proven`: the signature had verified before the fault was found. */
  | { readonly ok: false; readonly fault: SetFault; readonly proven: boolean };

/**
 * Checks token, key, signature and claims, in this order; a repeat is judged as if it were the first (RFC 8935 section 2). Rejects
 * only if `keys` does. The issuer is compared before a key is asked for, so that one stream's tokens never touch another's keys.
 */
export async function verifySet(text: string, policy: SetPolicy, keys: KeySource, now: Instant): Promise<SetResult> {
  const read = readCompactToken(text);
  if (!read.ok) return refuse(read.fault);
  const { token } = read;
  const notes: SetNote[] = [];
  const headerFault = checkHeader(token, policy, notes);
  if (headerFault) return refuse(headerFault);
  const { iss } = token.claims;
  if (typeof iss !== 'string' || !policy.issuers.has(iss)) return refuse('issuer');

  const lookup = await keys.find(token);
  switch (lookup.kind) {
    case 'unknown':
      return refuse('keyUnknown');
    case 'unacceptable':
      return refuse('keyUnacceptable');
    case 'unavailable':
      return refuse('keysUnavailable');
    case 'found':
      break;
    default:
      lookup satisfies never;
  }
  const key = await findSigner(text, lookup.keys);
  if (!key) return refuse('signature');
  return checkClaims(iss, token.claims, policy, key.thumbprint, notes, now);
}

function refuse(code: SetFaultCode, proven = false): SetResult {
  return { ok: false, fault: setFault(code), proven };
}

function checkHeader(token: CompactToken, policy: SetPolicy, notes: SetNote[]): SetFaultCode | undefined {
  if (!(policy.algorithms as readonly string[]).includes(token.alg)) return 'algorithm';
  const { typ } = token.header;
  const media = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (media === 'secevent+jwt') return undefined;
  if (!policy.tolerate.has('allowGenericTyp') || (media !== undefined && media !== 'jwt')) return 'typ';
  notes.push('genericTyp');
  return undefined;
}

async function findSigner(text: string, candidates: readonly VerificationKey[]): Promise<VerificationKey | undefined> {
  for (const candidate of candidates) if (await isSignedBy(text, candidate)) return candidate;
  return undefined;
}

function checkClaims(iss: string, claims: JsonObject, policy: SetPolicy, provenBy: string, notes: SetNote[], now: Instant): SetResult {
  const fault = (code: SetFaultCode) => refuse(code, true);
  const { aud, jti, iat, exp, sub, events, toe, txn } = claims;
  const audiences = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : [];
  if (!audiences.every((one) => typeof one === 'string') || !audiences.some((one) => policy.audiences.has(one as string)))
    return fault('audience');
  if (exp !== undefined || sub !== undefined) {
    if (!policy.tolerate.has('allowExpSub')) return fault('expOrSub');
    if (exp !== undefined && !(typeof exp === 'number' && exp * 1000 > now)) return fault('expired');
    if (exp !== undefined) notes.push('expIgnored');
    if (sub !== undefined) notes.push('subIgnored');
  }
  if (typeof jti !== 'string' || jti === '') return fault('jti');
  if (typeof iat !== 'number' || iat < 0) return fault('iat');
  const iatAt = Math.floor(iat * 1000);
  if (iatAt > now + clockSkewMs) return fault('iatAhead');
  const event = readEvent(events, policy.tolerate.has('allowLegacySubject'));
  if (typeof event === 'string') return fault(event);
  const set: VerifiedSet = {
    iss,
    jti,
    iatAt,
    toeAt: typeof toe === 'number' && toe >= 0 && toe * 1000 <= 8.64e15 ? Math.floor(toe * 1000) : undefined,
    txn: typeof txn === 'string' && txn !== '' && Buffer.byteLength(txn) <= 256 ? txn : undefined,
    eventUri: event.uri,
    payload: event.payload,
    claims,
    provenBy,
    notes,
  };
  return { ok: true, set };
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** One event; several names only where all are spellings of one type, the current spelling then speaks (SSF section 4.2.1). */
function readEvent(events: JsonObject[string], legacy: boolean): { readonly uri: string; readonly payload: JsonObject } | SetFaultCode {
  if (!isJsonObject(events)) return 'events';
  const names = Object.keys(events);
  const [first] = names;
  if (first === undefined || !names.every((name) => isJsonObject(events[name]) && isUri(name))) return 'events';
  if (names.includes(logoutEvent)) return 'foreignToken';
  const uri = eventUriOf(first, legacy);
  if (!names.every((name) => eventUriOf(name, legacy) === uri)) return 'severalEvents';
  return { uri, payload: (events[uri] ?? events[first]) as JsonObject };
}

function isUri(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(text);
}
