/**
 * What our own actions take from a score: written with the end of the plan that completed them, or not at all. The person is locked
 * first, as everywhere, so that of two plans that end at once the second sees the first.
 */
import { endsAllSessions, sessionsEndedAt } from '../actions/index.ts';
import type { Instant } from '../model/clock.ts';
import type { DecisionId, PlanId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import { evidenceOfMarks, evidenceOfOwn, holdLevel, mergeEvidence, parseEvidence, score, serialiseEvidence } from '../risk/index.ts';
import { readActionsOf } from '../store/action-read.ts';
import type { Tx } from '../store/db.ts';
import { type LockedEvidence, lockEvidence, writeEvidence } from '../store/held-level.ts';
import { listPlans, readPlan } from '../store/plan-read.ts';
import { contextOfPerson } from './held-levels.ts';
import type { Judging } from './judging.ts';

const markClass = 'sessions_revoked';
/** More plans than any decision has. */
const plansAtMost = 1_000;

/** For the plan store: to be asked before a plan ends as done, and its answer to be done afterwards in the same transaction. */
export function createOwnMarks({ judging, log }: { readonly judging: Pick<Judging, 'state'>; readonly log: Log }) {
  return async (tx: Tx, planId: PlanId, at: Instant): Promise<(() => Promise<void>) | undefined> => {
    const plan = await readPlan(tx, planId);
    if (plan === undefined || plan.identityId === null || !plan.actions.some(endsAllSessions)) return undefined;
    const person = await lockEvidence(tx, plan.identityId);
    return person && (() => mark(tx, plan.decisionId, person, at));
  };

  async function mark(tx: Tx, decisionId: DecisionId, person: LockedEvidence, at: Instant): Promise<void> {
    const plans = await listPlans(tx, { decisionIds: [decisionId], limit: plansAtMost });
    const records = await readActionsOf(
      tx,
      plans.map(({ id }) => id),
    );
    const endedAt = sessionsEndedAt(plans, new Map(records.map((record) => [record.id, record])));
    if (endedAt === undefined) return;
    const marked = tryMark(
      person,
      decisionId,
      endedAt,
      plans.some(({ state }) => state === 'held'),
      at,
    );
    if (marked !== undefined) await writeEvidence(tx, { id: person.id, ...marked });
  }

  /** Evidence that cannot be read must not keep a plan from ending. */
  function tryMark(person: LockedEvidence, decisionId: DecisionId, endedAt: Instant, waits: boolean, at: Instant) {
    const state = judging.state();
    const { risk } = state.bundle;
    try {
      const before = parseEvidence(person.evidence);
      const added = waits
        ? evidenceOfOwn(decisionId, markClass, endedAt)
        : evidenceOfMarks([{ kind: 'class', class: markClass, at: endedAt }], at, risk);
      const after = mergeEvidence(before, added, risk);
      const context = contextOfPerson(person, before, state);
      const heldLevel = [before, after].reduce(
        (held, evidence) => holdLevel(held, score(evidence, at, context, risk).score, risk),
        person.heldLevel,
      );
      return { evidence: serialiseEvidence(after), heldLevel };
    } catch (error) {
      log.error({ identityId: person.id, decisionId, error: (error as Error).name }, 'level.cannotBeRead');
      return undefined;
    }
  }
}
