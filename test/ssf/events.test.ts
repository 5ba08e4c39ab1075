import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Arrival } from '../../src/model/signal.ts';
import { readEventMeaning, signalEventUris } from '../../src/ssf/event-catalogue.ts';
import { type JsonObject, readStrictJson } from '../../src/ssf/strict-json.ts';
import { createTranslator, type Translation } from '../../src/ssf/translate-set.ts';
import { transmitterSettingsSchema } from '../../src/ssf/transmitter-settings.ts';
import { clockSkewMs, type VerifiedSet } from '../../src/ssf/verify-set.ts';

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const risc = 'https://schemas.openid.net/secevent/risc/event-type/';
const oauth = 'https://schemas.openid.net/secevent/oauth/event-type/';
const okta = 'https://schemas.okta.com/secevent/okta/event-type/';
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/';

const receivedAt = Date.UTC(2026, 4, 4, 10);
const iatAt = receivedAt - 1_000;
const jane = { format: 'email', email: 'jane@example.com' };
const user = { format: 'iss_sub', iss: 'https://idp.example.com/', sub: 'jane' };
const device = { format: 'opaque', id: 'laptop-1' };

function translate(
  eventUri: string,
  payload: object,
  options: { sub_id?: object | undefined; settings?: object; set?: Partial<VerifiedSet> } = {},
): Translation {
  const settings = transmitterSettingsSchema.parse({
    id: 'partner',
    issuer: 'https://idp.example.com/',
    audience: 'us',
    ...options.settings,
  });
  const read = (value: object) => {
    const json = readStrictJson(JSON.stringify(value));
    if (!json.ok) throw new Error(json.fault);
    return json.value as JsonObject;
  };
  const set: VerifiedSet = {
    iss: settings.issuer,
    jti: 'j1',
    iatAt,
    toeAt: undefined,
    txn: undefined,
    eventUri,
    payload: read(payload),
    claims: read({ sub_id: 'sub_id' in options ? options.sub_id : jane }),
    provenBy: 'thumb',
    notes: [],
    ...options.set,
  };
  return createTranslator(settings).translate(set, 'token', receivedAt, []);
}

function arrival(eventUri: string, payload: object = {}, options: Parameters<typeof translate>[2] = {}): Arrival {
  const translation = translate(eventUri, payload, options);
  if (translation.kind !== 'signal') throw new Error(translation.kind);
  return translation.arrival;
}

