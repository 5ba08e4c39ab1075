/** Every row about Okta's events, said once more by itself: what it comes to, and whom it means, where Ada does it to Bob. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headings } from '../../../src/adapters/okta/index.ts';
import { compileTable } from '../../../src/adapters/okta/table.ts';
import { catalogue, faultsOf } from './check.ts';
import { ada, app, bob, byAda, connection, group, laptop, meaningOf, read, receivedAt } from './events.ts';
import { renderEventsPage } from './events-page.ts';

/** Event type, outcome, and what is made of it. `any`: whatever became of it. */
const expected = `
Sessions:
user.session.start                                   SUCCESS    session_established low            person Ada
user.session.start                                   FAILURE    signin.failed medium               person Ada
user.session.start                                   UNANSWERED signin.failed medium               person Ada
user.session.end                                     any        session_revoked low                person Bob
user.session.clear                                   SUCCESS    session_revoked medium             person Bob
user.session.context.change                          any        anomalous_token medium             person Bob
user.session.expire                                  any        context
user.session.access_admin_app                        any        context
user.session.impersonation.initiate                  any        role_granted_outside_pim high      asset organisation
user.session.impersonation.grant                     SUCCESS    role_granted_outside_pim medium    person Ada
user.session.impersonation.extend                    SUCCESS    role_granted_outside_pim medium    person Ada
user.session.impersonation.end                       any        context
user.session.impersonation.revoke                    any        context
user.device_session.start                            any        context
user.device_session.end                              any        context

Authentication:
user.authentication.auth_via_mfa                     SUCCESS    mfa.push.approved low              person Ada
user.authentication.auth_via_mfa                     FAILURE    mfa.push.denied medium             person Ada
user.authentication.auth_via_mfa                     UNANSWERED mfa.push.timeout medium            person Ada
user.authentication.auth_via_mfa                     CHALLENGE  context
user.authentication.sso                              any        context
user.authentication.auth_via_IDP                     SUCCESS    session_presented low              person Ada
user.authentication.auth_via_IDP                     FAILURE    signin.failed medium               person Ada
user.authentication.auth_via_social                  SUCCESS    session_presented low              person Ada
user.authentication.auth_via_social                  FAILURE    signin.failed medium               person Ada
user.authentication.authenticate                     any        context
user.authentication.auth                             any        context
user.authentication.verify                           any        context
user.authentication.auth_via_AD_agent                any        context
user.authentication.auth_via_LDAP_agent              any        context
user.authentication.auth_via_inbound_SAML            any        context
user.authentication.auth_via_inbound_delauth         any        context
user.authentication.auth_via_iwa                     any        context
user.authentication.auth_via_radius                  any        context
user.authentication.auth_via_richclient              any        context
user.authentication.auth_unconfigured_identifier     any        context
user.authentication.auth_identifier_not_in_policy    any        context
user.authentication.slo                              any        context
user.authentication.universal_logout                 SUCCESS    session_revoked medium             person Bob
user.authentication.universal_logout.scheduled       any        session_revoked medium             person Bob

Account:
user.account.report_suspicious_activity_by_enduser   any        mfa_fraud_report medium            person Bob
user.account.lock                                    any        brute_force medium                 person Bob
user.account.lock.limit                              any        brute_force high                   person Bob
user.account.unlock                                  SUCCESS    account_enabled low                person Bob
user.account.unlock_by_admin                         SUCCESS    account_enabled low                person Bob
user.account.unlock_token                            any        context
user.account.unlock_failure                          any        context
user.account.reset_password                          SUCCESS    credential_change medium           person Bob
user.account.update_password                         SUCCESS    credential_change medium           person Bob
user.account.expire_password                         any        context
user.account.update_primary_email                    SUCCESS    recovery_information_changed medium person Bob
user.account.update_secondary_email                  SUCCESS    recovery_information_changed medium person Bob
user.account.update_profile                          any        context
user.account.use_token                               any        recovery_activated low             person Bob
user.account.privilege.grant                         SUCCESS    role_granted_outside_pim medium    person Bob
user.account.privilege.revoke                        SUCCESS    token_claims_change medium         person Bob
user.account.access_support_user_app                 any        context
user.account.update_user_type                        any        context

Second factors:
user.mfa.attempt_bypass                              any        mfa_disabled high                  person Bob
user.mfa.factor.activate                             SUCCESS    mfa_factor_reset medium            person Bob
user.mfa.factor.deactivate                           SUCCESS    mfa_factor_reset medium            person Bob
user.mfa.factor.reset_all                            SUCCESS    mfa_factor_reset high              person Bob
user.mfa.factor.suspend                              SUCCESS    mfa_factor_reset medium            person Bob
user.mfa.factor.unsuspend                            SUCCESS    mfa_factor_reset medium            person Bob
user.mfa.factor.update                               SUCCESS    mfa_factor_reset medium            person Bob
user.mfa.okta_verify.deny_push                       any        mfa.push.denied medium             person Ada
user.mfa.okta_verify.deny_push_upgrade_needed        any        mfa.push.denied medium             person Ada
user.mfa.okta_verify                                 any        context
user.mfa.promote_enrollment                          any        context
user.behavior.profile.reset                          SUCCESS    conditional_access_changed low     person Ada

Risk:
user.risk.detect                                     any        risk_level_other medium            person Bob
user.risk.change                                     any        risk_level_other medium            person Bob
policy.entity_risk.evaluate                          any        context
policy.entity_risk.action                            SUCCESS    context
policy.auth_reevaluate.fail                          any        anomalous_token medium             person Bob
policy.auth_reevaluate.action                        any        context
policy.auth_reevaluate.enforce                       any        context
security.events.provider.receive_event               any        context
device.signals.status.timeout                        any        device_noncompliant medium         person Bob on laptop
analytics.feedback.provide                           any        context
user.internal.*                                      any        internal
security.internal.*                                  any        internal

Threat:
security.threat.detected                             any        malicious_ip medium                network address
security.attack.start                                any        context
security.attack.end                                  any        context
security.breached_credential.detected                any        leaked_credentials medium          person Bob
security.session.detect_client_roaming               any        anomalous_token medium             person Bob
security.request.blocked                             any        malicious_ip low                   network address
security.protected_action.attempt                    any        context
policy.evaluate_sign_on                              any        context
application.policy.sign_on.deny_access               any        rba_anomaly medium                 person Ada
app.generic.unauth_app_access_attempt                any        rba_anomaly medium                 person Ada
core.concurrency.org.limit.violation                 any        ownHealth
system.org.rate_limit.violation                      any        ownHealth
system.org.rate_limit.warning                        any        ownHealth
event_hook.delivery                                  any        ownHealth

Tokens and API:
system.api_token.create                              SUCCESS    app_credential_added medium        person Ada
system.api_token.enable                              SUCCESS    app_credential_added low           person Ada
system.api_token.update                              any        context
system.api_token.revoke                              SUCCESS    token_revoked medium               person Ada
system.api_token.request_outside_allowed_range       any        anomalous_token high               person Ada
app.oauth2.token.detect_reuse                        any        refresh_token_reuse high           person Bob
app.oauth2.as.token.detect_reuse                     any        refresh_token_reuse high           person Bob
app.oauth2.token.grant.*                             any        context
app.oauth2.as.token.grant.*                          any        context
app.oauth2.token.revoke                              SUCCESS    token_revoked medium               person Bob
app.oauth2.token.revoke.implicit.user                SUCCESS    token_revoked medium               person Bob
app.oauth2.token.revoke.implicit.client              SUCCESS    token_revoked medium               asset Payroll
app.oauth2.token.revoke.implicit.as                  SUCCESS    token_revoked medium               asset Payroll
app.oauth2.consent.grant                             SUCCESS    token_issued medium                person Bob
app.oauth2.as.consent.grant                          SUCCESS    token_issued medium                person Bob
app.oauth2.consent.revoke.*                          SUCCESS    token_revoked medium               person Bob
app.oauth2.as.consent.revoke.*                       SUCCESS    token_revoked medium               person Bob
app.oauth2.invalid_client_credentials                any        workload_anomaly medium            asset Payroll
app.oauth2.client.read_client_secret                 SUCCESS    app_credential_added medium        person Ada
app.oauth2.client.privilege.grant                    SUCCESS    role_granted_outside_pim high      asset Payroll
app.oauth2.client.privilege.revoke                   SUCCESS    oauth_client_changed medium        asset Payroll
app.oauth2.credentials.lifecycle.*                   SUCCESS    app_credential_added high          asset Payroll
app.oauth2.admin.consent.grant                       SUCCESS    app_credential_added medium        person Ada
app.oauth2.admin.consent.revoke                      SUCCESS    oauth_client_changed medium        asset Payroll
workload_principal.*                                 SUCCESS    oauth_client_changed medium        asset Payroll

Lifecycle:
user.lifecycle.create                                SUCCESS    account_enabled low                person Bob
user.lifecycle.activate                              SUCCESS    account_enabled low                person Bob
user.lifecycle.reactivate                            SUCCESS    account_enabled low                person Bob
user.lifecycle.unsuspend                             SUCCESS    account_enabled medium             person Bob
user.lifecycle.suspend                               SUCCESS    account_disabled medium            person Bob
user.lifecycle.deactivate                            SUCCESS    account_disabled medium            person Bob
user.lifecycle.delete.initiated                      SUCCESS    account_disabled medium            person Bob
user.lifecycle.delete.completed                      SUCCESS    account_purged medium              person Bob

Groups and administrators:
group.user_membership.add                            SUCCESS    token_claims_change low            person Bob
group.user_membership.remove                         SUCCESS    token_claims_change low            person Bob
group.privilege.grant                                SUCCESS    role_granted_outside_pim medium    person Bob
group.privilege.revoke                               SUCCESS    token_claims_change medium         person Bob
iam.resourceset.bindings.add                         SUCCESS    role_granted_outside_pim medium    person Bob
iam.resourceset.bindings.delete                      SUCCESS    token_claims_change medium         person Bob
iam.resourceset.*                                    SUCCESS    conditional_access_changed low     person Ada
iam.role.*                                           SUCCESS    conditional_access_changed low     person Ada
user.privileged_account.privilege.grant              SUCCESS    role_granted_outside_pim medium    person Bob
user.privileged_account.privilege.revoke             SUCCESS    token_claims_change medium         person Bob
application.user_membership.add                      SUCCESS    token_claims_change low            person Bob
application.user_membership.remove                   SUCCESS    token_claims_change low            person Bob
application.user_membership.change_password          SUCCESS    credential_change medium           person Bob
application.user_membership.show_password            SUCCESS    credential_change_required medium  person Bob
application.lifecycle.update                         SUCCESS    context

Devices:
device.enrollment.create                             SUCCESS    device_compliance_change medium    person Bob on laptop
device.user.add                                      SUCCESS    device_compliance_change medium    person Bob on laptop
device.user.remove                                   SUCCESS    device_compliance_change medium    person Bob on laptop
device.lifecycle.activate                            SUCCESS    device_compliance_change medium    person Bob on laptop
device.lifecycle.deactivate                          SUCCESS    device_compliance_change medium    person Bob on laptop
device.lifecycle.suspend                             SUCCESS    device_compliance_change medium    person Bob on laptop
device.lifecycle.unsuspend                           SUCCESS    device_compliance_change medium    person Bob on laptop
device.lifecycle.delete                              SUCCESS    device_compliance_change medium    person Bob on laptop

Configuration:
zone.create                                          SUCCESS    conditional_access_changed low     person Ada
zone.update                                          SUCCESS    conditional_access_changed low     person Ada
zone.delete                                          SUCCESS    conditional_access_changed medium  person Ada
zone.make_blacklist                                  SUCCESS    conditional_access_changed low     person Ada
zone.remove_blacklist                                SUCCESS    conditional_access_changed medium  person Ada
security.zone.make_blacklist                         SUCCESS    conditional_access_changed low     person Ada
security.zone.remove_blacklist                       SUCCESS    conditional_access_changed medium  person Ada
policy.rule.add                                      SUCCESS    conditional_access_changed low     person Ada
policy.rule.update                                   SUCCESS    conditional_access_changed low     person Ada
policy.rule.activate                                 SUCCESS    conditional_access_changed low     person Ada
policy.rule.deactivate                               SUCCESS    conditional_access_changed medium  person Ada
policy.rule.delete                                   SUCCESS    conditional_access_changed medium  person Ada
policy.lifecycle.create                              SUCCESS    conditional_access_changed low     person Ada
policy.lifecycle.update                              SUCCESS    conditional_access_changed low     person Ada
policy.lifecycle.activate                            SUCCESS    conditional_access_changed low     person Ada
policy.lifecycle.deactivate                          SUCCESS    conditional_access_changed medium  person Ada
policy.lifecycle.delete                              SUCCESS    conditional_access_changed medium  person Ada
security.authenticator.lifecycle.deactivate          SUCCESS    conditional_access_changed medium  person Ada
security.authenticator.lifecycle.*                   SUCCESS    conditional_access_changed low     person Ada
security.trusted_origin.*                            SUCCESS    conditional_access_changed low     person Ada
security.threat.configuration.update                 SUCCESS    conditional_access_changed medium  person Ada
system.log_stream.lifecycle.deactivate               SUCCESS    conditional_access_changed high    person Ada
system.log_stream.lifecycle.delete                   SUCCESS    conditional_access_changed high    person Ada
event_hook.deactivated                               SUCCESS    conditional_access_changed high    person Ada
event_hook.deleted                                   SUCCESS    conditional_access_changed high    person Ada
self_service.*                                       SUCCESS    conditional_access_changed low     person Ada
`;

