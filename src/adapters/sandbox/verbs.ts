/** What each action asks of the admin API, and how the person's access shows that it is in force. */
import type { ActionType } from '../../model/action.ts';
import { toRfc3339 } from '../../model/clock.ts';
import type { ActionOrder, ReadBack } from '../contract.ts';
import type { Access } from './access-answer.ts';
import { readScope, sessionRevoke } from './session-scope.ts';

/** A write below the person's path; the idempotency key is added to its body. */
export type Asked =
  | { readonly path: string; readonly body: Readonly<Record<string, unknown>> }
  /** The order cannot be carried out as it was given, and nothing is sent. */
  | { readonly refused: string };

export interface Verb {
  ask(order: ActionOrder): Asked;
  judge(access: Access, order: ActionOrder): ReadBack;
}

const inForce = (residualAccessMs = 0): ReadBack => ({ inForce: true, residualAccessMs });
const notYet = (code: string): ReadBack => ({ inForce: false, code });
const before = (order: ActionOrder) => toRfc3339(order.intendedAt);

const tokenRevoke: Verb = {
  ask(order) {
    const scope = readScope(order);
    if ('refused' in scope) return scope;
    return scope.scope === 'all' ? { path: 'tokens/revoke', body: { before: before(order) } } : { refused: 'parameterUnsupported' };
  },
  // Tokens are opaque and looked up at each use: none outlives its record.
  judge: (access, order) => (access.tokens.some((token) => token.begunAt <= order.intendedAt) ? notYet('tokensRemain') : inForce()),
};

const hold = (path: string, held: keyof Access['account']): Verb => ({
  ask: () => ({ path, body: {} }),
  // A token of an account that is held is found inactive wherever it is looked up.
  judge: ({ account }) => (account[held] ? inForce() : notYet('accountOpen')),
});

const lifted: Readonly<Record<string, readonly (keyof Access['account'])[]>> = {
  'account.suspend': ['suspended'],
  'account.disable': ['disabled'],
};

/** With `undoes` only the hold of that action is lifted, otherwise every one. */
const accountRestore: Verb = {
  ask({ parameters: { undoes } }) {
    if (undoes === undefined) return { path: 'account/restore', body: {} };
    const [held] = lifted[String(undoes)] ?? [];
    return held === undefined ? { refused: 'parameterInvalid' } : { path: 'account/restore', body: { lifts: held } };
  },
  judge({ account }, { parameters: { undoes } }) {
    const holds = undoes === undefined ? (['suspended', 'disabled'] as const) : (lifted[String(undoes)] ?? []);
    return holds.some((held) => account[held]) ? notYet('accountHeld') : inForce();
  },
};

export const verbs: Readonly<Partial<Record<ActionType, Verb>>> = {
  'session.revoke': sessionRevoke,
  'token.revoke': tokenRevoke,
  'account.suspend': hold('account/suspend', 'suspended'),
  'account.disable': hold('account/disable', 'disabled'),
  'account.restore': accountRestore,
};