describe('event types and their signals', () => {
  it.each<[string, string, object, string, Partial<Arrival>]>([
    ['G1 session-revoked', `${caep}session-revoked`, {}, 'session_revoked', { severity: 'medium', facts: {} }],
    [
      'G1 session-revoked by a policy',
      `${caep}session-revoked`,
      { initiating_entity: 'policy' },
      'session_revoked',
      { severity: 'medium', facts: { initiator: 'policy' } },
    ],
    [
      'G1 a sign-out by the person weighs little',
      `${caep}session-revoked`,
      { initiating_entity: 'user' },
      'session_revoked',
      { severity: 'low', facts: { initiator: 'user' } },
    ],
    ['G2 token-claims-change', `${caep}token-claims-change`, { claims: { role: 'ro-admin' } }, 'token_claims_change', {}],
    [
      'G3 credential-change',
      `${caep}credential-change`,
      { credential_type: 'fido2-roaming', change_type: 'create', initiating_entity: 'user' },
      'credential_change',
      { facts: { initiator: 'user', credentialType: 'fido2-roaming', changeType: 'create' } },
    ],
    [
      'G4 assurance-level-change',
      `${caep}assurance-level-change`,
      { namespace: 'Retinal Scan', current_level: 'hi-res' },
      'assurance_level_change',
      {},
    ],
    ['G6 session-established', `${caep}session-established`, { fp_ua: 'x', acr: 'AAL2', amr: ['otp'] }, 'session_established', {}],
    ['G7 session-presented', `${caep}session-presented`, { ext_id: '12345' }, 'session_presented', {}],
    [
      'G8 risk-level-change to HIGH',
      `${caep}risk-level-change`,
      { principal: 'USER', current_level: 'HIGH' },
      'caep_risk_high',
      { marks: [] },
    ],
    ['G20 account-credential-change-required', `${risc}account-credential-change-required`, {}, 'credential_change_required', {}],
    ['G21 account-purged', `${risc}account-purged`, {}, 'account_purged', {}],
    ['G22 account-disabled by hijacking', `${risc}account-disabled`, { reason: 'hijacking' }, 'account_hijacked', { facts: {} }],
    ['G22 account-disabled for another reason', `${risc}account-disabled`, { reason: 'bulk-account' }, 'account_disabled', {}],
    [
      'G22 account-disabled without a reason',
      `${risc}account-disabled`,
      { initiating_entity: 'admin' },
      'account_disabled',
      { facts: { initiator: 'admin' } },
    ],
    ['G23 account-enabled is no remediation', `${risc}account-enabled`, {}, 'account_enabled', { marks: [] }],
    ['G24 G72 identifier-changed', `${risc}identifier-changed`, { 'new-value': 'new@example.com' }, 'identifier_changed', {}],
    ['G25 identifier-recycled', `${risc}identifier-recycled`, {}, 'identifier_recycled', {}],
    [
      'G26 credential-compromise',
      `${risc}credential-compromise`,
      { credential_type: 'password' },
      'leaked_credentials',
      { facts: { credentialType: 'password' } },
    ],
    ['G27 opt-in', `${risc}opt-in`, {}, 'opt_state_changed', {}],
    ['G27 G73 opt-out-initiated', `${risc}opt-out-initiated`, {}, 'opt_state_changed', {}],
    ['G27 opt-out-cancelled', `${risc}opt-out-cancelled`, {}, 'opt_state_changed', {}],
    ['Z3.18 opt-out-effective lowers nothing', `${risc}opt-out-effective`, {}, 'opt_state_changed', { marks: [] }],
    ['G28 recovery-activated', `${risc}recovery-activated`, {}, 'recovery_activated', {}],
    ['G28 recovery-information-changed', `${risc}recovery-information-changed`, {}, 'recovery_information_changed', {}],
    [
      'G29 sessions-revoked is still honoured',
      `${risc}sessions-revoked`,
      {},
      'session_revoked',
      { claim: { kind: 'person', person: [{ format: 'email', value: 'jane@example.com' }] } },
    ],
    ['G50 tokens-revoked', `${oauth}tokens-revoked`, { reason: 'user' }, 'session_revoked', {}],
    ['G50 token-revoked', `${oauth}token-revoked`, { reason: 'too_many' }, 'token_revoked', {}],
    ['G50 token-issued', `${oauth}token-issued`, {}, 'token_issued', {}],
    [
      'G75 client-disabled',
      `${oauth}client-disabled`,
      {},
      'oauth_client_changed',
      { claim: { kind: 'asset', person: [], id: 'jane@example.com' } },
    ],
    ['G75 client-enabled', `${oauth}client-enabled`, {}, 'oauth_client_changed', {}],
    ['G75 client-credential-changed', `${oauth}client-credential-changed`, {}, 'oauth_client_changed', {}],
    ['G51 Okta user-risk-change', `${okta}user-risk-change`, { current_level: 'high', previous_level: 'low' }, 'caep_risk_high', {}],
    ['G51 Okta device-risk-change', `${okta}device-risk-change`, { current_level: 'medium' }, 'caep_risk_medium', { marks: [] }],
    [
      'G51 Okta ip-change',
      `${okta}ip-change`,
      { current_ip_address: '198.51.100.7' },
      'ip_change',
      { circumstances: { ip: '198.51.100.7' } },
    ],
  ])('%s', (_title, uri, payload, type, more) => {
    expect(arrival(uri, payload)).toMatchObject({ type, source: 'partner', sourceKind: 'transmitters', cause: 'partner', ...more });
    expect(arrival(uri, payload).quarantine).toBeUndefined();
  });

  it('G40 G41 F75 verification and stream-updated are about the stream, and no signal', () => {
    const sub_id = { format: 'opaque', id: 'f67e39a0' };
    expect(translate(`${ssf}verification`, { state: 'abc' }, { sub_id })).toMatchObject({
      kind: 'stream',
      stream: { message: 'verification', streamId: 'f67e39a0', state: 'abc' },
    });
    expect(translate(`${ssf}verification`, { state: null }, { sub_id })).toMatchObject({ kind: 'stream', stream: { state: undefined } });
    expect(translate(`${ssf}stream-updated`, { status: 'paused', reason: 'x' }, { sub_id })).toMatchObject({
      stream: { message: 'stream-updated', status: 'paused', reason: 'x' },
    });
  });

  it('G51 SCIM events are directory changes, and no signal', () => {
    expect(translate('urn:ietf:params:SCIM:event:prov:create:full', {}).kind).toBe('directory');
    expect(translate('urn:ietf:params:scim:event:feed:add', {}).kind).toBe('directory');
  });

  it('I15 a type of CAEP 1.1, or any other, is unknown and not an error', () => {
    expect(translate(`${caep}v1.1/session-revoked`, {}).kind).toBe('unknownEvent');
    expect(translate(`${caep}toString`, {}, { sub_id: undefined }).kind).toBe('unknownEvent');
  });

  it('I1 older event bases are known only where legacy senders are tolerated', () => {
    const old = 'https://schemas.openid.net/secevent/sse/event-type/verification';
    expect(readEventMeaning(old, {}).kind).toBe('unknown');
  });

  it('every signal type and fact that events lead to stands in the shipped catalogue', () => {
    const model = parse(readFileSync('policies/risk.yaml', 'utf8')) as Record<string, Record<string, { facts?: object }>>;
    const types =
      Object.values(model).find((section) => typeof section === 'object' && section !== null && 'session_revoked' in section) ?? {};
    for (const uri of signalEventUris) {
      for (const level of ['HIGH', 'MEDIUM', 'LOW', 'ODD']) {
        for (const principal of ['USER', 'DEVICE', 'TENANT']) {
          for (const current_status of ['compliant', 'not-compliant']) {
            const payload = {
              principal,
              current_level: level,
              current_status,
              previous_status: 'compliant',
              credential_type: 'app',
              change_type: 'create',
              claims: {},
              namespace: 'x',
              initiating_entity: 'admin',
            };
            const { type, facts } = arrival(uri, payload);
            expect(types).toHaveProperty(type);
            for (const name of Object.keys(facts)) expect(types[type]?.facts).toHaveProperty(name);
          }
        }
      }
    }
  });
});

