/** From a final review to what is recorded and carried out: outcome, actions, reasons and the drafts of plans. */
import type { ActionParameters, ActionType } from '../model/action.ts';
import type { CounterUse, DecidedAction, DecisionMode, Intent, Outcome, Reason } from '../model/decision.ts';
import type { AccountId } from '../model/ids.ts';
import type { Subject } from '../model/subject.ts';
import type { ProfileName } from './guardrails.ts';
import { laneOf } from './lane.ts';
import type { Review, ReviewedAction } from './review.ts';

/** A plan without its names: the actions on one account that share a fate. */
export interface PlanDraft {
  /** Plans of one lane run in order: the account, or connection and subject where there is none. */
  readonly lane: string;
  readonly connection: string;
  readonly accountId: AccountId | null;
  readonly profile: ProfileName;
  readonly actions: readonly { readonly type: ActionType; readonly accountId: AccountId | null; readonly parameters: ActionParameters }[];
  readonly state: 'released' | 'held' | 'refused';
  /** What it waits for, or what refused it: a guard, `pause`, `approval` or `unsupported`. Null when released. */
  readonly heldFor: string | null;
}

export interface Conclusion {
  readonly mode: DecisionMode | null;
  readonly outcome: Outcome;
  readonly actions: readonly DecidedAction[];
  /** The policies' reasons, then the guards'. */
  readonly reasons: readonly Reason[];
  readonly plans: readonly PlanDraft[];
  /** Counters that the released plans use; to be appended in the same transaction. */
  readonly uses: readonly CounterUse[];
  /** Counters that held something until a person judges it; to be remembered in the same transaction. */
  readonly hits: readonly string[];
  /** Whether something was released that is exempt from score against rung. */
  readonly direct: boolean;
}

export function concludeReview(intent: Intent, review: Review, subject: Subject): Conclusion {
  const { actions } = review;
  return {
    mode: modeOf(intent, actions),
    outcome: outcomeOf(intent, actions),
    actions: actions.map(decided),
    reasons: [
      ...intent.reasons,
      ...review.reasons.filter(
        (reason) =>
          !intent.reasons.some((other) => other.code === reason.code && other.ref === reason.ref && other.detail === reason.detail),
      ),
    ],
    plans: draftPlans(actions, subject),
    uses: review.uses,
    hits: review.hits,
    direct: actions.some((action) => action.fate === 'released' && action.wanted.direct),
  };
}

/** Under a pause or a ceiling that leaves nothing to act, a decision is a report. */
function modeOf(intent: Intent, actions: readonly ReviewedAction[]): DecisionMode | null {
  const meant = actions.filter((action) => action.wanted.enforced);
  const stopped = meant.length > 0 && meant.every((action) => action.paused || action.by === 'ceiling');
  return stopped && intent.mode !== null ? 'report-only' : intent.mode;
}

function outcomeOf(intent: Intent, actions: readonly ReviewedAction[]): Outcome {
  const some = (fate: ReviewedAction['fate'], policies?: ReadonlySet<string>) =>
    actions.some((action) => action.fate === fate && (policies === undefined || policies.has(action.wanted.policyId)));
  if (actions.length === 0) return 'none';
  if (some('released')) {
    // What another policy only reports adds nothing to what this one does.
    const acting = new Set(actions.filter((action) => action.fate === 'released').map((action) => action.wanted.policyId));
    return some('held') || some('refused') || some('reported', acting) ? 'partial' : 'released';
  }
  if (some('held')) return 'held';
  if (some('reported') && (intent.mode === 'report-only' || !actions.some((action) => action.fate === 'refused' && action.wouldRun)))
    return 'reported';
  return 'refused';
}

function decided({ wanted, fate, by }: ReviewedAction): DecidedAction {
  const { type, connection, accountId, policyId, step, rung, parameters } = wanted;
  return { type, connection, accountId, policyId, step, rung, parameters, state: fate, ...(by === undefined ? {} : { by }) };
}

function draftPlans(actions: readonly ReviewedAction[], subject: Subject): readonly PlanDraft[] {
  const drafts = new Map<string, { draft: PlanDraft; actions: PlanDraft['actions'][number][] }>();
  for (const { wanted, profile, fate, by, wouldRun } of actions) {
    // Nobody waits for what was done a short while ago.
    if (!wouldRun || fate === 'reported' || by === 'cooldown') continue;
    const { connection, accountId } = wanted;
    const lane = laneOf(wanted, subject);
    const heldFor = fate === 'released' ? null : by === 'killSwitch' ? 'pause' : (by ?? null);
    const key = JSON.stringify([lane, connection, fate, heldFor]);
    const action = { type: wanted.type, accountId, parameters: wanted.parameters };
    const known = drafts.get(key);
    if (known !== undefined) known.actions.push(action);
    else {
      const own = [action];
      drafts.set(key, { draft: { lane, connection, accountId, profile, actions: own, state: fate, heldFor }, actions: own });
    }
  }
  return [...drafts.values()].map(({ draft }) => draft);
}
