/** What is done on Okta, what outlives each of it, and the least that our credential needs for it. */
import type { Capability, Manifest } from '../contract.ts';

const can = (residual: string, more: Partial<Capability> = {}): Capability => ({
  support: 'full',
  readBack: true,
  inverse: 'none',
  residual,
  ...more,
});

const tokensLive =
  'Refresh tokens, and access tokens that are checked by their signature, live on until they expire or token.revoke ends them';

export const manifest: Manifest = {
  provider: 'okta',
  actions: {
    'session.revoke': can(`${tokensLive}; sessions that applications made for themselves live on unless app.signOut ends them.`),
    'token.revoke': can('Access tokens that are checked by their signature live on until they expire; a session can obtain new tokens.'),
    'grant.revoke': can('Tokens that were issued under the consents live on until they expire or token.revoke ends them.'),
    'app.signOut': can('Applications that do not support Universal Logout keep their sessions; access tokens live on until they expire.'),
    'mfa.require': can(`${tokensLive}. That the group is challenged is the work of the organisation’s own sign-on rule.`, {
      support: 'substitute',
      by: 'membership of the group whose sign-on rule demands a second factor, and the end of sessions, so that it is met at the next use',
      inverse: 'mfa.lift',
    }),
    'mfa.lift': can('Nobody is asked for a second factor on account of the group any more.'),
    'mfa.reset': can('Sessions and tokens live on, and whoever knows the password enrols the next factor.'),
    'factor.remove': can('Sessions and tokens live on, and whoever knows the password may enrol another factor.'),
    'password.expire': can('Sessions and tokens live on, and whoever knows the old password can set the new one.'),
    'account.suspend': can('Sessions and tokens that began before are not ended by it: session.revoke and token.revoke end them.', {
      inverse: 'account.restore',
    }),
    'account.disable': can('Sessions and tokens that began before are not ended by it: session.revoke and token.revoke end them.', {
      support: 'substitute',
      by: 'suspension: deactivating would take applications and their data from the person for good',
      inverse: 'account.restore',
    }),
    'account.restore': can('Sessions and tokens that were not ended count again.'),
    'group.add': can('Whatever the group gives is there again.'),
    'group.remove': can('Sessions and tokens live on with what they were issued for, and applications that were assigned otherwise stay.', {
      inverse: 'group.add',
    }),
    'role.remove': can('Roles that come with a group stay, and API tokens that the person made live on with what roles are left.'),
    'device.disable': can('Sessions on the device live on. It has no end of its own: somebody unsuspends the device at Okta.'),
    'ip.block': can('Sessions that came from the address end with their next request to Okta only; applications are not told.'),
    'risk.set': can('By itself nothing: what follows is the organisation’s own entity risk policy.'),
  },
  permissions: {
    read: [
      ...['okta.users.read', 'okta.groups.read', 'okta.roles.read', 'okta.logs.read', 'okta.userRisk.read', 'okta.devices.read'],
      ...['okta.networkZones.read', 'okta.eventHooks.read'],
    ],
    write: [
      ...['okta.users.manage', 'okta.groups.manage', 'okta.roles.manage', 'okta.userRisk.manage', 'okta.devices.manage'],
      ...['okta.networkZones.manage', 'okta.universalLogout.manage', 'okta.eventHooks.manage'],
    ],
  },
  marks: ['password_reset', 'password_reset_self', 'sessions_revoked', 'mfa_strong', 'mfa_weak'],
  concurrency: 16,
};