describe('risk levels', () => {
  const risk = (payload: object, sub_id: object = user) => arrival(`${caep}risk-level-change`, payload, { sub_id });
  const target = (type: string) => ({ kind: 'target', type, band: '*', source: 'partner', at: iatAt });

  it('G8 LOW takes back what the same sender said before, MEDIUM its HIGH', () => {
    expect(risk({ principal: 'USER', current_level: 'LOW' })).toMatchObject({
      type: 'risk_level_other',
      marks: [target('caep_risk_high'), target('caep_risk_medium')],
      facts: { principal: 'USER', level: 'LOW' },
    });
    expect(risk({ principal: 'USER', current_level: 'MEDIUM' })).toMatchObject({
      type: 'caep_risk_medium',
      marks: [target('caep_risk_high')],
    });
  });

  it('I16 levels in another case are the same levels', () => {
    expect(risk({ principal: 'user', current_level: 'High' }).type).toBe('caep_risk_high');
  });

  it('G61 a level outside the enumeration is unknown, neither highest nor lowest', () => {
    for (const current_level of ['CRITICAL', 'secure', 'none', '9']) {
      expect(risk({ principal: 'USER', current_level })).toMatchObject({ type: 'risk_level_other', marks: [] });
    }
  });

  it('I16 Okta’s own secure and none are its low', () => {
    for (const current_level of ['low', 'secure', 'none', 'SECURE']) {
      expect(arrival(`${okta}user-risk-change`, { current_level })).toMatchObject({ type: 'risk_level_other', facts: { level: 'LOW' } });
    }
    expect(arrival(`${okta}user-risk-change`, { current_level: 'secure' }).marks).toHaveLength(2);
  });

  it('G71 a previous level that is missing changes nothing', () => {
    const payload = { principal: 'USER', current_level: 'HIGH' };
    expect({ ...risk({ ...payload, previous_level: 'LOW' }), raw: '' }).toEqual({ ...risk(payload), raw: '' });
  });

  it('G8 risk of a session, a device, a tenant or a group stays there', () => {
    const complex = { format: 'complex', user, device, session: { format: 'opaque', id: 's1' } };
    const high = (principal: string, sub_id: object) => risk({ principal, current_level: 'HIGH' }, sub_id);
    expect(high('SESSION', complex).claim).toMatchObject({ kind: 'session', session: 's1' });
    expect(high('DEVICE', complex)).toMatchObject({ type: 'caep_risk_high', claim: { kind: 'device', person: [], id: 'laptop-1' } });
    expect(risk({ principal: 'DEVICE', current_level: 'LOW' }, complex).marks).toEqual([]);
    for (const principal of ['TENANT', 'ORG_UNIT', 'GROUP', 'PLANET']) {
      expect(high(principal, user)).toMatchObject({
        type: 'risk_level_other',
        claim: { kind: 'asset', person: [] },
        facts: { principal, level: 'HIGH' },
      });
    }
  });
});

