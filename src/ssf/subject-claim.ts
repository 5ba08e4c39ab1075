/**
 * From a sender's subject to a `SubjectClaim`. A complex subject is an intersection (SSF section 3.3.1): a member that cannot be
 * honoured blocks the claim, it never widens it (sections 3.6 and 3.1.3).
 */
import type { IdentifierKey, SubjectBlock, SubjectClaim, SubjectKind } from '../model/subject.ts';
import { type Authority, mayName, mayUse } from './authority.ts';
import { isJsonObject, type JsonObject } from './strict-json.ts';
import { formatOf, type Identifier, readIdentifier } from './subject-identifier.ts';

/**
 * What an event is about, which a format cannot tell: `sessions` where a token or an opaque id is a session and user + device are
 * the sessions there, `posture` where a device is meant even beside its user.
 */
export type Focus = 'person' | 'user' | 'sessions' | 'session' | 'posture' | 'device' | 'asset';

export interface SubjectRules {
  /** Spellings of drafts are understood. */
  readonly legacy: boolean;
  /** Absent: the sender may name anybody. */
  readonly authority: Authority | undefined;
  /** Members that must be understood (SSF section 7.1). */
  readonly critical: readonly string[];
  /** An opaque id that names the stream and nobody else. */
  readonly streamId: string | undefined;
  /** An opaque id means something only in its sender's name space. */
  opaqueKey(id: string): IdentifierKey;
  /** Further members that name a thing, not a person. */
  readonly things: readonly SubjectKind[];
}

export type ClaimResult = { readonly ok: true; readonly claim: SubjectClaim } | { readonly ok: false };

/** `ok: false`: no subject identifier at all, or one without what its format requires (RFC 9493 section 3). */
export function readSubjectClaim(subject: JsonObject, focus: Focus, rules: SubjectRules): ClaimResult {
  const format = formatOf(subject, rules.legacy);
  const complex = format === 'complex' || (format === undefined && rules.legacy);
  return complex ? readComplex(subject, focus, rules) : readSimple(subject, focus, rules);
}

/** The claim of an event that names nobody. */
export function claimOfNobody(focus: Focus, blocked: SubjectBlock): SubjectClaim {
  return { kind: kindOf(focus), person: [], blocked };
}

function kindOf(focus: Focus): SubjectKind {
  switch (focus) {
    case 'person':
    case 'user':
    case 'sessions':
      return 'person';
    case 'posture':
    case 'device':
      return 'device';
    case 'session':
    case 'asset':
      return focus;
    default:
      return focus satisfies never;
  }
}

function readSimple(subject: JsonObject, focus: Focus, rules: SubjectRules): ClaimResult {
  const result = readIdentifier(subject, rules.legacy);
  if (result.kind === 'malformed') return { ok: false };
  if (result.kind === 'unknownFormat') return { ok: true, claim: claimOfNobody(focus, 'unknownFormat') };
  const { identifiers } = result;
  const [first] = identifiers as readonly [Identifier, ...Identifier[]];
  const { authority } = rules;
  const blocks = new Set<SubjectBlock>();
  if (authority && !identifiers.every((one) => mayName(authority, one))) blocks.add('mayNotName');
  if (first.format === 'opaque' && first.value === rules.streamId) blocks.add('formatOnlyNamesStream');
  if (first.nature === 'network' && identifiers.length > 1) blocks.add('unknownMember');
  return claimed(simpleClaim(identifiers, first, focus, rules), blocks);
}

function simpleClaim(identifiers: readonly Identifier[], first: Identifier, focus: Focus, rules: SubjectRules): SubjectClaim {
  const kind = simpleKind(first, focus);
  switch (kind) {
    case 'person':
    case 'account':
      return { kind, person: keysOf(identifiers, rules) };
    case 'session':
      return { kind, person: [], session: first.value };
    case 'device':
    case 'network':
    case 'host':
    case 'asset':
      return { kind, person: [], id: first.value };
    default:
      return kind satisfies never;
  }
}

function simpleKind(identifier: Identifier, focus: Focus): SubjectKind {
  if (focus === 'device' || focus === 'posture') return 'device';
  if (focus === 'asset' || identifier.nature === 'client') return 'asset';
  if (identifier.nature === 'network') return 'network';
  if (focus === 'session' || identifier.nature === 'credential') return 'session';
  return focus === 'sessions' && identifier.format === 'opaque' ? 'session' : 'person';
}

function keysOf(identifiers: readonly Identifier[], rules: SubjectRules): readonly IdentifierKey[] {
  return identifiers.map(({ format, value }) => (format === 'opaque' ? rules.opaqueKey(value) : { format, value }));
}

