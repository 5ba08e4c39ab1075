/** What each action asks of the admin API, and how the person's access shows that it is in force. */
import type { ActionType } from '../../model/action.ts';
import { type Instant, toRfc3339 } from '../../model/clock.ts';
import { parseDuration } from '../../model/duration.ts';
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

/** How long the longest-lived of what began before the order lives on. */
function leftOf(access: Access, order: ActionOrder, living: readonly { readonly begunAt: number; readonly expiresAt: number }[]): number {
  return Math.max(0, ...living.filter(({ begunAt }) => begunAt <= order.intendedAt).map(({ expiresAt }) => expiresAt - access.asOf));
}

const grantRevoke: Verb = {
  ask: (order) => ({ path: 'grants/revoke', body: { before: before(order) } }),
  judge: (access, order) =>
    access.grants.some(({ begunAt }) => begunAt <= order.intendedAt)
      ? notYet('consentsRemain')
      : inForce(leftOf(access, order, access.tokens)),
};

const passwordExpire: Verb = {
  ask: (order) => ({ path: 'password/expire', body: { before: before(order) } }),
  judge: (access, order) =>
    access.password.mustChange || (access.password.setAt ?? 0) > order.intendedAt
      ? inForce(leftOf(access, order, [...access.sessions, ...access.tokens]))
      : notYet('passwordStands'),
};

const mfaReset: Verb = {
  ask: (order) => ({ path: 'mfa/reset', body: { before: before(order) } }),
  judge: (access, order) =>
    !access.factor.enrolled || (access.factor.enrolledAt ?? 0) > order.intendedAt
      ? inForce(leftOf(access, order, [...access.sessions, ...access.tokens]))
      : notYet('factorRemains'),
};

/** When the demand ends, undefined where it stands until it is lifted. */
function untilOf({ parameters, intendedAt }: ActionOrder): { readonly until?: Instant } | { readonly refused: string } {
  if (parameters.strength === 'phishingResistant') return { refused: 'parameterUnsupported' };
  if (parameters.strength !== undefined && parameters.strength !== 'any') return { refused: 'parameterInvalid' };
  if (parameters.for === undefined) return {};
  const lasts = parseDuration(String(parameters.for));
  return lasts === undefined ? { refused: 'parameterInvalid' } : { until: intendedAt + lasts };
}

/** A code generator resists no phishing: who asks for what does is refused rather than given less. */
const mfaRequire: Verb = {
  ask(order) {
    const asked = untilOf(order);
    if ('refused' in asked) return asked;
    const until = asked.until === undefined ? {} : { until: toRfc3339(asked.until) };
    return { path: 'mfa/require', body: { before: before(order), ...until } };
  },
  judge(access, order) {
    const asked = untilOf(order);
    if ('refused' in asked) return { inForce: null, code: asked.refused };
    const { stepUp } = access;
    const covers = stepUp !== null && (stepUp.until === null || (asked.until !== undefined && stepUp.until >= asked.until));
    // A session must meet the demand at its next use, a token is not asked.
    return covers ? inForce(leftOf(access, order, access.tokens)) : notYet('notDemanded');
  },
};

const mfaLift: Verb = {
  ask: ({ parameters: { undoes } }) =>
    undoes === undefined || undoes === 'mfa.require' ? { path: 'mfa/lift', body: {} } : { refused: 'parameterInvalid' },
  judge: ({ stepUp }) => (stepUp === null ? inForce() : notYet('demanded')),
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
  'grant.revoke': grantRevoke,
  'password.expire': passwordExpire,
  'mfa.require': mfaRequire,
  'mfa.lift': mfaLift,
  'mfa.reset': mfaReset,
  'account.suspend': hold('account/suspend', 'suspended'),
  'account.disable': hold('account/disable', 'disabled'),
  'account.restore': accountRestore,
};
