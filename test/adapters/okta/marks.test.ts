/** Remedies that Okta's log reports: which, by whom, and what is still to be known; and what we did ourselves. */
import { describe, expect, it } from 'vitest';
import { ada, app, bob, byAda, connection, type Json, logEvent, occurredAt, ownAppId, read, signalOf, withDebug } from './events.ts';

const marksOf = (event: unknown) => signalOf(event).marks;
const service = { id: '0oaService', type: 'PublicClientApp', alternateId: 'unknown' };
const okta = { id: '00uSystem', type: 'User', alternateId: 'System@okta.com' };
const machinery = { id: '00sys', type: 'SystemPrincipal', alternateId: 'system@okta.com' };
const byBob = (type: string, more: Json = {}) => logEvent(type, { target: [bob], ...more });
const ofClass = (name: string, more: object = {}) => ({ kind: 'class', class: name, at: occurredAt, ...more });
const ofTarget = (type: string) => ({ kind: 'target', type, band: '*', source: connection, at: occurredAt });

describe('a remedy', () => {
  it('is a password that an administrator reset, and nobody else', () => {
    const type = 'user.account.reset_password';
    expect(marksOf(byAda(type))).toEqual([{ mark: ofClass('password_reset'), by: 'admin' }]);
    for (const actor of [bob, service, okta, machinery, { type: 'User', id: 'unknown', alternateId: 'unknown' }, null])
      expect(marksOf(byAda(type, { actor }))).toEqual([]);
    expect(signalOf(byAda(type)).facts).toEqual({ initiator: 'admin', credentialType: 'password', changeType: 'revoke' });
    expect(signalOf(byBob(type)).facts).toMatchObject({ initiator: 'user' });
    expect(signalOf(byAda(type, { actor: okta })).facts).toMatchObject({ initiator: 'system' });
    expect(signalOf(byAda(type, { actor: null })).facts).toEqual({ credentialType: 'password', changeType: 'revoke' });
  });

  it('is not one by somebody who may be the person: one known by id, the other by login', () => {
    const actor = { type: 'User', id: 'unknown', alternateId: 'somebody@example.com' };
    expect(marksOf(byAda('user.account.reset_password', { actor }))).toEqual([]);
    const same = { type: 'User', id: 'unknown', alternateId: 'BOB@example.com' };
    expect(signalOf(byAda('user.account.reset_password', { actor: same })).facts).toMatchObject({ initiator: 'user' });
  });

  it('is a new password of one’s own, once a second factor is known to stand behind the session', () => {
    expect(marksOf(byBob('user.account.update_password'))).toEqual([
      { mark: ofClass('password_reset_self'), by: 'self', needs: 'mfaInSession' },
    ]);
    expect(marksOf(byAda('user.account.update_password'))).toEqual([]);
  });

  it('is an end of all sessions by an administrator, once it was read back', () => {
    for (const type of ['user.session.clear', 'user.authentication.universal_logout']) {
      expect(marksOf(byAda(type))).toEqual([{ mark: ofClass('sessions_revoked'), by: 'admin', needs: 'readBack' }]);
      expect(marksOf(byBob(type))).toEqual([]);
      expect(marksOf(byAda(type, { actor: machinery }))).toEqual([]);
    }
  });

  it('is a second factor that was demanded, for the session that answered', () => {
    const mfa = (factor: string | undefined, more: Json = {}) =>
      marksOf(logEvent('user.authentication.auth_via_mfa', { ...withDebug({ factor }), ...more }));
    const told = (name: string, more: object = {}) => [{ mark: ofClass(name, more), by: 'self', needs: 'demandedMfa' }];
    expect(mfa('FIDO_WEBAUTHN')).toEqual(told('mfa_strong', { scope: 's:idxBob' }));
    expect(mfa('OKTA_VERIFY_PUSH')).toEqual(told('mfa_weak', { scope: 's:idxBob' }));
    expect(mfa(undefined, { authenticationContext: {} })).toEqual(told('mfa_weak'));
    expect(mfa('FIDO_WEBAUTHN', { outcome: { result: 'ALLOW' } })).toEqual([]);
    expect(mfa('FIDO_WEBAUTHN', { outcome: {} })).toEqual([]);
  });

  it('is a risk that the provider sees fall, for what it said before', () => {
    const risk = (level: string, more: Json = {}) =>
      marksOf(byAda('user.risk.change', { actor: machinery, ...withDebug({ risk: `{level=${level}}` }), ...more }));
    const by = 'provider';
    expect(risk('LOW')).toEqual([
      { mark: ofTarget('caep_risk_high'), by },
      { mark: ofTarget('caep_risk_medium'), by },
    ]);
    expect(risk('MEDIUM')).toEqual([{ mark: ofTarget('caep_risk_high'), by }]);
    expect(risk('HIGH')).toEqual([]);
    expect(risk('LOW', { actor: ada })).toMatchObject([{ by: 'admin' }, { by: 'admin' }]);
    expect(risk('LOW', { actor: bob })).toEqual([]);
    expect(marksOf(byAda('user.risk.detect', withDebug({ risk: '{level=LOW}' })))).toEqual([]);
  });

  it('is a privilege that another administrator took back', () => {
    expect(marksOf(byAda('user.account.privilege.revoke'))).toEqual([{ mark: ofTarget('role_granted_outside_pim'), by: 'admin' }]);
    expect(marksOf(byBob('user.account.privilege.revoke'))).toEqual([]);
  });

  it('is none where the log does not say that it was done, to whom, or when', () => {
    const type = 'user.account.reset_password';
    for (const more of [{ outcome: null }, { outcome: { result: 'UNKNOWN' } }, { target: [app] }, { published: 'soon' }, { uuid: 7 }])
      expect(marksOf(byAda(type, more))).toEqual([]);
  });

  it.each(['user.account.unlock_by_admin', 'user.mfa.factor.reset_all', 'user.lifecycle.unsuspend', 'user.account.unlock'])(
    'is not %s',
    (type) => {
      expect(marksOf(byAda(type))).toEqual([]);
      expect(marksOf(byBob(type))).toEqual([]);
    },
  );
});

