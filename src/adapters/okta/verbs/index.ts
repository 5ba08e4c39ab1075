/** Every action on Okta, by its type. */
import type { ActionType } from '../../../model/action.ts';
import { accountDisable, accountRestore, accountSuspend, passwordExpire } from './accounts.ts';
import { deviceDisable } from './device.ts';
import { factorRemove, mfaLift, mfaRequire, mfaReset } from './factors.ts';
import { groupAdd, groupRemove, roleRemove } from './groups.ts';
import { ipBlock } from './ip-block.ts';
import { riskSet } from './risk.ts';
import { appSignOut, grantRevoke, sessionRevoke, tokenRevoke } from './sessions.ts';
import type { Verb } from './verb.ts';

export const verbs: Readonly<Partial<Record<ActionType, Verb>>> = {
  'session.revoke': sessionRevoke,
  'token.revoke': tokenRevoke,
  'grant.revoke': grantRevoke,
  'app.signOut': appSignOut,
  'mfa.require': mfaRequire,
  'mfa.lift': mfaLift,
  'mfa.reset': mfaReset,
  'factor.remove': factorRemove,
  'password.expire': passwordExpire,
  'account.suspend': accountSuspend,
  'account.disable': accountDisable,
  'account.restore': accountRestore,
  'group.add': groupAdd,
  'group.remove': groupRemove,
  'role.remove': roleRemove,
  'device.disable': deviceDisable,
  'ip.block': ipBlock,
  'risk.set': riskSet,
};
