/** Which event types an event hook may ask for, of those that matter to access. Others reach nobody but who polls the log. */

const eligible = new Set([
  ...['start', 'end', 'clear', 'context.change'].map((name) => `user.session.${name}`),
  ...['auth_via_mfa', 'sso', 'auth_via_IDP', 'auth_via_social', 'authenticate', 'universal_logout', 'universal_logout.scheduled'].map(
    (name) => `user.authentication.${name}`,
  ),
  ...['report_suspicious_activity_by_enduser', 'lock', 'unlock', 'unlock_by_admin', 'reset_password', 'update_password'].map(
    (name) => `user.account.${name}`,
  ),
  ...['update_secondary_email', 'update_profile', 'privilege.grant', 'privilege.revoke'].map((name) => `user.account.${name}`),
  ...['activate', 'deactivate', 'reset_all', 'suspend', 'unsuspend', 'update'].map((name) => `user.mfa.factor.${name}`),
  ...['user.mfa.promote_enrollment', 'user.behavior.profile.reset', 'user.risk.detect', 'user.risk.change', 'policy.auth_reevaluate.fail'],
  ...['security.breached_credential.detected', 'application.policy.sign_on.deny_access'],
  ...['create', 'revoke', 'request_outside_allowed_range'].map((name) => `system.api_token.${name}`),
  ...['app.oauth2.as.consent.grant', 'app.oauth2.as.consent.revoke.user', 'app.oauth2.as.consent.revoke.implicit.as'],
  ...['app.oauth2.client.privilege.grant', 'app.oauth2.client.privilege.revoke'],
  ...['create', 'activate', 'deactivate', 'suspend', 'unsuspend', 'reactivate', 'delete.initiated'].map((name) => `user.lifecycle.${name}`),
  ...['group.user_membership.add', 'group.user_membership.remove', 'group.privilege.grant', 'group.privilege.revoke'],
  ...['add', 'remove', 'change_password'].map((name) => `application.user_membership.${name}`),
  ...['device.enrollment.create', 'device.user.add', 'device.user.remove'],
  ...['activate', 'deactivate', 'suspend', 'unsuspend', 'delete'].map((name) => `device.lifecycle.${name}`),
  ...['add', 'update', 'delete', 'activate', 'deactivate'].map((name) => `policy.rule.${name}`),
  ...['update', 'activate', 'deactivate'].map((name) => `policy.lifecycle.${name}`),
  ...['system.log_stream.lifecycle.deactivate', 'system.log_stream.lifecycle.delete'],
]);
const eligibleFamilies = [
  'iam.role.',
  'iam.resourceset.',
  'security.authenticator.lifecycle.',
  'security.trusted_origin.',
  'workload_principal.',
];

export const isHookEligible = (eventType: string): boolean =>
  eligible.has(eventType) || eligibleFamilies.some((family) => eventType.startsWith(family));
