/** Guard by cause, of the guards that count nobody: what one of them does to one action that everything else lets pass. */
import type { WantedAction } from '../../src/model/decision.ts';
import type { AccountId } from '../../src/model/ids.ts';
import { type Cause, causes } from '../../src/model/signal.ts';
import type { Situation } from '../../src/model/situation.ts';
import type { Identity } from '../../src/model/subject.ts';
import { enforcing, fates, intentOf, judge, situationOf, want } from './support.ts';

interface Cell {
  readonly binds: readonly Cause[];
  readonly run: (cause: Cause) => string[];
  readonly bound: string;
}

const risks: readonly Cause[] = ['risk', 'partner'];
export const dayMs = 86_400_000;

export const accountOf = (more: Partial<Identity['accounts'][number]> = {}): Identity['accounts'][number] => ({
  id: 'account-1' as AccountId,
  connection: 'okta',
  externalId: 'x',
  status: 'active',
  ...more,
});

/** One step of one action, in a situation of this cause. */
function one(
  action: WantedAction,
  cause: Cause,
  person: Partial<Identity>,
  more: Parameters<typeof judge>[1] & { at?: Partial<Situation> },
) {
  const { at, ...judging } = more;
  return fates(judge(intentOf([action]), { ...judging, situation: { ...situationOf({ cause, person }), ...at } }));
}

const suspend = want('account.suspend');

/** Two administrators are at the floor of the profile `standard`, and above that of `small`. */
function atFloorOf(connection: string, cause: Cause): string {
  const standing = { directories: { [connection]: 0 }, admins: { [connection]: { active: 2, roles: {} } } };
  return one({ ...suspend, connection }, cause, { tier: 'standing', accounts: [accountOf({ connection })] }, { at: { standing } }).join();
}

export const standingCells: Record<string, Cell> = {
  profile: {
    binds: causes,
    run: (cause) => [`${atFloorOf('okta', cause)} under standard, ${atFloorOf('tiny', cause)} under small`],
    bound: 'account.suspend refused by adminFloor under standard, account.suspend released under small',
  },
  adminFloor: {
    binds: causes,
    run: (cause) =>
      one(suspend, cause, { tier: 'standing', accounts: [accountOf()] }, { at: { standing: { directories: { okta: 0 }, admins: {} } } }),
    bound: 'account.suspend refused by adminFloor',
  },
  ownerApproval: {
    binds: ['risk', 'partner', 'leaver', 'leaver.immediate', 'person', 'declared'],
    run: (cause) => one(want(), cause, { accounts: [accountOf({ kind: 'service' })] }, {}),
    bound: 'session.revoke held by ownerApproval',
  },
  executiveApproval: {
    binds: ['risk', 'partner', 'person', 'declared'],
    run: (cause) => one(suspend, cause, { executive: true }, {}),
    bound: 'account.suspend held by executiveApproval',
  },
  corroboration: {
    binds: risks,
    run: (cause) => one(suspend, cause, {}, { weighed: { groupsActive: 1 } }),
    bound: 'account.suspend refused by corroboration',
  },
  freshContext: {
    binds: risks,
    run: (cause) => one(suspend, cause, {}, { at: { standing: { directories: {}, admins: {} } } }),
    bound: 'account.suspend held by freshContext',
  },
  learning: {
    binds: risks,
    run: (cause) =>
      one(want(), cause, {}, { weighed: { statisticalOnly: true }, at: { surroundings: { hist: { logins: 9, suspensions30d: 0 } } } }),
    bound: 'session.revoke refused by learning',
  },
  lateEvidence: {
    binds: risks,
    run: (cause) => one(want(), cause, {}, { at: { now: dayMs + 1 } }),
    bound: 'session.revoke refused by lateEvidence',
  },
  expiry: {
    binds: ['risk', 'partner', 'person', 'declared', 'drill'],
    run: (cause) => {
      const { actions } = judge(intentOf([want('account.suspend', { parameters: { expires: '96h' } })]), {
        situation: situationOf({ cause }),
      });
      return actions.map(({ type, state, parameters }) => `${type} ${parameters['expires'] === '72h' ? 'cut to 72h' : state}`);
    },
    bound: 'account.suspend cut to 72h',
  },
  breaker: {
    binds: risks,
    run: (cause) => one(want(), cause, {}, { at: { breaker: { id: 'breaker-1', until: 1 } } }),
    bound: 'session.revoke held by breaker',
  },
  quietHours: {
    binds: risks,
    run: (cause) => one(suspend, cause, {}, { settings: { ...enforcing, calendar: {} } }),
    bound: 'account.suspend held by quietHours',
  },
};
