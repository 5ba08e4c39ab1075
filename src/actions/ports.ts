/** What carrying out a plan needs from the store and the job queue, and the words that travel between them. */
import type { ActionState } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import type { Plan } from '../model/decision.ts';
import type { Entry } from '../model/entry.ts';
import type { AccountId, ActionId, PlanId } from '../model/ids.ts';
import type { EndOf } from '../model/plan-state.ts';
import type { Cause } from '../model/signal.ts';
import type { Standing } from '../model/situation.ts';
import type { Identity } from '../model/subject.ts';
import type { Reversible, UndoneAction } from '../model/undo.ts';

/** A plan by name and the connection whose queue carries its jobs. */
export interface PlanRef {
  readonly id: PlanId;
  readonly connection: string;
}

/** One action's record as it is stored. `finishedAt` beside state `intended` means: accepted, not yet seen in force. */
export interface ActionRecord {
  readonly id: ActionId;
  readonly state: ActionState;
  /** Calls begun. */
  readonly attempts: number;
  readonly code: string | null;
  readonly idempotencyKey: string;
  /** The first attempt's instant. */
  readonly intendedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly verifiedAt: Instant | null;
  readonly residualAccessMs: number | null;
}

/** A claimed plan with what it needs, read in the transaction of the claim. */
export interface PlanView {
  readonly plan: Omit<Plan, 'state' | 'heldFor'>;
  readonly cause: Cause;
  readonly deadlineAt: Instant;
  /** When it was to be tried again, where an earlier run gave it back. */
  readonly nextAt: Instant | null;
  /** Records of earlier runs; empty on the first. */
  readonly records: readonly ActionRecord[];
  /** The providers' ids of the accounts that still exist. */
  readonly accounts: ReadonlyMap<AccountId, string>;
  /** The person now, merges followed; null where the plan has none or the person was erased. */
  readonly identity: Identity | null;
  /** What the plan undoes; empty where it undoes nothing. */
  readonly undoes: readonly UndoneAction[];
  /** `sessionId` or `deviceId` for actions of scope `one`; kept apart from the plan, which holds no personal data. */
  readonly target: Readonly<Record<string, string>>;
  /** Seen by the claim itself: somebody behind the plan is protected, whomever the plan names. */
  readonly onProtected: boolean;
  /** Who owns each account now, which may be another person than the plan names. */
  readonly owners: ReadonlyMap<AccountId, Owner>;
  /** Administrators by connection, where the plan would end some; nobody else can end one until the claim is committed. */
  readonly admins: Standing['admins'];
}

export type Owner = Pick<Identity, 'id' | 'tier' | 'protected' | 'groups' | 'names'>;

/** What the claim writes beside the claim itself: the actions' first records, in the order of the plan, and entries. */
export interface Intention {
  readonly records: readonly ActionRecord[];
  readonly entries: readonly Entry[];
}

/** Why a claim did not succeed. */
export interface PlanLook {
  readonly state: string;
  readonly cause: Cause;
  readonly connection: string;
  readonly claimedBy: number | null;
  readonly nextAt: Instant | null;
  /** An earlier plan of the lane is open, or another one is being carried out. */
  readonly laneBusy: boolean;
  /** A pause keeps it from being begun. */
  readonly paused: boolean;
}

/** `protected`: it would fall on somebody who is protected by now. `lost`: the plan is no longer ours, so nothing may be called or written for it. */
export type Leave = 'yes' | 'paused' | 'protected' | 'lost';

export interface ClaimHolder {
  readonly planId: PlanId;
  readonly processId: number;
}

/** How a run leaves a plan: ended, held, or given back (`released`) to be tried again at `nextAt`. */
export interface PlanEnd extends ClaimHolder {
  readonly at: Instant;
  readonly state: EndOf<'finish' | 'stopBetween' | 'giveBack'>;
  readonly heldFor: string | null;
  readonly nextAt: Instant | null;
  readonly records: readonly ActionRecord[];
  readonly entries: readonly Entry[];
  /** What took effect in this run and owns an end from now on. */
  readonly reversible: readonly Reversible[];
  /** What this run undid, seen in force. */
  readonly undone: readonly UndoneAction[];
  /** Jobs to send with it. */
  readonly jobs: readonly { readonly text: string; readonly values: readonly unknown[] }[];
}

export interface PlanStore {
  /**
   * Takes a plan for this process: succeeds only while it is released, due, claimed by nobody, no earlier plan of its lane is open,
   * no other one of the lane is being carried out, and no running pause covers it; one that was begun is claimed under a pause too, to be
   * looked at. What `intend` answers is written with it or not at all.
   */
  claim(holder: ClaimHolder, at: Instant, intend: (view: PlanView) => Intention): Promise<PlanView | undefined>;
  look(planId: PlanId): Promise<PlanLook | undefined>;
  /** Asked before a call: is the plan still ours, and does no pause cover it? */
  mayCall(holder: ClaimHolder): Promise<Leave>;
  /** As `mayCall`, and on `yes` the number of attempts and the entry are written before the call is made. */
  recordAttempt(
    holder: ClaimHolder,
    attempt: { readonly actionId: ActionId; readonly attempts: number; readonly entry: Entry },
  ): Promise<Leave>;
  /** Ends a run, in one transaction. `kept` is false, and nothing is written, where the plan is no longer ours; `next` waits in the lane. */
  end(end: PlanEnd): Promise<{ readonly kept: boolean; readonly next: PlanRef | null }>;
  /** Turns a released plan that nobody has begun and a pause covers into a held one; false where it is not so. */
  holdPaused(planId: PlanId, entries: (plan: Omit<Plan, 'state' | 'heldFor'>) => readonly Entry[]): Promise<boolean>;
  /**
   * Frees the claims of processes that are gone, and those of this process that are older than `ownBefore` and not in `running`.
   * Answers the plans.
   */
  takeBack(question: {
    readonly processId: number;
    readonly running: readonly PlanId[];
    readonly ownBefore: Instant;
  }): Promise<readonly PlanRef[]>;
  /** Released plans that nobody claimed and that have been due since `before`, oldest first. */
  waiting(before: Instant, limit: number): Promise<readonly PlanRef[]>;
}

/** Names this process while it holds its lock; undefined while the lock is lost. */
export interface ProcessNumber {
  current(): number | undefined;
}

/** What becomes of a job after its handler: `retry` gives it back to the queue. */
export type JobDisposition = 'completed' | 'retry';
export type JobHandler = (planId: PlanId) => Promise<JobDisposition>;

/** One job a plan, in the queue of the plan's connection, so that a hanging provider holds up nobody else. */
export interface JobQueue {
  start(): Promise<void>;
  /** Ends the workers; handlers under way have `timeoutMs` to come to an end. */
  stop(timeoutMs: number): Promise<void>;
  /** Statements that send a job for each plan in the caller's transaction; after a rollback no job exists. */
  jobStatements(
    plans: readonly PlanRef[],
    startAt?: Instant,
  ): Promise<readonly { readonly text: string; readonly values: readonly unknown[] }[]>;
  /** Sends at once. Several jobs of one plan are harmless. */
  send(plans: readonly PlanRef[], startAt?: Instant): Promise<void>;
  /** Which of the plans have a job that is waiting or at work. */
  queued(plans: readonly PlanRef[]): Promise<ReadonlySet<PlanId>>;
  /** Begins to hand out jobs. */
  work(handler: JobHandler): Promise<void>;
}