const rows = headings.flatMap(([, each]) => each);
const lines = expected.split('\n').flatMap((line) => {
  const [, type, outcome, meaning] = /^(\S+) +(any|[A-Z]+) +(.+)$/.exec(line) ?? [];
  return type === undefined || outcome === undefined || meaning === undefined
    ? []
    : [{ type, outcome, meaning: meaning.replace(/ +/g, ' ') }];
});
const results: Readonly<Record<string, readonly string[]>> = { any: ['SUCCESS', 'FAILURE', 'SKIPPED'] };
const called: Readonly<Record<string, string>> = {
  [`${connection} ${ada.id}`]: 'Ada',
  [`${connection} ${bob.id}`]: 'Bob',
  [app.id]: 'Payroll',
  [laptop.id]: 'laptop',
  '198.51.100.7': 'address',
  [connection]: 'organisation',
};

/** What is made of an event, and who is meant. */
function told(event: unknown): string {
  const result = read(event);
  if (result.kind !== 'signal') return meaningOf(event);
  const { kind, person, id, device } = result.signal.claim;
  const who = called[person[0]?.value ?? id ?? ''];
  return `${meaningOf(event)} ${kind} ${who}${person.length > 0 && device === laptop.id ? ' on laptop' : ''}`;
}

describe('the table', () => {
  it.each(lines)('$type $outcome: $meaning', ({ type, outcome, meaning }) => {
    for (const result of results[outcome] ?? [outcome]) {
      const event = byAda(type.replace('.*', '.anything'), { target: [group, app, laptop, bob], outcome: { result, reason: null } });
      expect(told(event)).toBe(meaning);
      expect(faultsOf(read(event), { connection, ownClientIds: new Set(), receivedAt })).toEqual([]);
    }
  });

  it('has these rows and no others', () => {
    const words = { done: 'SUCCESS', failed: 'FAILURE', challenged: 'CHALLENGE', unanswered: 'UNANSWERED', other: 'SKIPPED', any: 'any' };
    expect(lines.map(({ type, outcome }) => `${type} ${outcome}`)).toEqual(rows.map(([type, outcome]) => `${type} ${words[outcome]}`));
  });

  it('gives only types that the catalogue knows', () => {
    const given = rows.map(([, , , gives]) => gives).filter((gives) => !['context', 'ownHealth', 'internal'].includes(gives));
    expect(given.filter((type) => !catalogue.types.has(type))).toEqual([]);
  });

  it('takes no two rows about the same', () => {
    const row = rows[0];
    if (row === undefined) throw new Error('there are no rows');
    expect(() => compileTable([row, row])).toThrow('two rows about user.session.start done');
  });

  it('counts a type that it does not know, under its name', () => {
    expect(read(byAda('user.session.teleport'))).toEqual({ kind: 'none', reason: 'unknownType', event: 'user.session.teleport' });
    expect(read(byAda('x'.repeat(500)))).toEqual({ kind: 'none', reason: 'unknownType', event: 'x'.repeat(128) });
  });

  it('keeps nothing of what was tried and did not happen', () => {
    expect(meaningOf(byAda('user.lifecycle.suspend', { outcome: { result: 'FAILURE' } }))).toBe('notDone');
    expect(meaningOf(byAda('zone.delete', { outcome: { result: 'SCHEDULED' } }))).toBe('notDone');
  });

  it('takes a family with its name, and a row of its own before it', () => {
    expect(meaningOf(byAda('iam.role'))).toBe('conditional_access_changed low');
    expect(meaningOf(byAda('iam.role.a.b.c'))).toBe('conditional_access_changed low');
    expect(meaningOf(byAda('iam.rolex.add'))).toBe('unknownType');
    expect(meaningOf(byAda('iam.resourceset.bindings.add'))).toBe('role_granted_outside_pim medium');
  });
});

it('docs/okta-events.md says what the table says; RESCIND_WRITE_DOCS=1 writes it', () => {
  const page = join(import.meta.dirname, '../../../docs/okta-events.md');
  if (process.env['RESCIND_WRITE_DOCS'] === '1') writeFileSync(page, renderEventsPage());
  expect(readFileSync(page, 'utf8')).toBe(renderEventsPage());
});
