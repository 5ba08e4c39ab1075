/**
 * Held plans of which some was done before a pause came between. What is open of them was seen without effect, or never called: it ends
 * with its plan, in the log as well, so that no intention stands open for ever.
 */
import { finishedEntry } from '../actions/index.ts';
import type { Instant } from '../model/clock.ts';
import type { Entry } from '../model/entry.ts';
import type { DecisionId, IdMaker, PlanId } from '../model/ids.ts';
import { readActionsOf } from '../store/action-read.ts';
import { closeActions } from '../store/action-write.ts';
import type { Tx } from '../store/db.ts';

export interface EndedPlan {
  readonly planId: PlanId;
  readonly decisionId: DecisionId;
  /** Why nothing more of it is done. */
  readonly code: string;
}

/** Ends their open actions, and answers the lines for the log. */
export async function closeBegun(tx: Tx, ids: IdMaker, plans: readonly EndedPlan[], at: Instant): Promise<readonly Entry[]> {
  if (plans.length === 0) return [];
  const closed = await closeActions(tx, plans, at);
  if (closed.size === 0) return [];
  const records = await readActionsOf(
    tx,
    plans.map(({ planId }) => planId),
  );
  return plans.flatMap(({ planId: id, decisionId }) =>
    records
      .filter((record) => record.planId === id && closed.has(record.id))
      .map((record) => finishedEntry({ plan: { id, decisionId, connection: record.connection } }, record, record, ids, at)),
  );
}
