/**
 * Deeds that a provider says were done with our credential. An action of ours on that account, of a fitting kind and near in time, explains
 * one; what none explains was done by somebody else who holds our credential.
 */
import { hash } from 'node:crypto';
import type { ProviderConfirmation } from '../adapters/contract.ts';
import type { ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type ConfirmationRow, noteConfirmations } from '../store/confirmation.ts';
import type { Store } from '../store/open.ts';
import type { FeedAlarms } from './feed-alarms.ts';
import type { Metrics } from './metrics.ts';

export interface ConfirmationParts {
  readonly store: Store;
  readonly alarms: FeedAlarms;
  readonly metrics: Pick<Metrics, 'confirmed'>;
  readonly log: Log;
}

const ends: readonly ActionType[] = ['session.revoke', 'token.revoke', 'grant.revoke', 'app.signOut'];
const disables: readonly ActionType[] = ['account.suspend', 'account.disable'];
const renews: readonly ActionType[] = ['password.expire', 'mfa.reset', 'factor.remove', 'credential.disable'];

/** Actions that can leave a signal of a type at the provider; what is not here no action of ours leaves. */
const explainedBy: Readonly<Record<string, readonly ActionType[]>> = {
  session_revoked: [...ends, ...disables, ...renews, 'mfa.require'],
  token_revoked: [...ends, ...disables, ...renews],
  account_disabled: disables,
  account_purged: disables,
  account_enabled: ['account.restore'],
  credential_change: renews,
  mfa_factor_reset: ['mfa.reset', 'factor.remove'],
  token_claims_change: ['mfa.require', 'mfa.lift', 'group.remove', 'group.add', 'role.remove'],
  role_granted_outside_pim: ['group.add', 'account.restore'],
  risk_level_other: ['risk.set'],
  caep_risk_high: ['risk.set'],
  caep_risk_medium: ['risk.set'],
  device_compliance_change: ['device.disable'],
  conditional_access_changed: ['ip.block'],
};

/** Durable when it resolves. The same event again says nothing new. */
export async function takeConfirmations(
  connection: string,
  confirmations: readonly ProviderConfirmation[],
  at: Instant,
  { store, alarms, metrics, log }: ConfirmationParts,
): Promise<void> {
  if (confirmations.length === 0) return;
  const rows = confirmations.map((one) => rowOf(connection, one));
  // What was noted is not new when it comes again, so the alarm is written with it.
  const noted = await store.transaction(async (tx) => {
    const fresh = await noteConfirmations(tx, connection, rows, at);
    if (fresh.some(({ actionId }) => actionId === null)) await alarms.raise(connection, 'credential.elsewhere', at, tx);
    return fresh;
  });
  for (const { event, actionId } of noted) {
    metrics.confirmed(connection, actionId !== null);
    if (actionId === null) log.error({ connection, event }, 'credential.usedElsewhere');
    else log.info({ connection, event, actionId }, 'confirmation.noted');
  }
}

function rowOf(connection: string, { type, occurredAt, claim, dedupeKey, event }: ProviderConfirmation): ConfirmationRow {
  const own = `${connection} `;
  const account = claim.person.find(({ format, value }) => format === 'provider_id' && value.startsWith(own))?.value.slice(own.length);
  return {
    key: hash('sha256', dedupeKey),
    event: plain(event),
    occurredAt,
    account: account === undefined ? null : plain(account),
    types: explainedBy[type] ?? [],
  };
}

/** What separates the rows of a statement is in no name. */
function plain(name: string): string {
  return name.replace(/\p{Cc}/gu, ' ');
}