describe('devices and credentials', () => {
  const posture = (current_status: string, sub_id: object, settings: object = {}) =>
    arrival(`${caep}device-compliance-change`, { previous_status: 'compliant', current_status }, { sub_id, settings });
  const complex = { format: 'complex', user, device };

  it('G5 a device that lost compliance counts on its user where one is named, else on the device alone', () => {
    expect(posture('not-compliant', complex)).toMatchObject({ type: 'device_noncompliant', claim: { kind: 'person', device: 'laptop-1' } });
    expect(posture('not-compliant', { format: 'complex', device })).toMatchObject({
      claim: { kind: 'device', person: [], id: 'laptop-1' },
    });
    expect(posture('not-compliant', device)).toMatchObject({ claim: { kind: 'device', id: 'laptop-1' } });
  });

  it('G5 a device that is compliant again relieves that device, if the sender may say so', () => {
    const allowed = { marks: ['device_remediated'] };
    expect(posture('compliant', complex, allowed)).toMatchObject({
      type: 'device_compliance_change',
      marks: [{ kind: 'class', class: 'device_remediated', at: iatAt, scope: 'd:laptop-1' }],
    });
    expect(posture('compliant', complex).marks).toEqual([]);
    expect(posture('compliant', { format: 'complex', user }, allowed)).toMatchObject({ marks: [], claim: { blocked: 'noSubject' } });
    expect(posture('shiny', complex, allowed)).toMatchObject({ type: 'device_compliance_change', marks: [] });
  });

  it('G3 a password that somebody else reset relieves, if the sender may say so; one’s own change does not', () => {
    const change = (payload: object, marks: string[] = ['password_reset']) =>
      arrival(`${caep}credential-change`, { credential_type: 'password', change_type: 'update', ...payload }, { settings: { marks } })
        .marks;
    expect(change({ initiating_entity: 'admin' })).toEqual([{ kind: 'class', class: 'password_reset', at: iatAt }]);
    expect(change({ initiating_entity: 'admin' }, [])).toEqual([]);
    for (const payload of [
      { initiating_entity: 'user' },
      {},
      { initiating_entity: 'robot' },
      { initiating_entity: 'admin', change_type: 'delete' },
      { initiating_entity: 'admin', credential_type: 'pin' },
    ]) {
      expect(change(payload)).toEqual([]);
    }
  });

  it('G3 any credential type may be named, and an unknown change is left out', () => {
    expect(arrival(`${caep}credential-change`, { credential_type: 'OKTA_VERIFY_PUSH', change_type: 'melt' }).facts).toEqual({
      credentialType: 'OKTA_VERIFY_PUSH',
    });
    expect(arrival(`${risc}credential-compromise`, { credential_type: 'x'.repeat(65) }).facts).toEqual({});
  });
});

