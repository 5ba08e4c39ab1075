/** What a held plan waits for, told from its decision and the bundle that it was decided by. Pure. */
import { type HoldTerms, holdTerms, type NamedApproval, type PlanDraft } from '../guard/index.ts';
import type { DecidedAction, Judgement } from '../model/decision.ts';
import { parseDuration } from '../policy/index.ts';
import type { Bundle } from './bundle.ts';

/** What a held plan of a decision waits for; the bundle is the one that it was decided by. */
export function holdOf(
  plan: Pick<PlanDraft, 'heldFor' | 'profile' | 'connection'> & { readonly actions: readonly Pick<DecidedAction, 'type' | 'accountId'>[] },
  decision: Pick<Judgement, 'cause' | 'actions'>,
  bundle: Pick<Bundle, 'policies' | 'guards'>,
): HoldTerms {
  const decided = heldActions(plan, decision.actions);
  const named = new Map(decided.flatMap((action) => approvalOf(action, bundle) ?? []).map((each) => [JSON.stringify(each), each]));
  const rung = Math.max(0, ...decided.map((action) => action.rung));
  return holdTerms({ heldFor: plan.heldFor ?? '', cause: decision.cause, profile: plan.profile, rung }, [...named.values()], bundle.guards);
}

/** The actions of a decision that a plan is made of, those that were held first. */
export function heldActions(
  plan: { readonly connection: string; readonly actions: readonly Pick<DecidedAction, 'type' | 'accountId'>[] },
  actions: readonly DecidedAction[],
): readonly DecidedAction[] {
  return plan.actions.flatMap(({ type, accountId }) => {
    const same = actions.filter(
      (action) => action.type === type && action.accountId === accountId && action.connection === plan.connection,
    );
    return same.find(({ state }) => state === 'held') ?? same[0] ?? [];
  });
}

function approvalOf({ policyId, step }: DecidedAction, { policies }: Pick<Bundle, 'policies'>): NamedApproval | undefined {
  const policy = policies.policies.find(({ id }) => id === policyId);
  const name = policy?.steps.find((each) => each.name === step)?.approval;
  const document = name === undefined ? undefined : policy?.document.approvals?.[name];
  if (name === undefined || document === undefined) return undefined;
  const { approvers, required, timeout, onTimeout } = document;
  return { name, approvers, required, timeoutMs: parseDuration(timeout) as number, onTimeout };
}
