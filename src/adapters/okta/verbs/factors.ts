/** The second factor: demanded by a group that a sign-on rule names, taken away, or one of them removed. */
import { z } from 'zod';
import type { Instant } from '../../../model/clock.ts';
import { parseDuration } from '../../../model/duration.ts';
import type { ActionOrder } from '../../contract.ts';
import { readUser, shaped, statusBar, tokensLeftMs, type User } from '../reads.ts';
import type { OktaSettings } from '../settings.ts';
import type { Errand } from '../transport.ts';
import { isMember } from './groups.ts';
import { endSessions, readSessions, type Sessions, sessionsOpen } from './sessions.ts';
import { defineVerb, following, type Tools } from './verb.ts';

/** Which strength the rule asks for is the rule's, so who orders one strength is refused rather than given another. */
function demandFault({ parameters }: ActionOrder, { stepUpGroup }: OktaSettings): string | undefined {
  if (stepUpGroup === undefined) return 'stepUpGroupMissing';
  if (parameters.strength === 'phishingResistant') return 'parameterUnsupported';
  if (parameters.strength !== undefined && parameters.strength !== 'any') return 'parameterInvalid';
  return parameters.for === undefined || parseDuration(String(parameters.for)) !== undefined ? undefined : 'parameterInvalid';
}

const groupOf = ({ settings }: Tools) => settings.stepUpGroup as string;

interface Demand {
  readonly sessions: Sessions;
  readonly member: boolean;
}

/** Membership alone challenges nobody who is signed in: the sessions from before are ended, so that the rule is met at the next use. */
export const mfaRequire = defineVerb<Demand>({
  fault: demandFault,
  async read(order, errand, tools) {
    const sessions = await readSessions(order, errand, tools);
    return { sessions, member: await isMember(order.account, groupOf(tools), errand, tools) };
  },
  open: ({ sessions, member }, order) => (member ? sessionsOpen(sessions, order) : 'notDemanded'),
  bar: ({ sessions: { user } }) => (user.status === 'DEPROVISIONED' ? statusBar(user, []) : undefined),
  async write({ sessions, member }, order, errand, tools) {
    const given = { groupId: groupOf(tools), userId: sessions.user.id };
    if (!member) await tools.okta.call(errand, (sdk) => sdk.groupApi.assignUserToGroup(given));
    const ending = endSessions(order, errand, tools);
    await (member ? ending : following(ending));
    return 1;
  },
  residualMs: ({ sessions: { user } }, order, errand, tools) =>
    user.lastLogin === undefined ? Promise.resolve(0) : tokensLeftMs(order, errand, tools),
});

export const mfaLift = defineVerb<boolean>({
  fault: ({ parameters: { undoes } }, { stepUpGroup }) => {
    if (undoes !== undefined && undoes !== 'mfa.require') return 'parameterInvalid';
    return stepUpGroup === undefined ? 'stepUpGroupMissing' : undefined;
  },
  async read(order, errand, tools) {
    const { id } = await readUser(order, errand, tools);
    return isMember(id, groupOf(tools), errand, tools);
  },
  open: (member) => (member ? 'demanded' : undefined),
  async write(_member, { account }, errand, tools) {
    const given = { groupId: groupOf(tools), userId: account };
    await tools.okta.call(errand, (sdk) => sdk.groupApi.unassignUserFromGroup(given));
    return 1;
  },
});

const factorSchema = z.object({ id: z.string(), factorType: z.string(), created: z.date() });

interface Factor {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Instant;
}

interface Factors {
  readonly user: User;
  readonly factors: readonly Factor[];
}

async function readFactors(order: ActionOrder, errand: Errand, tools: Tools): Promise<Factors> {
  const user = await readUser(order, errand, tools);
  const listed = await tools.okta.list(errand, (sdk) => sdk.userFactorApi.listFactors({ userId: user.id }));
  const factors = shaped(z.array(factorSchema), listed);
  return { user, factors: factors.map(({ id, factorType, created }) => ({ id, type: factorType, createdAt: created.getTime() })) };
}

const factorBar = ({ user }: Factors) => (user.status === 'DEPROVISIONED' ? statusBar(user, []) : undefined);
const residualMs = ({ user }: Factors, order: ActionOrder, errand: Errand, tools: Tools) =>
  user.lastLogin === undefined ? Promise.resolve(0) : tokensLeftMs(order, errand, tools);

/** Those enrolled before the order; who has enrolled another since keeps it. */
const before = ({ factors }: Factors, { intendedAt }: ActionOrder) => factors.filter(({ createdAt }) => createdAt <= intendedAt);

export const mfaReset = defineVerb<Factors>({
  read: readFactors,
  open: (state, order) => (before(state, order).length > 0 ? 'factorRemains' : undefined),
  bar: factorBar,
  async write(state, order, errand, tools) {
    const meant = before(state, order);
    if (meant.length < state.factors.length) return removeEach(meant, order, errand, tools);
    await tools.okta.call(errand, (sdk) => sdk.userApi.resetFactors({ userId: order.account }));
    return meant.length;
  },
  residualMs,
});

/** By its id, or all of one type: `sms`, `push`, `webauthn`. Those that share a phone with it go with it. */
const named = (state: Factors, order: ActionOrder) =>
  before(state, order).filter(({ id, type }) => id === order.parameters.factor || type === order.parameters.factor);

export const factorRemove = defineVerb<Factors>({
  fault: ({ parameters: { factor } }) => (typeof factor === 'string' ? undefined : 'parameterMissing'),
  read: readFactors,
  open: (state, order) => (named(state, order).length > 0 ? 'factorRemains' : undefined),
  bar: factorBar,
  write: (state, order, errand, tools) => removeEach(named(state, order), order, errand, tools),
  residualMs,
});

async function removeEach(factors: readonly Factor[], order: ActionOrder, errand: Errand, tools: Tools): Promise<number> {
  let removed = 0;
  for (const { id } of factors) {
    // Removing one of Okta Verify takes its siblings along.
    if (removed > 0 && !(await readFactors(order, errand, tools)).factors.some((factor) => factor.id === id)) continue;
    await tools.okta.call(errand, (sdk) => sdk.userFactorApi.unenrollFactor({ userId: order.account, factorId: id }));
    removed += 1;
  }
  return removed;
}
