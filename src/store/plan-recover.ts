/** Claims whose holder is gone, and released plans that nobody works on. */
import type { Instant } from '../model/clock.ts';
import type { PlanId } from '../model/ids.ts';
import type { Db } from './db.ts';
import { maySet } from './plan-move.ts';
import { processLockClass } from './process-register.ts';

export interface LoosePlan {
  readonly id: PlanId;
  readonly connection: string;
}

/**
 * A free lock means that its process is gone: numbers are never given twice. The try-lock lives as long as this one statement.
 * `skip locked` leaves out a plan whose holder is just ending it.
 */
const takeBackText = `with holder as materialized (
    select distinct claimed_by as id from plan where claimed_by is not null and state = 'released' and claimed_by <> $1
  ), gone as materialized (
    select id from holder where pg_try_advisory_xact_lock(${processLockClass}, id)
  ), loose as (
    select id from plan where ${maySet('takeBack')}
      and (claimed_by in (select id from gone)
        or (claimed_by = $1 and claimed_at < to_timestamp($3::float8 / 1000) and id <> all (string_to_array($2, ',')::uuid[])))
    for update skip locked
  )
update plan set claimed_by = null from loose where plan.id = loose.id returning plan.id, plan.connection`;

/** Frees them and answers which. Of this process's own claims, those older than `ownBefore` that are not among `running`. */
export async function takeBackPlans(
  db: Db,
  processId: number,
  running: readonly PlanId[],
  ownBefore: Instant,
): Promise<readonly LoosePlan[]> {
  const { rows } = await db.query<LoosePlan>({
    name: 'plan-take-back',
    text: takeBackText,
    values: [processId, running.join(','), ownBefore],
  });
  return rows;
}

/** Released plans that nobody claimed and that have been due since `before`, oldest first. */
export async function waitingPlans(db: Db, before: Instant, limit: number): Promise<readonly LoosePlan[]> {
  const { rows } = await db.query<LoosePlan>(
    `select id, connection from plan where state = 'released' and claimed_by is null
       and coalesce(next_at, created_at) <= to_timestamp($1::float8 / 1000) order by id limit $2`,
    [before, limit],
  );
  return rows;
}
