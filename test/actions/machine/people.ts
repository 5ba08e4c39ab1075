/** What people do with plans, by the rules that the service asks. */
import { approve, barredFromDenying, barredFromHolding, type HeldPlan, type Speaker } from '../../../src/guard/index.ts';
import type { PlanChange } from '../../../src/store/held-plan-write.ts';
import type { Omission, PlanRecord } from './memory-plans.ts';

export const approver: Speaker = { name: 'lead', roles: ['approver'] };
export const holdMs = 3_600_000;
const deadlineMs = 900_000;

export const standingOf = () => ({
  terms: { asks: [{ guard: 'approval', approval: null, approvers: [], required: 1 }] },
  groups: {},
  subject: null,
  authors: [],
  people: new Map(),
});

/** What a word of the approver changes about a plan; undefined where it changes nothing. */
export function changeOf(
  word: string,
  row: PlanRecord,
  isPaused: boolean,
  now: number,
  without: ReadonlySet<Omission>,
): PlanChange | undefined {
  const { state, heldFor, heldUntil } = row;
  const id = row.plan.id;
  const held: HeldPlan = {
    ...standingOf(),
    state: without.has('change: from') ? 'held' : state,
    heldFor: without.has('change: from') ? 'approval' : heldFor,
    heldUntil,
    begun: row.records.length > 0,
    given: [],
    dismissed: false,
    actions: row.plan.actions.map(() => (isPaused ? { fate: 'held', by: 'killSwitch' } : { fate: 'released' })),
  };
  switch (word) {
    case 'approve': {
      const answer = approve(held, approver, true, now);
      if (answer.kind === 'released') return { id, state: 'released', heldFor: null, deadlineAt: now + deadlineMs };
      return answer.kind === 'refused' && answer.ends ? { id, state: 'refused', heldFor: answer.why } : undefined;
    }
    case 'deny':
      return barredFromDenying(held, approver) === undefined ? { id, state: 'refused', heldFor: 'denied' } : undefined;
    case 'hold':
      if (barredFromHolding(held, approver) !== undefined) return undefined;
      return { id, state: 'held', heldFor: state === 'held' ? heldFor : 'person', heldUntil: now + holdMs };
    case 'expire':
      return state === 'held' ? { id, state: 'expired', heldFor } : undefined;
    default:
      throw new Error(`nobody says ${word}`);
  }
}
