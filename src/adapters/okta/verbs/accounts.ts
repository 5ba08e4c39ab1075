/**
 * Closing and opening accounts. Okta has one state for it, suspended, and two actions of ours lead there: which of them hold an account is
 * kept here, so that lifting one never opens what the other closed. Nothing here deactivates: that takes applications from a person for good.
 */
import type { ActionOrder, AdapterStorage } from '../../contract.ts';
import { readUser, statusBar, tokensLeftMs, type User } from '../reads.ts';
import type { Errand } from '../transport.ts';
import { defineVerb, type Tools, type Verb } from './verb.ts';

const holding = ['account.suspend', 'account.disable'] as const;
type Holding = (typeof holding)[number];

interface Held {
  readonly user: User;
  /** Ours; of an account that is not suspended they are left over, and mean nothing. */
  readonly holds: readonly Holding[];
}

const holdKind = 'hold';
const keyOf = (type: Holding, { account }: ActionOrder) => `${account} ${type}`;

async function readHeld(order: ActionOrder, errand: Errand, tools: Tools): Promise<Held> {
  const user = await readUser(order, errand, tools);
  const kept = await Promise.all(holding.map((type) => tools.storage.get(holdKind, keyOf(type, order))));
  return { user, holds: holding.filter((_, nth) => kept[nth] !== undefined) };
}

const keep = (storage: AdapterStorage, type: Holding, order: ActionOrder) =>
  storage.put(holdKind, keyOf(type, order), { value: {}, account: order.account });

async function forget(storage: AdapterStorage, types: readonly Holding[], order: ActionOrder): Promise<void> {
  for (const type of types) await storage.delete(holdKind, keyOf(type, order));
}

function hold(type: Holding): Verb {
  return defineVerb<Held>({
    read: readHeld,
    open({ user, holds }) {
      if (user.status === 'DEPROVISIONED') return undefined;
      if (user.status !== 'SUSPENDED') return 'accountOpen';
      // Suspended by somebody else it is closed, and theirs to open; by our other action it would be opened with that.
      return holds.length === 0 || holds.includes(type) ? undefined : 'notHeld';
    },
    // Suspending works from ACTIVE alone; for the others sessions and tokens can be ended, and more is a person's decision.
    bar: ({ user }) => statusBar(user, ['ACTIVE', 'SUSPENDED']),
    async write({ user, holds }, order, errand, { okta, storage }) {
      if (user.status === 'ACTIVE') await forget(storage, holds, order);
      // Before the call: a hold too many is forgotten at the next, one too few would open an account.
      await keep(storage, type, order);
      if (user.status === 'ACTIVE') await okta.call(errand, (sdk) => sdk.userApi.suspendUser({ userId: order.account }));
      return 1;
    },
    residualMs: ({ user }, order, errand, tools) =>
      user.lastLogin === undefined ? Promise.resolve(0) : tokensLeftMs(order, errand, tools),
  });
}

export const accountSuspend = hold('account.suspend');
export const accountDisable = hold('account.disable');

const meant = ({ parameters: { undoes } }: ActionOrder) => holding.filter((type) => undoes === undefined || type === undoes);

/** With `undoes` only the hold of that action is lifted, otherwise every one. */
export const accountRestore = defineVerb<Held>({
  fault: (order) => (meant(order).length === 0 ? 'parameterInvalid' : undefined),
  read: readHeld,
  open({ user, holds }, order) {
    if (user.status === 'DEPROVISIONED') return 'accountDeactivated';
    if (user.status !== 'SUSPENDED') return undefined;
    const lifted = meant(order);
    const heldByOther = holds.some((type) => !lifted.includes(type));
    return heldByOther && !holds.some((type) => lifted.includes(type)) ? undefined : 'accountHeld';
  },
  bar: ({ user }) => statusBar(user, ['SUSPENDED']),
  async write({ holds }, order, errand, { okta, storage }) {
    const lifted = meant(order);
    // First the account: what is left of a hold when we end between the two is forgotten with the next suspension.
    if (holds.every((type) => lifted.includes(type)))
      await okta.call(errand, (sdk) => sdk.userApi.unsuspendUser({ userId: order.account }));
    await forget(storage, lifted, order);
    return 1;
  },
});

/** Passwords that somebody else proves are not Okta's to expire. */
const elsewhere = ['FEDERATION', 'SOCIAL'];

export const passwordExpire = defineVerb<User>({
  read: readUser,
  open: ({ status, passwordChanged }, { intendedAt }) =>
    status === 'PASSWORD_EXPIRED' || status === 'RECOVERY' || (passwordChanged ?? 0) > intendedAt ? undefined : 'passwordStands',
  bar: (user) => (elsewhere.includes(user.credentials?.provider?.type ?? '') ? 'federated' : statusBar(user, ['ACTIVE', 'LOCKED_OUT'])),
  async write({ id }, _order, errand, { okta }) {
    await okta.call(errand, (sdk) => sdk.userApi.expirePassword({ userId: id }));
    return 1;
  },
  residualMs: ({ lastLogin }, order, errand, tools) => (lastLogin === undefined ? Promise.resolve(0) : tokensLeftMs(order, errand, tools)),
});