interface Members {
  readonly user?: readonly Identifier[];
  readonly session?: Identifier;
  readonly device?: Identifier;
  readonly tenant?: Identifier;
  /** The first member that names a thing or a set of people. */
  readonly thing?: { readonly name: string; readonly identifier: Identifier };
}

type Writable<T> = { -readonly [M in keyof T]: T[M] };

function readComplex(subject: JsonObject, focus: Focus, rules: SubjectRules): ClaimResult {
  const names = Object.keys(subject).filter((name) => name !== 'format' && name !== 'subject_type');
  if (names.length === 0) return { ok: false };
  const blocks = new Set<SubjectBlock>();
  const members: Writable<Members> = {};
  for (const name of names) {
    const member = subject[name];
    const identifiers = isJsonObject(member) ? readIdentifier(member, rules.legacy) : { kind: 'malformed' as const };
    const usable = identifiers.kind === 'known' && fits(name, identifiers.identifiers, members, focus, rules, blocks);
    if (usable) continue;
    if (rules.critical.includes(name)) blocks.add('criticalMember');
    else if (!isNarrowing(name)) blocks.add('unknownMember');
    else if (identifiers.kind === 'malformed') return { ok: false };
    else if (identifiers.kind === 'unknownFormat') blocks.add('unknownFormat');
  }
  const claim = complexClaim(members, focus, rules);
  if (claim.noSubject) blocks.add('noSubject');
  return claimed(claim.claim, blocks);
}

function isNarrowing(name: string): boolean {
  return name === 'user' || name === 'session' || name === 'device' || name === 'tenant';
}

/** Puts a member in its place; false where it cannot be honoured, with the block where the reason is authority. */
function fits(
  name: string,
  identifiers: readonly Identifier[],
  members: Writable<Members>,
  focus: Focus,
  rules: SubjectRules,
  blocks: Set<SubjectBlock>,
): boolean {
  const { authority } = rules;
  const first = identifiers[0] as Identifier;
  const allowed = name === 'user' ? mayName : mayUse;
  if (authority && !identifiers.every((one) => allowed(authority, one))) blocks.add('mayNotName');
  switch (name) {
    case 'user':
      members.user = identifiers;
      return true;
    case 'session':
    case 'device':
      members[name] = first;
      return true;
    case 'tenant':
      members.tenant = first;
      if (authority?.tenants && !authority.tenants.has(first.value)) blocks.add('mayNotName');
      return authority?.tenants !== undefined || !rules.critical.includes(name);
    default:
      members.thing ??= { name, identifier: first };
      return focus === 'asset' || (rules.things as readonly string[]).includes(name);
  }
}

interface Composed {
  readonly claim: SubjectClaim;
  /** What the event is about is not among the members. */
  readonly noSubject: boolean;
}

function complexClaim(members: Members, focus: Focus, rules: SubjectRules): Composed {
  const { user, session, device, tenant, thing } = members;
  const person = user ? keysOf(user, rules) : [];
  const here = { ...(session && { session: session.value }), ...(device && { device: device.value }) };
  const is = (claim: SubjectClaim, noSubject = false): Composed => ({ claim, noSubject });
  switch (focus) {
    case 'asset': {
      const named = thing?.identifier ?? tenant ?? device ?? session ?? user?.[0];
      return is({ kind: 'asset', person: [], ...(named && { id: named.value }) }, named === undefined);
    }
    case 'device':
      return is({ kind: 'device', person: [], ...(device && { id: device.value }) }, device === undefined);
    case 'posture':
      if (user && device) return is({ kind: 'person', person, device: device.value });
      return is({ kind: 'device', person: [], ...(device && { id: device.value }) }, device === undefined);
    case 'session':
      return is({ kind: 'session', person, ...here }, session === undefined);
    case 'user':
      return is({ kind: session ? 'session' : 'person', person, ...here }, user === undefined);
    case 'person':
    case 'sessions': {
      if (session || (focus === 'sessions' && user && device)) return is({ kind: 'session', person, ...here });
      if (user) return is({ kind: 'person', person, ...here });
      if (device) return is({ kind: 'device', person: [], id: device.value });
      const kind = rules.things.find((one) => one === thing?.name);
      if (kind && thing) return is({ kind, person: [], id: thing.identifier.value });
      return is({ kind: 'person', person: [] }, true);
    }
    default:
      return focus satisfies never;
  }
}

/** The most telling reason first. */
const blockOrder: readonly SubjectBlock[] = [
  'criticalMember',
  'mayNotName',
  'formatOnlyNamesStream',
  'unknownMember',
  'unknownFormat',
  'noSubject',
];

function claimed(claim: SubjectClaim, blocks: ReadonlySet<SubjectBlock>): ClaimResult {
  const blocked = blockOrder.find((block) => blocks.has(block));
  return { ok: true, claim: blocked ? { ...claim, blocked } : claim };
}
