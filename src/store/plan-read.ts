/** Plans as they are listed. */

import type { Instant } from '../model/clock.ts';
import type { PlannedAction } from '../model/decision.ts';
import type { DecisionId, IdentityId, PlanId, SignalId } from '../model/ids.ts';
import type { PlanState } from '../model/plan-state.ts';
import type { Cause } from '../model/signal.ts';
import type { Db } from './db.ts';
import { everyIdOf } from './merged.ts';

export interface StoredPlan {
  readonly id: PlanId;
  readonly decisionId: DecisionId;
  readonly signalId: SignalId;
  readonly identityId: IdentityId | null;
  readonly lane: string;
  readonly connection: string;
  readonly actions: readonly PlannedAction[];
  readonly cause: Cause;
  readonly policyId: string | null;
  readonly source: string;
  readonly profile: string;
  readonly state: PlanState;
  readonly heldFor: string | null;
  readonly createdAt: Instant;
  readonly deadlineAt: Instant;
  readonly nextAt: Instant | null;
  readonly finishedAt: Instant | null;
}

type Columns = Omit<StoredPlan, 'actions'> & { readonly actions: string };

const columns = `id, decision_id as "decisionId", signal_id as "signalId", identity_id as "identityId", lane, connection, actions, cause,
  policy_id as "policyId", source, profile, state, held_for as "heldFor", created_at as "createdAt", deadline_at as "deadlineAt", next_at as "nextAt",
  finished_at as "finishedAt"`;

const fromColumns = ({ actions, ...rest }: Columns): StoredPlan => ({ ...rest, actions: JSON.parse(actions) as PlannedAction[] });

export async function readPlan(db: Db, id: PlanId): Promise<StoredPlan | undefined> {
  const { rows } = await db.query<Columns>(`select ${columns} from plan where id = $1`, [id]);
  return rows[0] && fromColumns(rows[0]);
}

export interface PlanFilter {
  readonly decisionIds?: readonly DecisionId[];
  readonly identityId?: IdentityId;
  readonly connection?: string;
  readonly state?: PlanState;
  /** The id of the last one seen. */
  readonly before?: PlanId;
  readonly limit: number;
}

/** Newest first. */
export async function listPlans(db: Db, filter: PlanFilter): Promise<readonly StoredPlan[]> {
  const { rows } = await db.query<Columns>(
    `select ${columns} from plan
     where ($1::uuid[] is null or decision_id = any ($1)) and ($2::uuid is null or identity_id in ${everyIdOf('$2')}) and ($3::text is null or connection = $3)
       and ($4::text is null or state = $4) and ($5::uuid is null or id < $5)
     order by id desc limit $6`,
    [
      filter.decisionIds ?? null,
      filter.identityId ?? null,
      filter.connection ?? null,
      filter.state ?? null,
      filter.before ?? null,
      filter.limit,
    ],
  );
  return rows.map(fromColumns);
}
