/** The event types that an event hook is asked for: those that Okta lets a hook have, and of which a row makes a signal. */
import { headings } from './normalise.ts';
import { compileTable, type Outcome } from './table.ts';

const below = (prefix: string, names: string): readonly string[] => names.split(' ').map((name) => `${prefix}.${name}`);

/**
 * Okta's catalogue tags them `event-hook-eligible`. Exact names alone: one that an organisation does not know has Okta refuse the whole hook.
 * What is not here comes by the System Log.
 */
const eligible: readonly string[] = [
  ...below('user.session', 'start end clear context.change'),
  ...below('user.authentication', 'auth_via_mfa auth_via_IDP auth_via_social sso authenticate universal_logout universal_logout.scheduled'),
  ...below('user.account', 'report_suspicious_activity_by_enduser lock unlock unlock_by_admin reset_password update_password'),
  ...below('user.account', 'update_secondary_email update_profile privilege.grant privilege.revoke'),
  ...below('user.mfa.factor', 'activate deactivate reset_all suspend unsuspend update'),
  ...['user.mfa.promote_enrollment', 'user.behavior.profile.reset', 'user.risk.detect', 'user.risk.change', 'policy.auth_reevaluate.fail'],
  ...['security.breached_credential.detected', 'application.policy.sign_on.deny_access'],
  ...below('system.api_token', 'create revoke request_outside_allowed_range'),
  ...below('app.oauth2.as.consent', 'grant revoke.user revoke.implicit.as'),
  ...below('app.oauth2.client.privilege', 'grant revoke'),
  ...below('user.lifecycle', 'create activate deactivate suspend unsuspend reactivate delete.initiated'),
  ...below('group', 'user_membership.add user_membership.remove privilege.grant privilege.revoke'),
  ...below('application.user_membership', 'add remove change_password'),
  ...below('iam.role', 'create update delete permissions.add permissions.delete'),
  ...below('iam.resourceset', 'create update delete bindings.add bindings.delete resources.add resources.delete'),
  ...below('device', 'enrollment.create user.add user.remove'),
  ...below('device.lifecycle', 'activate deactivate suspend unsuspend delete'),
  ...below('policy.rule', 'add update delete activate deactivate'),
  ...below('policy.lifecycle', 'update activate deactivate'),
  ...below('security.authenticator.lifecycle', 'create update activate deactivate'),
  ...below('system.log_stream.lifecycle', 'deactivate delete'),
];

const outcomes: readonly Outcome[] = ['done', 'failed', 'challenged', 'unanswered', 'other'];
const table = compileTable(headings.flatMap(([, rows]) => rows));

/**
 * Sorted. An organisation's hooks fall silent after 400,000 events a day: types that are only context, such as every opening of an app,
 * stay out and are read in the log.
 */
export const hookTypes: readonly string[] = eligible.filter((type) => outcomes.some((outcome) => tells(type, outcome))).sort();

function tells(type: string, outcome: Outcome): boolean {
  const rule = table.find(type, outcome);
  return rule !== undefined && rule !== 'notDone' && !rule.silent;
}
