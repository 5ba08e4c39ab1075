/** What Rescind can do to access: the verbs, how hard each bites, and what becomes of one call. */
import type { SubjectKind } from './subject.ts';

export type Rung = 0 | 1 | 2 | 3 | 4 | 5 | 6;

interface ActionDefinition {
  readonly rung: Rung;
  readonly reversible: boolean;
  readonly kinds: readonly SubjectKind[];
}

const people: readonly SubjectKind[] = ['person', 'account'];
const all: readonly SubjectKind[] = ['person', 'account', 'session', 'device', 'network', 'host', 'asset'];

/** One table of every verb. What no adapter offers is recorded as refused, never dropped. */
export const actionTypes = {
  'notice.send': { rung: 0, reversible: false, kinds: all },
  'case.open': { rung: 0, reversible: true, kinds: all },
  'risk.set': { rung: 1, reversible: true, kinds: people },
  'event.transmit': { rung: 1, reversible: false, kinds: ['person', 'account', 'session', 'device'] },
  'mfa.require': { rung: 2, reversible: true, kinds: ['person', 'account', 'session'] },
  'session.revoke': { rung: 3, reversible: false, kinds: ['person', 'account', 'session', 'device'] },
  'token.revoke': { rung: 3, reversible: false, kinds: ['person', 'account', 'session'] },
  'grant.revoke': { rung: 3, reversible: false, kinds: people },
  'app.signOut': { rung: 3, reversible: false, kinds: people },
  'ip.block': { rung: 3, reversible: true, kinds: ['network'] },
  'password.expire': { rung: 4, reversible: false, kinds: people },
  'mfa.reset': { rung: 4, reversible: false, kinds: people },
  'factor.remove': { rung: 4, reversible: false, kinds: people },
  'group.remove': { rung: 4, reversible: true, kinds: people },
  'role.remove': { rung: 4, reversible: true, kinds: people },
  'device.disable': { rung: 4, reversible: true, kinds: ['device'] },
  'playbook.start': { rung: 4, reversible: false, kinds: all },
  'account.suspend': { rung: 5, reversible: true, kinds: people },
  'account.disable': { rung: 6, reversible: true, kinds: people },
  'credential.disable': { rung: 6, reversible: true, kinds: ['account'] },
  'account.restore': { rung: 0, reversible: false, kinds: people },
  'group.add': { rung: 0, reversible: false, kinds: people },
  'mfa.lift': { rung: 0, reversible: false, kinds: ['person', 'account', 'session'] },
} as const satisfies Record<string, ActionDefinition>;

export type ActionType = keyof typeof actionTypes;
export const actionTypeNames = Object.keys(actionTypes) as readonly ActionType[];

/** Verbs that give back what another one took: by undo or by a person's order, never named by a policy. */
export const restoringTypes: readonly ActionType[] = ['account.restore', 'group.add', 'mfa.lift'];

/** `unknown`: the answer was lost; `unverified`: accepted, but not seen in force by reading back. */
export const actionStates = ['intended', 'done', 'already', 'refused', 'failed', 'unverified', 'unknown'] as const;
export type ActionState = (typeof actionStates)[number];

/** Parameters as a policy writes them, checked per type when the bundle is loaded. */
export type ActionParameters = Readonly<Record<string, string | number | boolean>>;
