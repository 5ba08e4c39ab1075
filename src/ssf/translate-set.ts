/** From a verified SET to what it means here: a signal, a message about the stream, or nothing that we act on. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Instant } from '../model/clock.ts';
import type { Arrival, Circumstances, Mark } from '../model/signal.ts';
import type { SubjectClaim } from '../model/subject.ts';
import { type Authority, authorityOf } from './authority.ts';
import { type EventReading, type ReportedMark, readEventMeaning } from './event-catalogue.ts';
import { eventInstant, type TimeNote } from './event-time.ts';
import { type SetFault, setFault } from './set-fault.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts';
import { claimOfNobody, type Focus, readSubjectClaim, type SubjectRules } from './subject-claim.ts';
import { canonicalAddress } from './subject-identifier.ts';
import type { TransmitterSettings } from './transmitter-settings.ts';
import type { SetNote, VerifiedSet } from './verify-set.ts';

export type TranslationNote = SetNote | TimeNote | 'subjectDisagrees' | 'legacySubject';

export interface StreamMessage {
  readonly message: 'verification' | 'stream-updated';
  /** The stream that the message names, where it names one. */
  readonly streamId: string | undefined;
  readonly state: string | undefined;
  readonly status: string | undefined;
  readonly reason: string | undefined;
}

export type Translation =
  | { readonly kind: 'signal'; readonly arrival: Arrival; readonly notes: readonly TranslationNote[] }
  | { readonly kind: 'stream'; readonly stream: StreamMessage; readonly notes: readonly TranslationNote[] }
  | { readonly kind: 'unknownEvent' | 'directory'; readonly notes: readonly TranslationNote[] }
  | { readonly kind: 'fault'; readonly fault: SetFault };

export interface Translator {
  /** Pure. `text` is the token as it came; `critical` the members that the issuer says must be understood. */
  translate(set: VerifiedSet, text: string, receivedAt: Instant, critical: readonly string[]): Translation;
}

export function createTranslator(settings: TransmitterSettings): Translator {
  const authority = authorityOf(settings);
  const legacy = settings.tolerate.includes('allowLegacySubject');
  return {
    translate(set, text, receivedAt, critical) {
      const meaning = readEventMeaning(set.eventUri, set.payload);
      switch (meaning.kind) {
        case 'unknown':
          return { kind: 'unknownEvent', notes: set.notes };
        case 'directory':
          return { kind: 'directory', notes: set.notes };
        case 'stream':
          if (!legacy && !isJsonObject(set.claims.sub_id)) return { kind: 'fault', fault: setFault('subjectMissing') };
          return { kind: 'stream', stream: readStreamMessage(set, meaning.message), notes: set.notes };
        case 'signal':
        case 'broken':
          break;
        default:
          return meaning satisfies never;
      }
      const notes: TranslationNote[] = [...set.notes];
      const rules = subjectRules(settings, authority, legacy, critical);
      const claim = claimOf(set, meaning.reading.focus, rules, notes);
      if ('fault' in claim) return { kind: 'fault', fault: claim.fault };
      const broken = meaning.kind === 'broken' ? `missing:${meaning.member}` : undefined;
      return { kind: 'signal', arrival: arrive(set, text, receivedAt, settings, meaning.reading, claim.claim, broken, notes), notes };
    },
  };
}

function subjectRules(settings: TransmitterSettings, authority: Authority, legacy: boolean, critical: readonly string[]): SubjectRules {
  return {
    legacy,
    authority,
    critical,
    streamId: settings.streamId,
    opaqueKey: (id) => ({ format: 'opaque', value: `${settings.id} ${id}` }),
    things: [],
  };
}

/** `sub_id` speaks; `subject` inside the event only where there is none and drafts are tolerated (SSF section 3.1). */
function claimOf(
  set: VerifiedSet,
  focus: Focus,
  rules: SubjectRules,
  notes: TranslationNote[],
): { claim: SubjectClaim } | { fault: SetFault } {
  const primary = set.claims.sub_id;
  const inner = set.payload.subject;
  let subject: JsonValue | undefined = primary;
  if (primary === undefined) {
    if (!rules.legacy) return { fault: setFault('subjectMissing') };
    if (!isJsonObject(inner)) return { claim: claimOfNobody(focus, 'noSubject') };
    notes.push('legacySubject');
    subject = inner;
  } else if (inner !== undefined && !isDeepStrictEqual(primary, inner)) {
    notes.push('subjectDisagrees');
  }
  if (!isJsonObject(subject)) return { fault: setFault('subjectMalformed') };
  const result = readSubjectClaim(subject, focus, rules);
  if (!result.ok) return { fault: setFault('subjectMalformed') };
  const blocked =
    result.claim.blocked !== 'criticalMember' && rules.critical.length > 0 && hasCriticalElsewhere(set.payload, rules.critical);
  return { claim: blocked ? { ...result.claim, blocked: 'criticalMember' } : result.claim };
}

