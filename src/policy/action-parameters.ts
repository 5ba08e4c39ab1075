/** The parameters that each action type takes in a ladder, and which rung a use of it has. */
import type { ActionParameters, ActionType, Rung } from '../model/action.ts';
import { actionTypes, restoringTypes } from '../model/action.ts';
import { parseDuration } from './duration.ts';
import type { PolicyAction } from './schema.ts';

type Check = (value: unknown) => string | undefined;

const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? undefined : `one of ${allowed.join(', ')}`;
const duration: Check = (value) => (typeof value === 'string' && parseDuration(value) !== undefined ? undefined : 'a duration like 24h');
const word: Check = (value) => (typeof value === 'string' && /^\S.{0,199}$/.test(value) ? undefined : 'a text of at most 200 characters');
const actionList: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && Object.hasOwn(actionTypes, item))
    ? undefined
    : 'a list of action types';

interface ParameterTable {
  readonly checks: Readonly<Record<string, Check>>;
  readonly required?: readonly string[];
}

const transmitted: Readonly<Record<string, Rung>> = { 'session-revoked': 3, 'credential-change': 3, 'account-disabled': 6 };

const tables: Readonly<Record<ActionType, ParameterTable>> = {
  'notice.send': { checks: { to: word, template: word } },
  'case.open': { checks: { propose: actionList, queue: word } },
  'risk.set': { checks: { level: oneOf('low', 'medium', 'high') } },
  'event.transmit': { checks: { event: word, receiver: word }, required: ['event'] },
  'mfa.require': { checks: { strength: oneOf('any', 'phishingResistant'), for: duration } },
  'session.revoke': { checks: { scope: oneOf('all', 'one') } },
  'token.revoke': { checks: { scope: oneOf('all', 'one') } },
  'grant.revoke': { checks: { scope: oneOf('all') } },
  'app.signOut': { checks: { scope: oneOf('all') } },
  'ip.block': { checks: { expires: duration }, required: ['expires'] },
  'password.expire': { checks: {} },
  'mfa.reset': { checks: {} },
  'factor.remove': { checks: { factor: word } },
  'group.remove': { checks: { group: word }, required: ['group'] },
  'role.remove': { checks: { role: word } },
  'device.disable': { checks: { expires: duration } },
  'playbook.start': { checks: { playbook: word }, required: ['playbook'] },
  'account.suspend': { checks: { expires: duration, method: word }, required: ['expires'] },
  'account.disable': { checks: { reason: word } },
  'credential.disable': { checks: {} },
  'account.restore': { checks: { undoes: oneOf('account.suspend', 'account.disable') } },
  'group.add': { checks: { group: word }, required: ['group'] },
  'mfa.lift': { checks: { undoes: oneOf('mfa.require') } },
};

export interface ParameterFault {
  readonly parameter: string;
  readonly code: 'E101' | 'E124';
  readonly message: string;
}

/** Whether a policy may name it. */
export function isActionType(text: string): text is ActionType {
  return Object.hasOwn(actionTypes, text) && !(restoringTypes as readonly string[]).includes(text);
}

/** Types that fall on the subject itself, once a connection; all others are done to an account. */
const onSubject: readonly ActionType[] = ['notice.send', 'case.open', 'event.transmit', 'playbook.start', 'ip.block', 'device.disable'];

export function fallsOnAccounts(type: ActionType): boolean {
  return !onSubject.includes(type);
}

export function parameterFaults(type: ActionType, action: PolicyAction, approved: boolean): readonly ParameterFault[] {
  const { checks, required = [] } = tables[type];
  const { type: _type, perProvider: _perProvider, perConnection: _perConnection, ...given } = action;
  const faults: ParameterFault[] = [];
  for (const [parameter, value] of Object.entries(given)) {
    const check = Object.hasOwn(checks, parameter) ? checks[parameter] : undefined;
    if (!check) faults.push({ parameter, code: 'E101', message: `${type} takes no \`${parameter}\`` });
    else {
      const wanted = check(value);
      if (wanted) faults.push({ parameter, code: 'E101', message: `expected ${wanted}` });
    }
  }
  const missing = required.filter((parameter) => given[parameter] === undefined);
  if (type === 'device.disable' && !approved && given.expires === undefined) missing.push('expires');
  for (const parameter of missing) {
    const code = parameter === 'expires' ? 'E124' : 'E101';
    faults.push({ parameter, code, message: `${type} needs \`${parameter}\`` });
  }
  return faults;
}

/** As the plan carries them; a list becomes one text with commas. */
export function parametersOf(action: PolicyAction): ActionParameters {
  const { type: _type, perProvider: _perProvider, perConnection: _perConnection, ...given } = action;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value as string | number | boolean)]),
  );
}

/** An emitted event has the rung of what it reports. */
export function rungOf(type: ActionType, action: PolicyAction): Rung {
  if (type === 'event.transmit') {
    const event = String(action.event);
    return Object.hasOwn(transmitted, event) ? (transmitted[event] as Rung) : 1;
  }
  return actionTypes[type].rung;
}
