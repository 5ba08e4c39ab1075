/**
 * CAEP, RISC, OAuth and Okta event types, one row each: what the type must carry, and which signal it becomes. What is not here is
 * acknowledged and counted. Optional members that are missing change nothing; values outside an enumeration count as unknown.
 */
import type { FactValue, Severity } from '../model/signal.ts';
import { caep, oauth, okta, risc, ssf } from './event-uris.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts';
import type { Focus } from './subject-claim.ts';

/** A remediation that the event reports; `lowered`: the sender now sees less than it said before. */
export type ReportedMark = 'password_reset' | 'device_remediated' | 'loweredToLow' | 'loweredToMedium';

export interface EventReading {
  readonly type: string;
  readonly focus: Focus;
  readonly severity?: Severity;
  readonly facts?: Readonly<Record<string, FactValue>>;
  readonly mark?: ReportedMark;
}

interface EventDefinition {
  /** The signal type, unless `read` says another; also that of a payload that breaks the definition. */
  readonly type: string;
  readonly focus: Focus;
  readonly needs?: Readonly<Record<string, (value: JsonValue) => boolean>>;
  readonly read?: (payload: JsonObject) => Partial<EventReading>;
}

export type EventMeaning =
  | { readonly kind: 'signal'; readonly reading: EventReading }
  /** A known type whose payload lacks what its definition requires. */
  | { readonly kind: 'broken'; readonly reading: EventReading; readonly member: string }
  /** A message about the stream itself (SSF sections 8.1.4.1 and 8.1.5). */
  | { readonly kind: 'stream'; readonly message: 'verification' | 'stream-updated' }
  /** SCIM events (RFC 9967): directory changes, not signals. */
  | { readonly kind: 'directory' }
  | { readonly kind: 'unknown' };

const text = (value: JsonValue): boolean => typeof value === 'string' && value !== '';
const object = (value: JsonValue): boolean => isJsonObject(value);

const initiators: ReadonlySet<JsonValue | undefined> = new Set(['admin', 'user', 'policy', 'system']);
const changeTypes: ReadonlySet<JsonValue | undefined> = new Set(['create', 'revoke', 'update', 'delete']);

const definitions: readonly (readonly [uri: string, definition: EventDefinition])[] = [
  [`${caep}session-revoked`, { type: 'session_revoked', focus: 'sessions', read: readRevocation }],
  [`${caep}token-claims-change`, { type: 'token_claims_change', focus: 'sessions', needs: { claims: object } }],
  [
    `${caep}credential-change`,
    { type: 'credential_change', focus: 'person', needs: { credential_type: text, change_type: text }, read: readCredentialChange },
  ],
  [`${caep}assurance-level-change`, { type: 'assurance_level_change', focus: 'person', needs: { namespace: text, current_level: text } }],
  [
    `${caep}device-compliance-change`,
    { type: 'device_compliance_change', focus: 'posture', needs: { previous_status: text, current_status: text }, read: readCompliance },
  ],
  [`${caep}session-established`, { type: 'session_established', focus: 'sessions' }],
  [`${caep}session-presented`, { type: 'session_presented', focus: 'sessions' }],
  [
    `${caep}risk-level-change`,
    { type: 'risk_level_other', focus: 'person', needs: { principal: text, current_level: text }, read: readCaepRisk },
  ],

  [`${risc}account-credential-change-required`, { type: 'credential_change_required', focus: 'person' }],
  [`${risc}account-purged`, { type: 'account_purged', focus: 'person' }],
  [`${risc}account-disabled`, { type: 'account_disabled', focus: 'person', read: readDisabled }],
  [`${risc}account-enabled`, { type: 'account_enabled', focus: 'person' }],
  [`${risc}identifier-changed`, { type: 'identifier_changed', focus: 'person' }],
  [`${risc}identifier-recycled`, { type: 'identifier_recycled', focus: 'person' }],
  [`${risc}credential-compromise`, { type: 'leaked_credentials', focus: 'person', needs: { credential_type: text }, read: readCompromise }],
  [`${risc}opt-in`, { type: 'opt_state_changed', focus: 'person' }],
  [`${risc}opt-out-initiated`, { type: 'opt_state_changed', focus: 'person' }],
  [`${risc}opt-out-cancelled`, { type: 'opt_state_changed', focus: 'person' }],
  [`${risc}opt-out-effective`, { type: 'opt_state_changed', focus: 'person' }],
  [`${risc}recovery-activated`, { type: 'recovery_activated', focus: 'person' }],
  [`${risc}recovery-information-changed`, { type: 'recovery_information_changed', focus: 'person' }],
  [`${risc}sessions-revoked`, { type: 'session_revoked', focus: 'person', read: readRevocation }],

  [`${oauth}tokens-revoked`, { type: 'session_revoked', focus: 'person', read: readRevocation }],
  [`${oauth}token-revoked`, { type: 'token_revoked', focus: 'sessions' }],
  [`${oauth}token-issued`, { type: 'token_issued', focus: 'sessions' }],
  [`${oauth}client-disabled`, { type: 'oauth_client_changed', focus: 'asset' }],
  [`${oauth}client-enabled`, { type: 'oauth_client_changed', focus: 'asset' }],
  [`${oauth}client-credential-changed`, { type: 'oauth_client_changed', focus: 'asset' }],

  [
    `${okta}user-risk-change`,
    { type: 'risk_level_other', focus: 'person', needs: { current_level: text }, read: (payload) => readRisk('USER', oktaLevel(payload)) },
  ],
  [
    `${okta}device-risk-change`,
    {
      type: 'risk_level_other',
      focus: 'device',
      needs: { current_level: text },
      read: (payload) => readRisk('DEVICE', oktaLevel(payload)),
    },
  ],
  [`${okta}ip-change`, { type: 'ip_change', focus: 'person' }],
];

