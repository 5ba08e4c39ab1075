/** What undoing and putting back ask for. Neither has a policy: what is wanted stands in the signal, which only the service makes. */
import type { ActionParameters } from '../model/action.ts';
import { actionTypes } from '../model/action.ts';
import type { Intent, WantedAction } from '../model/decision.ts';
import type { JudgingSettings } from '../model/settings.ts';
import type { Situation } from '../model/situation.ts';
import { putBackType, type ReversalFacts, undoType } from '../model/undo.ts';

/** Whether the situation is one of these, and says what is wanted. */
export function isReversal({ signal: { type, cause, facts } }: Situation): boolean {
  const named = (type === undoType && cause === 'undo') || type === putBackType;
  return named && Object.hasOwn(actionTypes, String(facts['type'])) && typeof facts['parameters'] === 'string';
}

/** Stands for the policy in records of what no policy asked for. */
const noPolicy = 'none';

/**
 * One action on one account. Undoing for a privileged person at somebody's word needs a second person; the end that an action was given
 * from the start was decided with it. What was reversed a second time is done again only by a person's leave.
 */
export function intendReversal({ signal, identity }: Situation, settings: JudgingSettings): Intent {
  const facts = signal.facts as unknown as ReversalFacts;
  const { type, connection, accountId } = facts;
  const known = identity?.accounts.some((account) => account.id === accountId) ?? false;
  const offered = Object.hasOwn(settings.connections, connection) && settings.connections[connection]?.actions.includes(type);
  const { rung } = actionTypes[type];
  const approval = approvalFor(signal.type, facts, identity?.tier);
  const wanted: WantedAction = {
    type,
    connection,
    accountId: accountId as WantedAction['accountId'],
    parameters: JSON.parse(facts.parameters) as ActionParameters,
    policyId: noPolicy,
    step: signal.type,
    rung,
    enforced: true,
    direct: true,
    ...(approval === undefined ? {} : { approval }),
    ...(known && offered ? {} : { unsupported: true }),
  };
  return {
    policyId: null,
    policyVersion: null,
    mode: 'order',
    rung,
    step: signal.type,
    wanted: [wanted],
    fallbacks: [],
    reasons: known && offered ? [] : [{ code: 'unsupported', ref: connection }],
    trace: [],
  };
}

function approvalFor(type: string, { by, reversed = 0 }: ReversalFacts, tier: string | undefined): string | undefined {
  if (type === putBackType) return reversed > 1 ? 'reversedAgain' : undefined;
  return by !== undefined && (tier === 'standing' || tier === 'tier0') ? 'secondPerson' : undefined;
}