describe('payloads that are not as defined', () => {
  it.each([
    [`${caep}credential-change`, 'change_type', { credential_type: 'password' }],
    [`${caep}credential-change`, 'credential_type', { credential_type: '', change_type: 'create' }],
    [`${caep}token-claims-change`, 'claims', { claims: 'x' }],
    [`${caep}assurance-level-change`, 'namespace', { current_level: '1' }],
    [`${caep}device-compliance-change`, 'previous_status', { current_status: 'not-compliant' }],
    [`${caep}risk-level-change`, 'principal', { current_level: 'HIGH' }],
    [`${caep}risk-level-change`, 'current_level', { principal: 'USER', current_level: 3 }],
    [`${risc}credential-compromise`, 'credential_type', {}],
    [`${okta}user-risk-change`, 'current_level', {}],
  ])('C19 Z3.14 %s without its %s is accepted and quarantined', (uri, member, payload) => {
    expect(arrival(uri, payload)).toMatchObject({ quarantine: `missing:${member}`, marks: [] });
  });

  it('I13 H10 reasons may be texts or objects, or whatever else', () => {
    for (const reason of ['why', { en: 'why' }, {}, 5, null, []]) {
      expect(arrival(`${caep}session-revoked`, { reason_admin: reason, reason_user: reason }).quarantine).toBeUndefined();
    }
  });

  it('G61 G76 optional members of any type never make it throw', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...signalEventUris),
        fc.dictionary(
          fc.constantFrom(
            'initiating_entity',
            'event_timestamp',
            'amr',
            'ips',
            'current_level',
            'principal',
            'change_type',
            'credential_type',
            'reason',
            'current_status',
            'subject',
          ),
          fc.jsonValue({ maxDepth: 2 }),
        ),
        (uri, payload) => {
          const read = readStrictJson(JSON.stringify(payload));
          if (read.ok) expect(translate(uri, payload).kind).toBe('signal');
        },
      ),
    );
  });

  it('G60 an event is what its sender says, not an order: nothing in it names an action', () => {
    expect(arrival(`${caep}session-revoked`, { action: 'account.disable', reason_admin: 'disable now' }).facts).toEqual({});
  });
});