const table: ReadonlyMap<string, EventDefinition> = new Map(definitions);

/** Every event type that becomes a signal. */
export const signalEventUris: readonly string[] = [...table.keys()];

/** What an event says. Never throws, whatever the payload holds. */
export function readEventMeaning(uri: string, payload: JsonObject): EventMeaning {
  const definition = table.get(uri);
  if (!definition) {
    if (uri === `${ssf}verification`) return { kind: 'stream', message: 'verification' };
    if (uri === `${ssf}stream-updated`) return { kind: 'stream', message: 'stream-updated' };
    return /^urn:ietf:params:scim:event:/i.test(uri) ? { kind: 'directory' } : { kind: 'unknown' };
  }
  const plain: EventReading = { type: definition.type, focus: definition.focus };
  for (const [member, holds] of Object.entries(definition.needs ?? {})) {
    const value = payload[member];
    if (value === undefined || !holds(value)) return { kind: 'broken', reading: plain, member };
  }
  return { kind: 'signal', reading: definition.read ? { ...plain, ...definition.read(payload) } : plain };
}

function initiatorOf(payload: JsonObject): Readonly<Record<string, FactValue>> {
  const initiator = payload.initiating_entity;
  return initiators.has(initiator) ? { initiator: initiator as string } : {};
}

/** A person's own sign-out elsewhere is told by the same event, so that it weighs less. */
function readRevocation(payload: JsonObject): Partial<EventReading> {
  return { facts: initiatorOf(payload), severity: payload.initiating_entity === 'user' ? 'low' : 'medium' };
}

function readCredentialChange(payload: JsonObject): Partial<EventReading> {
  const change = payload.change_type;
  const initiator = initiatorOf(payload);
  const known = changeTypes.has(change);
  // Deleting a password, or changing one's own, takes nobody out.
  const reset =
    payload.credential_type === 'password' && known && change !== 'delete' && 'initiator' in initiator && initiator.initiator !== 'user';
  return {
    facts: { ...initiator, ...credentialTypeOf(payload), ...(known ? { changeType: change as string } : {}) },
    ...(reset ? { mark: 'password_reset' } : {}),
  };
}

function readCompromise(payload: JsonObject): Partial<EventReading> {
  return { facts: credentialTypeOf(payload) };
}

/** The list of credential types is open (CAEP section 3.3.1), but a type is a short name. */
function credentialTypeOf(payload: JsonObject): Readonly<Record<string, FactValue>> {
  const type = payload.credential_type as string;
  return type.length <= 64 ? { credentialType: type } : {};
}

function readCompliance(payload: JsonObject): Partial<EventReading> {
  switch (payload.current_status) {
    case 'not-compliant':
      return { type: 'device_noncompliant' };
    case 'compliant':
      return { mark: 'device_remediated' };
    default:
      return {};
  }
}

function readDisabled(payload: JsonObject): Partial<EventReading> {
  return payload.reason === 'hijacking' ? { type: 'account_hijacked' } : { facts: initiatorOf(payload) };
}

function readCaepRisk(payload: JsonObject): Partial<EventReading> {
  return readRisk((payload.principal as string).toUpperCase(), (payload.current_level as string).toUpperCase());
}

function oktaLevel(payload: JsonObject): string {
  const level = (payload.current_level as string).toUpperCase();
  return level === 'SECURE' || level === 'NONE' ? 'LOW' : level;
}

function readRisk(principal: string, level: string): Partial<EventReading> {
  const other = { type: 'risk_level_other', facts: { principal: principal.slice(0, 64), level: level.slice(0, 64) } };
  const focus = focusOf(principal);
  if (focus === 'asset') return { ...other, focus };
  switch (level) {
    case 'HIGH':
      return { type: 'caep_risk_high', focus };
    case 'MEDIUM':
      return { type: 'caep_risk_medium', focus, ...(focus === 'device' ? {} : { mark: 'loweredToMedium' }) };
    case 'LOW':
      return { ...other, focus, ...(focus === 'device' ? {} : { mark: 'loweredToLow' }) };
    default:
      return { ...other, focus };
  }
}

/** Risk of a tenant, a group or anything else is never spread over people. */
function focusOf(principal: string): Focus {
  switch (principal) {
    case 'USER':
      return 'user';
    case 'SESSION':
      return 'session';
    case 'DEVICE':
      return 'device';
    default:
      return 'asset';
  }
}
