/** What policies want, what the guards made of it, and the plans that follow. */

import type { ActionParameters, ActionType, Rung } from './action.ts';
import type { Instant } from './clock.ts';
import type { AccountId, ActionId, DecisionId, IdentityId, PlanId, SignalId } from './ids.ts';
import type { EndOf } from './plan-state.ts';
import type { Level } from './risk.ts';
import type { Cause } from './signal.ts';
import type { Subject } from './subject.ts';

/** Raised whenever the same situation and bundle could be judged otherwise than before. */
export const engineNumber = 3;

export const decisionModes = ['enforce', 'report-only', 'order'] as const;
export type DecisionMode = (typeof decisionModes)[number];

export const outcomes = ['none', 'reported', 'released', 'partial', 'held', 'refused', 'unresolved'] as const;
export type Outcome = (typeof outcomes)[number];

export const reasonCodes = [
  'matched',
  'also',
  'direct',
  'excluded',
  'exception',
  'rollout',
  'imported',
  'drill',
  'signal',
  'cause',
  'source',
  'confidence',
  'age',
  'subject',
  'needs',
  'when',
  'noStep',
  'contextGap',
  'policyError',
  'ceiling',
  'policyMode',
  'promotion',
  'pause',
  'guard',
  'approval',
  'fallback',
  'cooldown',
  'unsupported',
  'substitute',
  'late',
  'ambiguous',
  'quarantined',
  'blocked',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

/** No personal data: `ref` names a document, step, guard or path, `detail` a counter and its limit. */
export interface Reason {
  readonly code: ReasonCode;
  readonly ref?: string;
  readonly detail?: string;
}

/** One action on one connection, as decided. */
export interface DecidedAction {
  readonly type: ActionType;
  readonly connection: string;
  /** The account it falls on; null for subjects that are no person. */
  readonly accountId: AccountId | null;
  readonly policyId: string;
  readonly step: string;
  readonly rung: Rung;
  readonly parameters: ActionParameters;
  readonly state: 'released' | 'held' | 'refused' | 'reported';
  /** The guard that held or refused it. */
  readonly by?: string;
}

/** The record of a decision; append-only. `score` and `base` are 0-100. */
export interface Decision {
  readonly id: DecisionId;
  readonly signalId: SignalId;
  readonly supersedes?: DecisionId;
  readonly subject: Subject;
  readonly identityId: IdentityId | null;
  readonly cause: Cause;
  readonly engine: number;
  readonly policyId: string | null;
  readonly policyVersion: number | null;
  readonly bundleHash: string;
  readonly configHash: string;
  readonly score: number;
  readonly base: number;
  readonly level: Level;
  readonly mode: DecisionMode | null;
  /** The rung that the policy asked for. */
  readonly rung: Rung | null;
  readonly actions: readonly DecidedAction[];
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
  readonly decidedAt: Instant;
}

/** The part of a decision that judging alone yields: everything but names and the instant. */
export type Judgement = Omit<Decision, 'id' | 'signalId' | 'supersedes' | 'decidedAt'>;

/** What one policy step asks of one connection, before mode and guards. */
export interface WantedAction {
  readonly type: ActionType;
  readonly connection: string;
  readonly accountId: AccountId | null;
  readonly parameters: ActionParameters;
  readonly policyId: string;
  readonly step: string;
  readonly rung: Rung;
  /** False where mode, ceiling or promotion leave it a report. */
  readonly enforced: boolean;
  /** Exempt from the guard score-against-rung. */
  readonly direct: boolean;
  /** The approval that the step itself demands. */
  readonly approval?: string;
  /** Those that steps of other policies demand for the same action. */
  readonly alsoApproved?: readonly { readonly policyId: string; readonly name: string }[];
  /** Set for orders, which are answered at once: what a pause covers is refused and does not wait for its end. */
  readonly nowOrNever?: true;
  /** Times that its policy sets longer than the guard does. */
  readonly cooldown?: PolicyCooldown;
  /** Set where the connection does not offer the action: recorded as refused, never dropped. */
  readonly unsupported?: true;
}

/** How long the same action on the same target, and the policy on the same subject, are not repeated. */
export interface PolicyCooldown {
  readonly actionMs?: number;
  readonly policyMs?: number;
}

/** What policies want: every action of every match, not yet guarded. */
export interface Intent {
  readonly policyId: string | null;
  readonly policyVersion: number | null;
  readonly mode: DecisionMode | null;
  readonly rung: Rung | null;
  readonly step: string | null;
  readonly wanted: readonly WantedAction[];
  /** The step to take for each policy when its first choice may not run; least preferred last. */
  readonly fallbacks: readonly (readonly WantedAction[])[];
  readonly reasons: readonly Reason[];
  /** Clause-by-clause record of the conditions that were asked. */
  readonly trace: readonly ClauseTrace[];
}

export interface ClauseTrace {
  readonly policyId: string;
  /** The step whose condition it belongs to; absent for the policy's own. */
  readonly step?: string;
  readonly clause: string;
  readonly value: 'true' | 'false' | 'unknown' | 'error';
}

/** One counter that a released plan would use up. */
export interface CounterUse {
  /** Guard and key, e.g. `people` or `source:partner`; also the name of the lock. */
  readonly scope: string;
  /** Distinct subjects are counted. */
  readonly subject: string;
  /** The lane of the plan that it stands with; absent: any of the decision's. */
  readonly lane?: string;
}

/** How often a counter was used inside one window: by all subjects but the one asking, or, where `subject` is set, by that one. */
export interface CounterReading {
  readonly scope: string;
  readonly windowMs: number;
  readonly subject?: string;
  readonly used: number;
  /** The most that any such window held before, where a limit grows with it. */
  readonly highest?: number;
}

/** Work that may be carried out: the actions on one account that share a fate. */
export interface Plan {
  readonly id: PlanId;
  readonly decisionId: DecisionId;
  readonly identityId: IdentityId | null;
  /** Plans of one lane run in order: the account, or the subject where there is none. */
  readonly lane: string;
  readonly connection: string;
  readonly actions: readonly PlannedAction[];
  readonly state: EndOf<'decide'>;
  readonly heldFor: string | null;
  readonly createdAt: Instant;
}

export interface PlannedAction {
  readonly id: ActionId;
  readonly type: ActionType;
  readonly accountId: AccountId | null;
  readonly parameters: ActionParameters;
}
