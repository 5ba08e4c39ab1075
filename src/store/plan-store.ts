/** What carrying out plans asks of the database, each request one transaction or one statement. */
import type { PlanStore, PlanView } from '../actions/contract.ts';
import type { Instant } from '../model/clock.ts';
import type { Entry } from '../model/entry.ts';
import type { PlanId } from '../model/ids.ts';
import type { Standing } from '../model/situation.ts';
import { readActionsOf, readExternalIds, readPerson } from './action-read.ts';
import { countAttempt, insertActions, updateActions } from './action-write.ts';
import type { Db, Tx } from './db.ts';
import { type ClaimedPlan, claimPlan, holdPausedPlan, lookAtPlan, mayCall } from './plan-claim.ts';
import { finishPlan, nextInLane } from './plan-finish.ts';
import { takeBackPlans, waitingPlans } from './plan-recover.ts';
import { readOwners } from './protection.ts';
import { closeUndone, insertReversible, undoneByDecision } from './undo-write.ts';

export interface PlanStoreParts {
  readonly db: Db;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Writes lines of the decision log inside the transaction. */
  appendEntries(tx: Tx, entries: readonly Entry[]): Promise<void>;
  /** The session or device that a decision named; asked only for plans that mean one and not all. */
  targets(tx: Tx, decisionId: string): Promise<Readonly<Record<string, string>>>;
  /** Administrators of each connection, counted under a lock until the end of the claim; asked for every plan that would end some. */
  admins(tx: Tx, plan: Pick<ClaimedPlan, 'id' | 'actions'>): Promise<Standing['admins']>;
  /** Asked before a plan ends as done, so that it may lock whom the plan is about; its answer is done once the end is written. */
  remediation?(tx: Tx, planId: PlanId, at: Instant): Promise<(() => Promise<void>) | undefined>;
}

export function createPlanStore({
  db,
  transaction,
  appendEntries,
  targets,
  admins: countedAdmins,
  remediation,
}: PlanStoreParts): PlanStore {
  const append = async (tx: Tx, entries: readonly Entry[]) => {
    if (entries.length > 0) await appendEntries(tx, entries);
  };
  return {
    async claim(holder, at, intend) {
      return transaction(async (tx) => {
        const claimed = await claimPlan(tx, holder.planId, holder.processId, at);
        if (claimed === undefined) return undefined;
        const { cause, deadlineAt, nextAt, onProtected, ...plan } = claimed;
        const accountIds = plan.actions.flatMap((action) => (action.accountId === null ? [] : [action.accountId]));
        const [actions, accounts, person, owners, admins, target, undoes] = await Promise.all([
          readActionsOf(tx, [plan.id]),
          readExternalIds(tx, accountIds),
          plan.identityId === null ? undefined : readPerson(tx, plan.identityId),
          readOwners(tx, accountIds),
          countedAdmins(tx, plan),
          plan.actions.some((action) => action.parameters['scope'] === 'one') ? targets(tx, plan.decisionId) : {},
          cause === 'undo' ? undoneByDecision(tx, plan.decisionId) : [],
        ]);
        const view: PlanView = {
          plan,
          cause,
          deadlineAt,
          nextAt,
          records: actions,
          accounts,
          identity: person ?? null,
          onProtected,
          owners,
          admins,
          undoes,
          target,
        };
        const { records, entries } = intend(view);
        const made = insertActions(
          tx,
          records.flatMap((record) => {
            const position = plan.actions.findIndex((action) => action.id === record.id);
            const action = plan.actions[position];
            return action ? [{ ...record, ...action, planId: plan.id, position, connection: plan.connection }] : [];
          }),
        );
        await Promise.all([made, append(tx, entries)]);
        return view;
      });
    },

    look: (planId) => lookAtPlan(db, planId),

    mayCall: (holder) => mayCall(db, holder.planId, holder.processId),

    async recordAttempt(holder, attempt) {
      const counted = await transaction(async (tx) => {
        const done = await countAttempt(tx, holder.planId, holder.processId, attempt.actionId, attempt.attempts);
        if (done) await append(tx, [attempt.entry]);
        return done;
      });
      if (counted) return 'yes';
      const leave = await mayCall(db, holder.planId, holder.processId);
      // What stood in the way a moment ago is gone again; the plan waits as it would have.
      return leave === 'yes' ? 'paused' : leave;
    },

    async end(end) {
      return transaction(async (tx) => {
        const remediate = end.state === 'done' ? await remediation?.(tx, end.planId, end.at) : undefined;
        const lane = await finishPlan(tx, end);
        if (lane === undefined) return { kept: false, next: null };
        const [next] = await Promise.all([
          end.state === 'released' ? undefined : nextInLane(tx, lane),
          updateActions(tx, end.records),
          append(tx, end.entries),
          insertReversible(tx, end.planId, end.reversible),
          ...end.jobs.map((job) => tx.query(job.text, [...job.values])),
        ]);
        if (end.undone.length > 0)
          await closeUndone(
            tx,
            end.undone.map(({ actionId }) => actionId),
            end.at,
          );
        await remediate?.();
        return { kept: true, next: next ?? null };
      });
    },

    async holdPaused(planId, entries) {
      return transaction(async (tx) => {
        const held = await holdPausedPlan(tx, planId);
        if (held) await append(tx, entries(held));
        return held !== undefined;
      });
    },

    takeBack: (question) => takeBackPlans(db, question.processId, question.running, question.ownBefore),

    waiting: (before, limit) => waitingPlans(db, before, limit),
  };
}