describe('what we did ourselves', () => {
  const own = [ownAppId, '00TRescind'];
  const ours: readonly (readonly [string, Json])[] = [
    ['as the app that acted', { actor: { id: ownAppId, type: 'PublicClientApp', alternateId: 'unknown' } }],
    ['as the client that asked', { client: { id: ownAppId, ipAddress: '203.0.113.9' } }],
    ['by the token that was shown', { transaction: { id: 'txn-9', type: 'WEB', detail: { requestApiTokenId: '00TRescind' } } }],
  ];

  it.each(ours)('is confirmation and no evidence, %s', (_how, more) => {
    for (const [type, signal] of [
      ['user.lifecycle.suspend', 'account_disabled'],
      ['user.session.clear', 'session_revoked'],
      ['user.mfa.factor.reset_all', 'mfa_factor_reset'],
      ['system.log_stream.lifecycle.delete', 'conditional_access_changed'],
    ] as const) {
      const result = read(byAda(type, more), own);
      expect(result).toMatchObject({ kind: 'confirmation', confirmation: { event: type, type: signal, occurredAt } });
      expect(read(byAda(type, more))).toMatchObject({ kind: 'signal', signal: { type: signal } });
    }
  });

  it('names whom it was done to, so that the action is found', () => {
    const result = read(byAda('user.lifecycle.suspend', ours[0]?.[1]), own);
    expect(result).toMatchObject({ confirmation: { claim: { kind: 'person', person: [{ value: 'okta-main 00uBob' }, {}, {}] } } });
  });

  it('says nothing where it changed how we listen: that is a person’s order, and a hook that has ended alarms by itself', () => {
    expect(read(byAda('event_hook.deleted', ours[0]?.[1]), own)).toEqual({ kind: 'none', reason: 'ownHealth' });
    expect(read(byAda('event_hook.deleted'), own)).toMatchObject({ kind: 'signal', signal: { severity: 'high' } });
  });

  it('is counted like anything else where it is nothing', () => {
    expect(read(byAda('user.session.expire', ours[0]?.[1]), own)).toEqual({ kind: 'none', reason: 'context' });
    expect(read(byAda('user.lifecycle.suspend', { ...ours[0]?.[1], outcome: { result: 'FAILURE' } }), own)).toEqual({
      kind: 'none',
      reason: 'notDone',
    });
  });

  it('is not what another does whose id only looks alike', () => {
    const others = [`${ownAppId}x`, ownAppId.toLowerCase(), '', 'unknown'];
    for (const id of others) expect(read(byAda('user.lifecycle.suspend', { client: { id } }), own)).toMatchObject({ kind: 'signal' });
    expect(read(byAda('user.lifecycle.suspend', { client: { id: [ownAppId] } }), own)).toMatchObject({ kind: 'signal' });
    expect(read(byAda('user.lifecycle.suspend', { actor: { id: 'unknown', type: 'User' } }), ['unknown'])).toMatchObject({
      kind: 'signal',
    });
  });
});
