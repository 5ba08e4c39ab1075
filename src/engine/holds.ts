/** What a held plan waits for, told from its decision and the bundle that it was decided by. Pure. */
import { asksForApproval, type HoldTerms, holdTerms, type NamedApproval, type PlanDraft, type WordGuard } from '../guard/index.ts';
import type { DecidedAction, Judgement } from '../model/decision.ts';
import { parseDuration } from '../policy/index.ts';
import type { Bundle } from './bundle.ts';

type HeldDraft = Pick<PlanDraft, 'heldFor' | 'profile' | 'connection'> & {
  readonly actions: readonly Pick<DecidedAction, 'type' | 'accountId'>[];
};
/** As it was judged, or as its entry in the log has it. */
type Decided = Pick<Judgement, 'cause' | 'actions'> & {
  readonly reasons: readonly { readonly code: string; readonly ref?: string; readonly detail?: string }[];
};
type By = Pick<Bundle, 'policies' | 'guards'>;

/** What a held plan of a decision waits for; the bundle is the one that it was decided by. */
export function holdOf(plan: HeldDraft, decision: Decided, bundle: By): HoldTerms {
  const decided = heldActions(plan, decision.actions);
  const approvals = [...decided.flatMap((action) => approvalOf(action, bundle) ?? []), ...approvalsOfOthers(decided, decision, bundle)];
  const named = new Map(approvals.map((each) => [`${each.policyId}/${each.name}`, each]));
  const rung = Math.max(0, ...decided.map((action) => action.rung));
  const { profile, heldFor } = plan;
  const hold = { heldFor: heldFor ?? '', also: alsoAsked(plan, decided, decision, bundle), cause: decision.cause, profile, rung };
  return holdTerms(hold, [...named.values()], bundle.guards);
}

/**
 * The guards beside the first that want a yes, by the reasons of the decision. Reasons are of the whole decision: where it has several
 * plans, one may show a guard of its neighbour, which costs nothing, since any yes that counts meets it.
 */
function alsoAsked(
  plan: HeldDraft,
  decided: readonly DecidedAction[],
  { actions, reasons }: Decided,
  { guards }: By,
): readonly WordGuard[] {
  const isStep = (action: DecidedAction) => decided.some(({ policyId, step }) => policyId === action.policyId && step === action.step);
  const rung = Math.max(0, ...actions.filter(isStep).map((action) => action.rung));
  const { standing } = guards.profiles[plan.profile];
  return reasons.flatMap(({ code, ref = '', detail }) => {
    // An order waits for a second person under no policy's name.
    if (code === 'approval') return ['approval'];
    if (code !== 'guard' || ref === plan.heldFor || !asksForApproval(ref) || ref === 'approval') return [];
    const elsewhere = ref === 'freshContext' && detail !== `directory ${plan.connection}`;
    return elsewhere || rung < standing[ref].fromRung ? [] : [ref];
  });
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
  return policy === undefined || name === undefined ? undefined : written(policy, name);
}

/** An action that several policies want stands under one of them; what the others demand for it is told by the reasons. */
function approvalsOfOthers(decided: readonly DecidedAction[], { reasons }: Decided, { policies }: By): readonly NamedApproval[] {
  const types = new Set(decided.map(({ type }) => type));
  return reasons.flatMap(({ code, ref = '', detail }) => {
    const policy = code === 'approval' ? policies.policies.find(({ id }) => id === detail) : undefined;
    const asks = policy?.steps.some(({ approval, actions }) => approval === ref && actions.some(({ type }) => types.has(type)));
    return policy !== undefined && asks ? (written(policy, ref) ?? []) : [];
  });
}

function written({ id, document }: Bundle['policies']['policies'][number], name: string): NamedApproval | undefined {
  const found = document.approvals?.[name];
  if (found === undefined) return undefined;
  const { approvers, required, timeout, onTimeout } = found;
  return { policyId: id, name, approvers, required, timeoutMs: parseDuration(timeout) as number, onTimeout };
}
