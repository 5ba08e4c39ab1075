/** What a person's word on an incident changes. */
import type { Instant } from '../model/clock.ts';
import type { DecisionId, PlanId } from '../model/ids.ts';
import type { IncidentVerdict } from '../model/incident.ts';
import type { Db, Tx } from './db.ts';
import { endOf, maySet } from './plan-move.ts';

export interface JudgedRow {
  readonly verdict: IncidentVerdict | null;
}

/** The incident, locked until the end of the transaction: nothing joins it meanwhile. */
export async function lockIncident(tx: Tx, id: string): Promise<JudgedRow | undefined> {
  const { rows } = await tx.query<{ verdict: IncidentVerdict | null }>('select verdict from incident where id = $1 for update', [id]);
  return rows[0];
}

export async function markJudged(
  tx: Tx,
  id: string,
  given: { readonly verdict: IncidentVerdict; readonly by: string; readonly at: Instant },
): Promise<void> {
  await tx.query(
    `update incident set state = 'judged', verdict = $2, judged_by = $3, judged_at = to_timestamp($4::float8 / 1000) where id = $1`,
    [id, given.verdict, given.by, given.at],
  );
}

export interface RefusedPlan {
  readonly [column: string]: unknown;
  readonly id: PlanId;
  readonly decisionId: DecisionId;
  readonly connection: string;
  readonly actions: string;
}

/** Ends what is still held of it. */
export async function refuseHeldOf(tx: Tx, id: string, at: Instant): Promise<readonly RefusedPlan[]> {
  const { rows } = await tx.query<RefusedPlan>(
    `with held as (select p.id from plan p join incident_member m on m.plan_id = p.id
       where m.incident_id = $1 and ${maySet('refuse', 'p')} order by p.id for update of p)
     update plan set state = ${endOf('refuse')}, finished_at = to_timestamp($2::float8 / 1000) where id in (select id from held)
     returning id, decision_id as "decisionId", connection, actions`,
    [id, at],
  );
  return rows;
}

/** Its decisions that nobody has said this word of. */
export async function unjudgedOf(db: Db, id: string, verdict: IncidentVerdict): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct m.decision_id as id from incident_member m where m.incident_id = $1
       and not exists (select from verdict v where v.decision_id = m.decision_id and v.verdict = $2) order by 1`,
    [id, verdict],
  );
  return rows.map((row) => row.id);
}
