/** Accounts, their life, groups and administrators. */
import type { Row } from '../table.ts';

export const accountRows: readonly Row[] = [
  ['user.account.report_suspicious_activity_by_enduser', 'any', 'user', 'mfa_fraud_report', 'medium', '', '"this was not me"'],
  ['user.account.lock', 'any', 'user', 'brute_force', 'medium', '', 'too many failures; FAILURE is how it is written'],
  ['user.account.lock.limit', 'any', 'user', 'brute_force', 'high', '', 'too many locks'],
  ['user.account.unlock', 'done', 'user', 'account_enabled', 'low', '', 'by the person'],
  ['user.account.unlock_by_admin', 'done', 'target', 'account_enabled', 'low', '', 'by an administrator'],
  ['user.account.unlock_token', 'any', '', 'context', '', '', 'a way to unlock was sent'],
  ['user.account.unlock_failure', 'any', '', 'context', '', '', 'still locked'],
  ['user.account.reset_password', 'done', 'target', 'credential_change', 'medium', 'passwordReset', 'the old password is void'],
  ['user.account.update_password', 'done', 'target', 'credential_change', 'medium', 'passwordChange', 'a new password'],
  ['user.account.expire_password', 'any', '', 'context', '', '', 'the old password still opens the page for a new one'],
  ['user.account.update_primary_email', 'done', 'target', 'recovery_information_changed', 'medium', '', 'precedes a takeover'],
  ['user.account.update_secondary_email', 'done', 'target', 'recovery_information_changed', 'medium', '', 'precedes a takeover'],
  ['user.account.update_profile', 'any', '', 'context', '', '', 'mostly directories that synchronise'],
  ['user.account.use_token', 'any', 'user', 'recovery_activated', 'low', '', 'a way back in that was not valid'],
  ['user.account.privilege.grant', 'done', 'grantee', 'role_granted_outside_pim', 'medium', '', 'became an administrator'],
  ['user.account.privilege.revoke', 'done', 'target', 'token_claims_change', 'medium', 'privilegeTaken', 'is administrator no more'],
  ['user.account.access_support_user_app', 'any', '', 'context', '', '', "Okta's help page was opened"],
  ['user.account.update_user_type', 'any', '', 'context', '', '', 'another kind of user'],
];

export const lifecycleRows: readonly Row[] = [
  ['user.lifecycle.create', 'done', 'target', 'account_enabled', 'low', '', 'an account more'],
  ['user.lifecycle.activate', 'done', 'target', 'account_enabled', 'low', '', 'mirrors the state'],
  ['user.lifecycle.reactivate', 'done', 'target', 'account_enabled', 'low', '', 'mirrors the state'],
  ['user.lifecycle.unsuspend', 'done', 'target', 'account_enabled', 'medium', '', 'mirrors the state; perhaps undoes what we did'],
  ['user.lifecycle.suspend', 'done', 'target', 'account_disabled', 'medium', 'initiator', 'mirrors the state'],
  ['user.lifecycle.deactivate', 'done', 'target', 'account_disabled', 'medium', 'initiator', 'mirrors the state'],
  ['user.lifecycle.delete.initiated', 'done', 'target', 'account_disabled', 'medium', 'initiator', 'about to be gone'],
  ['user.lifecycle.delete.completed', 'done', 'target', 'account_purged', 'medium', '', 'gone: what is pending has no subject'],
];

export const groupRows: readonly Row[] = [
  ['group.user_membership.add', 'done', 'target', 'token_claims_change', 'low', '', 'groups are read again'],
  ['group.user_membership.remove', 'done', 'target', 'token_claims_change', 'low', '', 'groups are read again'],
  ['group.privilege.grant', 'done', 'grantee', 'role_granted_outside_pim', 'medium', '', 'everybody of the group became an administrator'],
  ['group.privilege.revoke', 'done', 'grantee', 'token_claims_change', 'medium', '', 'is administrator no more'],
  ['iam.resourceset.bindings.add', 'done', 'grantee', 'role_granted_outside_pim', 'medium', '', 'a role over some resources'],
  ['iam.resourceset.bindings.delete', 'done', 'grantee', 'token_claims_change', 'medium', '', 'a role less'],
  ['iam.resourceset.*', 'done', 'actor', 'conditional_access_changed', 'low', '', 'what roles reach'],
  ['iam.role.*', 'done', 'actor', 'conditional_access_changed', 'low', '', 'what roles may do'],
  ['user.privileged_account.privilege.grant', 'done', 'grantee', 'role_granted_outside_pim', 'medium', '', 'may use a privileged account'],
  ['user.privileged_account.privilege.revoke', 'done', 'target', 'token_claims_change', 'medium', 'privilegeTaken', 'may no more'],
  ['application.user_membership.add', 'done', 'target', 'token_claims_change', 'low', '', 'may use an app'],
  ['application.user_membership.remove', 'done', 'target', 'token_claims_change', 'low', '', 'may no more'],
  ['application.user_membership.change_password', 'done', 'target', 'credential_change', 'medium', 'appPassword', 'of one app'],
  ['application.user_membership.show_password', 'done', 'target', 'credential_change_required', 'medium', 'shownPassword', 'others saw it'],
  ['application.lifecycle.update', 'done', 'actor', 'context', 'high', 'passwordPush', 'telling where passwords are pushed to an app'],
];