describe('the subject inside the event', () => {
  const legacy = { tolerate: ['allowLegacySubject'] };

  it('I5 speaks where there is no sub_id and legacy senders are tolerated', () => {
    const payload = { subject: { format: 'iss_sub', iss: 'https://idp.example.com/', sub: 'jane' } };
    expect(arrival(`${caep}session-revoked`, payload, { sub_id: undefined, settings: legacy }).claim.person).toEqual([
      { format: 'iss_sub', value: 'https://idp.example.com/ jane' },
    ]);
    expect(translate(`${caep}session-revoked`, payload, { sub_id: undefined })).toMatchObject({
      kind: 'fault',
      fault: { code: 'subjectMissing' },
    });
  });

  it('I5 I4 is unresolved where there is none at all, for a legacy sender', () => {
    expect(arrival(`${caep}session-revoked`, {}, { sub_id: undefined, settings: legacy }).claim).toEqual({
      kind: 'person',
      person: [],
      blocked: 'noSubject',
    });
    expect(translate(`${ssf}verification`, {}, { sub_id: undefined, settings: legacy }).kind).toBe('stream');
  });

  it('G74 B23 gives way to sub_id where both are there, and a difference is told', () => {
    const same = translate(`${caep}session-revoked`, { subject: { email: 'jane@example.com', format: 'email' } });
    expect(same).toMatchObject({ kind: 'signal', notes: [] });
    const other = translate(`${caep}session-revoked`, { subject: { format: 'email', email: 'mallory@example.com' } });
    expect(other).toMatchObject({
      kind: 'signal',
      notes: ['subjectDisagrees'],
      arrival: { claim: { person: [{ value: 'jane@example.com' }] } },
    });
  });

  it('B22 H6 email, iss_sub and opaque are understood', () => {
    for (const sub_id of [jane, user, device])
      expect(
        arrival(`${caep}credential-change`, { credential_type: 'app', change_type: 'create' }, { sub_id }).claim.blocked,
      ).toBeUndefined();
  });

  it('B36 a further subject under any name is no matter', () => {
    expect(arrival(`${caep}session-revoked`, { witness: user }).claim.person).toEqual([{ format: 'email', value: 'jane@example.com' }]);
  });

  it('I14 B13 the addresses of a session are circumstances', () => {
    expect(arrival(`${caep}session-established`, { ips: ['2001:0db8::0001', '10.0.0.1'] }).circumstances).toEqual({ ip: '2001:db8::1' });
    expect(
      arrival(`${caep}session-established`, { where: { format: 'ip-addresses', 'ip-addresses': ['192.0.2.1'] } }).circumstances,
    ).toEqual({ ip: '192.0.2.1' });
    expect(arrival(`${caep}session-established`, { ips: ['nowhere'] }).circumstances).toEqual({});
  });
});

describe('when an event happened', () => {
  const at = (payload: object, set: Partial<VerifiedSet> = {}) => arrival(`${caep}session-revoked`, payload, { set }).occurredAt;
  const seconds = Math.floor(iatAt / 1000) - 600;

  it('G70 event_timestamp says it, in seconds', () => {
    expect(at({ event_timestamp: seconds })).toBe(seconds * 1000);
    expect(at({ event_timestamp: seconds + 0.5 })).toBe(seconds * 1000 + 500);
  });

  it('I12 or in milliseconds, as drafts had it', () => {
    expect(at({ event_timestamp: seconds * 1000 + 643 })).toBe(seconds * 1000 + 643);
  });

  it('Z3.9 else toe, else iat', () => {
    expect(at({}, { toeAt: 1_700_000_000_000 })).toBe(1_700_000_000_000);
    expect(at({ event_timestamp: seconds }, { toeAt: 1_700_000_000_000 })).toBe(seconds * 1000);
    expect(at({})).toBe(iatAt);
    for (const event_timestamp of ['1700000000', -5, null, true, [1]]) expect(at({ event_timestamp })).toBe(iatAt);
  });

  it('Z3.9 never later than iat and the allowed skew, so that one wild value does not make later events stale', () => {
    for (const event_timestamp of [4e9, 9e15, 1e300, 1_900_000_000_000]) expect(at({ event_timestamp })).toBe(iatAt + clockSkewMs);
    const translation = translate(`${caep}session-revoked`, { event_timestamp: 4e9 });
    expect(translation.kind === 'signal' && translation.notes).toEqual(['eventTimeClamped']);
  });

  it('is the arrival where the sender’s clock is ahead by more than the skew', () => {
    expect(at({ event_timestamp: 4e9 }, { iatAt: receivedAt + clockSkewMs })).toBe(receivedAt);
    expect(at({}, { iatAt: receivedAt + 100_000 })).toBe(receivedAt + 100_000);
  });

  it('a remediation never reaches into the future', () => {
    const ahead = arrival(
      `${caep}risk-level-change`,
      { principal: 'USER', current_level: 'LOW' },
      { set: { iatAt: receivedAt + 100_000 } },
    );
    expect(ahead.marks.map((mark) => ('at' in mark ? mark.at : mark.until))).toEqual([receivedAt, receivedAt]);
  });
});
