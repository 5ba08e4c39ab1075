/** How a run leaves its plan: ended, held, or given back. Fenced: nothing happens where the plan is no longer claimed by this process. */
import type { Instant } from '../model/clock.ts';
import type { PlanId } from '../model/ids.ts';
import type { EndOf } from '../model/plan-state.ts';
import type { Tx } from './db.ts';
import { leadsTo } from './plan-move.ts';

export interface PlanOutcome {
  readonly planId: PlanId;
  readonly processId: number;
  readonly state: EndOf<'finish' | 'stopBetween' | 'giveBack'>;
  readonly heldFor: string | null;
  /** When a plan that is given back is due again. */
  readonly nextAt: Instant | null;
  readonly at: Instant;
}

const finishText = `update plan set state = $3, held_for = $4, next_at = to_timestamp($5::float8 / 1000), claimed_by = null,
  finished_at = case when $3 in ('released', 'held') then null else to_timestamp($6::float8 / 1000) end
where id = $1 and ${leadsTo('$3', ['finish', 'stopBetween', 'giveBack'])} and claimed_by = $2 returning lane`;

/** The lane, or undefined where the plan is not ours. */
export async function finishPlan(tx: Tx, outcome: PlanOutcome): Promise<string | undefined> {
  const { rows } = await tx.query<{ lane: string }>({
    name: 'plan-finish',
    text: finishText,
    values: [outcome.planId, outcome.processId, outcome.state, outcome.heldFor, outcome.nextAt, outcome.at],
  });
  return rows[0]?.lane;
}

/** The open plan that is now first in the lane, where nobody has claimed it. */
export async function nextInLane(tx: Tx, lane: string): Promise<{ readonly id: PlanId; readonly connection: string } | undefined> {
  const { rows } = await tx.query<{ id: PlanId; connection: string; claimed: boolean }>({
    name: 'plan-next',
    text: `select id, connection, claimed_by is not null as claimed from plan where lane = $1 and state = 'released' order by id limit 1`,
    values: [lane],
  });
  return rows[0] && !rows[0].claimed ? { id: rows[0].id, connection: rows[0].connection } : undefined;
}
