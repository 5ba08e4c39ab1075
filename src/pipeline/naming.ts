/** Gives the decision and its plans their names, once limits are counted and nothing of them changes any more. */
import type { Bundle } from '../engine/bundle.ts';
import { holdOf } from '../engine/holds.ts';
import type { Judged } from '../engine.ts';
import type { Instant } from '../model/clock.ts';
import type { Decision, Plan } from '../model/decision.ts';
import type { ActionId, DecisionId, PlanId } from '../model/ids.ts';
import { type PlanRow, planDeadlineMs } from '../store/plan-insert.ts';
import type { Considered } from './batch.ts';
import type { PipelineParts } from './parts.ts';

/** A signal whose decision is final: limits are counted. */
export interface Settled extends Considered {
  readonly judged: Judged;
  readonly decision: Decision;
  readonly plans: readonly PlanRow[];
}

/** `bundle` is the one that was judged by. */
export function nameDecision(
  considered: Considered,
  judged: Judged,
  at: Instant,
  bundle: Bundle,
  { ids }: Pick<PipelineParts, 'ids'>,
): Settled {
  const id = ids.next<DecisionId>(at);
  const { signal } = considered.draft.situation;
  const supersedes = considered.amends?.decisionId as DecisionId | undefined;
  const decision: Decision = {
    id,
    signalId: signal.id,
    ...(supersedes === undefined ? {} : { supersedes }),
    ...judged.judgement,
    decidedAt: at,
  };
  const plans = judged.plans.map((draft): PlanRow => {
    const actions = draft.actions.map((action) => ({ ...action, id: ids.next<ActionId>(at) }));
    const plan: Plan = {
      id: ids.next<PlanId>(at),
      decisionId: id,
      identityId: decision.identityId,
      lane: draft.lane,
      connection: draft.connection,
      actions,
      state: draft.state,
      heldFor: draft.heldFor,
      createdAt: at,
    };
    const { cause, policyId } = decision;
    return {
      plan,
      signalId: signal.id,
      accountId: draft.accountId,
      cause,
      policyId,
      source: signal.source,
      profile: draft.profile,
      deadlineAt: at + planDeadlineMs,
      heldUntil: draft.state === 'held' ? at + holdOf(draft, decision, bundle).timeoutMs : null,
    };
  });
  return { ...considered, judged, decision, plans };
}
