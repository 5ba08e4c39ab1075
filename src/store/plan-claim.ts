/**
 * The claim: the one statement that decides who carries out a plan. pg-boss orders nothing for us; per-account order and "not twice"
 * rest on this condition alone.
 */
import type { Instant } from '../model/clock.ts';
import type { PlannedAction } from '../model/decision.ts';
import type { DecisionId, IdentityId, PlanId } from '../model/ids.ts';
import type { Cause } from '../model/signal.ts';
import type { Db, Tx } from './db.ts';
import { sharePauseLock } from './pause-lock.ts';
import { pauseCoversPlan } from './pause-read.ts';
import { endOf, maySet } from './plan-move.ts';
import { planFallsOnProtected } from './protection.ts';

/** What a claim saw of whom the plan would fall on. */
export interface Claim extends ClaimedPlan {
  readonly onProtected: boolean;
}

export interface ClaimedPlan {
  readonly id: PlanId;
  readonly decisionId: DecisionId;
  readonly identityId: IdentityId | null;
  readonly lane: string;
  readonly connection: string;
  readonly actions: readonly PlannedAction[];
  readonly cause: Cause;
  readonly createdAt: Instant;
  readonly deadlineAt: Instant;
  readonly nextAt: Instant | null;
}

/** Namespace of the lane locks, the first number of a two-number advisory lock. */
const laneLockClass = 7302;

/**
 * Ids come from instants read before locks are waited for, so a plan with a smaller id can be committed after a later one was
 * claimed: hence the second half, nobody else of the lane at work, and the lane's lock around the claim so that two claims see each other.
 */
const laneBusy = `exists (select 1 from plan e where e.lane = plan.lane and e.state = 'released' and e.id <> plan.id
    and (e.id < plan.id or e.claimed_by is not null))`;

/** Calls of it may have been made: what became of them is looked at, whatever else may not be done. */
const isBegun = `exists (select 1 from action a where a.plan_id = plan.id)`;

/** A pause keeps a plan from being begun; one that was begun is claimed to be looked at, and is refused the next call. */
const pauseStops = `(${pauseCoversPlan} and not ${isBegun})`;

export const planColumns = `id, decision_id as "decisionId", identity_id as "identityId", lane, connection, actions, cause,
  created_at as "createdAt", deadline_at as "deadlineAt", next_at as "nextAt"`;

const claimText = `update plan set claimed_by = $2, claimed_at = to_timestamp($3::float8 / 1000)
where id = $1 and ${maySet('claim')} and claimed_by is null
  and (next_at is null or next_at <= to_timestamp($3::float8 / 1000))
  and not ${laneBusy}
  and not ${pauseStops}
returning ${planColumns}, ${planFallsOnProtected} as "onProtected"`;

type Columns = Omit<ClaimedPlan, 'actions'> & { readonly actions: string };

export function planFromColumns<C extends Columns>({ actions, ...rest }: C): Omit<C, 'actions'> & Pick<ClaimedPlan, 'actions'> {
  return { ...rest, actions: JSON.parse(actions) as PlannedAction[] };
}

/** Undefined where the condition does not hold; `lookAtPlan` tells why. */
export async function claimPlan(tx: Tx, planId: PlanId, processId: number, at: Instant): Promise<Claim | undefined> {
  const [, , { rows }] = await Promise.all([
    tx.query(sharePauseLock),
    tx.query({
      name: 'plan-lane-lock',
      text: `select pg_advisory_xact_lock(${laneLockClass}, hashtext(lane)) from plan where id = $1`,
      values: [planId],
    }),
    // Sent behind the locks and run after them, with a snapshot of its own.
    tx.query<Columns & { readonly onProtected: boolean }>({ name: 'plan-claim', text: claimText, values: [planId, processId, at] }),
  ]);
  return rows[0] && planFromColumns(rows[0]);
}

export interface PlanStanding {
  readonly state: string;
  readonly cause: Cause;
  readonly connection: string;
  readonly claimedBy: number | null;
  readonly nextAt: Instant | null;
  readonly laneBusy: boolean;
  readonly paused: boolean;
}

const lookText = `select state, cause, connection, claimed_by as "claimedBy", next_at as "nextAt", ${laneBusy} as "laneBusy", ${pauseStops} as paused
from plan where id = $1`;

/** Each part of the claim's condition by itself. */
export async function lookAtPlan(db: Db, planId: PlanId): Promise<PlanStanding | undefined> {
  const { rows } = await db.query<PlanStanding>({ name: 'plan-look', text: lookText, values: [planId] });
  return rows[0];
}

/** Turns a released plan that nobody has begun and a running pause covers into a held one. */
export async function holdPausedPlan(tx: Tx, planId: PlanId): Promise<ClaimedPlan | undefined> {
  const { rows } = await tx.query<Columns>(
    `update plan set state = ${endOf('pause')}, held_for = 'pause', next_at = null
     where id = $1 and ${maySet('pause')} and claimed_by is null and ${pauseStops} returning ${planColumns}`,
    [planId],
  );
  return rows[0] && planFromColumns(rows[0]);
}

/** `protected`: since the claim somebody behind the plan has come under protection. */
export type LeaveToCall = 'yes' | 'paused' | 'protected' | 'lost';

/** Whether the plan is still claimed by this process, no pause covers it and nobody behind it is protected. */
export async function mayCall(db: Db, planId: PlanId, processId: number): Promise<LeaveToCall> {
  const { rows } = await db.query<{ paused: boolean; onProtected: boolean }>({
    name: 'plan-may-call',
    text: `select ${pauseCoversPlan} as paused, ${planFallsOnProtected} as "onProtected"
      from plan where id = $1 and state = 'released' and claimed_by = $2`,
    values: [planId, processId],
  });
  if (rows[0] === undefined) return 'lost';
  if (rows[0].onProtected) return 'protected';
  return rows[0].paused ? 'paused' : 'yes';
}