/** Members that every rule above can honour; in a further subject only these can (SSF sections 3.1.3 and 3.6). */
const honoured: ReadonlySet<string> = new Set(['format', 'user', 'session', 'device']);

function hasCriticalElsewhere(payload: JsonObject, critical: readonly string[]): boolean {
  return Object.values(payload).some(
    (value) =>
      isJsonObject(value) &&
      value.format === 'complex' &&
      Object.keys(value).some((name) => !honoured.has(name) && critical.includes(name)),
  );
}

function arrive(
  set: VerifiedSet,
  text: string,
  receivedAt: Instant,
  settings: TransmitterSettings,
  reading: EventReading,
  claim: SubjectClaim,
  broken: string | undefined,
  notes: TranslationNote[],
): Arrival {
  const occurredAt = eventInstant(set, receivedAt, (note) => notes.push(note));
  return {
    type: reading.type,
    source: settings.id,
    sourceKind: 'transmitters',
    cause: 'partner',
    severity: reading.severity ?? 'medium',
    occurredAt,
    receivedAt,
    claim,
    facts: reading.facts ?? {},
    circumstances: circumstancesOf(set.payload),
    marks: reading.mark && claim.blocked === undefined ? marksOf(reading.mark, settings, claim, Math.min(occurredAt, receivedAt)) : [],
    dedupeKey: dedupeKeyOf(set),
    ...(broken === undefined ? {} : { quarantine: broken }),
    raw: text,
    provenBy: set.provenBy,
    ...(set.txn === undefined ? {} : { txn: set.txn }),
  };
}

/** A `jti` is unique only within one issuer's feed (RFC 8417 section 2.2). */
function dedupeKeyOf(set: VerifiedSet): string {
  const key = `${set.iss} ${set.jti}`;
  return Buffer.byteLength(key) <= 256 ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

function marksOf(mark: ReportedMark, settings: TransmitterSettings, claim: SubjectClaim, at: Instant): readonly Mark[] {
  const lowered = (type: string): Mark => ({ kind: 'target', type, band: '*', source: settings.id, at });
  switch (mark) {
    case 'loweredToLow':
      return [lowered('caep_risk_high'), lowered('caep_risk_medium')];
    case 'loweredToMedium':
      return [lowered('caep_risk_high')];
    case 'password_reset':
      return settings.marks.includes(mark) ? [{ kind: 'class', class: mark, at }] : [];
    case 'device_remediated': {
      const device = claim.device ?? (claim.kind === 'device' ? claim.id : undefined);
      return device !== undefined && settings.marks.includes(mark) ? [{ kind: 'class', class: mark, at, scope: `d:${device}` }] : [];
    }
    default:
      return mark satisfies never;
  }
}

/** The first address that the event names beside its subject: an `ip-addresses` subject, a draft's `ips`, or Okta's own member. */
function circumstancesOf(payload: JsonObject): Circumstances {
  for (const [name, value] of Object.entries(payload)) {
    const addresses = isJsonObject(value) && value.format === 'ip-addresses' ? value['ip-addresses'] : name === 'ips' ? value : undefined;
    const first = Array.isArray(addresses) ? addresses[0] : name === 'current_ip_address' ? value : undefined;
    const ip = typeof first === 'string' ? canonicalAddress(first) : undefined;
    if (ip !== undefined) return { ip };
  }
  return {};
}

function readStreamMessage(set: VerifiedSet, message: StreamMessage['message']): StreamMessage {
  const subject = set.claims.sub_id;
  const member = (name: string) => (typeof set.payload[name] === 'string' ? (set.payload[name] as string) : undefined);
  return {
    message,
    streamId: isJsonObject(subject) && typeof subject.id === 'string' ? subject.id : undefined,
    state: member('state'),
    status: member('status'),
    reason: member('reason'),
  };
}
