/**
 * Plans that wait for a person, and what becomes of them. Who changes one has locked the people first, by id, then the plans by id, then
 * the scopes of guards: the order of settle, in which plans have no place because it only inserts them.
 */
import type { Instant } from '../model/clock.ts';
import type { IdentityId, PlanId } from '../model/ids.ts';
import type { EndOf } from '../model/plan-state.ts';
import type { Cause } from '../model/signal.ts';
import type { Db, Tx } from './db.ts';
import type { LockedEvidence } from './held-level.ts';
import type { PlanListRow } from './list-records.ts';
import { leadsTo, maySet } from './plan-move.ts';

export interface LockedPlan extends PlanListRow {
  readonly id: PlanId;
  readonly lane: string;
  readonly cause: Cause;
  readonly source: string;
  readonly policyId: string | null;
  readonly accountId: string | null;
  /** Claimed now or before: its actions have records. */
  readonly begun: boolean;
}

const columns = `id, decision_id as "decisionId", signal_id as "signalId", identity_id as "identityId", account_id as "accountId", lane, connection,
  actions, cause, policy_id as "policyId", source, profile, state, held_for as "heldFor", held_until as "heldUntil",
  created_at as "createdAt", finished_at as "finishedAt", exists (select from action where action.plan_id = plan.id) as begun`;

/** A person was merged into another one while the lock was waited for; the work begins again. */
export class PersonMoved extends Error {}

/** Locks the people behind plans, merges followed; answers them by the ids that plans have. */
export async function lockPeopleOf(tx: Tx, planIds: readonly PlanId[]): Promise<ReadonlyMap<IdentityId, LockedEvidence>> {
  const behind = 'select identity_id from plan where id = any ($1::uuid[]) and identity_id is not null';
  const { rows } = await tx.query<LockedEvidence & { mergedInto: IdentityId | null }>(
    `select i.id, i.evidence, i.held_level as "heldLevel", i.tier, i.executive, i.merged_into as "mergedInto" from identity i
     where i.id in (select coalesce(w.merged_into, w.id) from identity w where w.id in (${behind})) order by i.id for update of i`,
    [planIds],
  );
  if (rows.some((row) => row.mergedInto !== null)) throw new PersonMoved();
  const roots = new Map(rows.map((row) => [row.id, row]));
  const { rows: names } = await tx.query<{ id: IdentityId; root: IdentityId }>(
    `select w.id, coalesce(w.merged_into, w.id) as root from identity w where w.id in (${behind})`,
    [planIds],
  );
  return new Map(
    names.map(({ id, root }) => {
      const person = roots.get(root);
      if (person === undefined) throw new PersonMoved();
      return [id, person];
    }),
  );
}

export async function lockPlans(tx: Tx, ids: readonly PlanId[]): Promise<readonly LockedPlan[]> {
  const { rows } = await tx.query<LockedPlan>(`select ${columns} from plan where id = any ($1::uuid[]) order by id for update`, [ids]);
  return rows;
}

/** Whether this transaction is the one that looks for plans whose time is over; another process has it in hand otherwise. */
export async function takeSweep(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<{ taken: boolean }>(`select pg_try_advisory_xact_lock(hashtextextended('held plans', 0)) as taken`);
  return rows[0]?.taken ?? false;
}

/** Ids of held plans whose time is over. They are locked afterwards, behind their people. */
export async function overduePlans(db: Db, at: Instant, limit: number): Promise<readonly PlanId[]> {
  const { rows } = await db.query<{ id: PlanId }>(
    `select id from plan where state = 'held' and held_until <= to_timestamp($1::float8 / 1000) order by held_until, id limit $2`,
    [at, limit],
  );
  return rows.map(({ id }) => id);
}

/** Held plans of which nobody has reckoned yet how long they wait. */
export async function endlessHolds(db: Db, limit: number): Promise<readonly PlanListRow[]> {
  const { rows } = await db.query<PlanListRow>(
    `select ${columns} from plan where state = 'held' and held_until is null order by id limit $1`,
    [limit],
  );
  return rows;
}

/** Only where nobody was first. */
export async function setHoldEnd(db: Db, id: string, until: Instant): Promise<void> {
  await db.query(
    `update plan set held_until = to_timestamp($2::float8 / 1000) where id = $1 and ${maySet('timeHold')} and held_until is null`,
    [id, until],
  );
}

export interface PlanChange {
  readonly id: PlanId;
  readonly state: EndOf<'letGo' | 'stop' | 'holdAnew' | 'refuse' | 'expire'>;
  readonly heldFor: string | null;
  /** Of a held one. */
  readonly heldUntil?: Instant;
  /** Of a released one: until when failed calls are tried again. */
  readonly deadlineAt?: Instant;
}

/** Of plans that the caller has locked; throws where one cannot move so. What was never carried out ends as it is. */
export async function changePlans(tx: Tx, changes: readonly PlanChange[], at: Instant): Promise<void> {
  if (changes.length === 0) return;
  const { rowCount } = await tx.query(
    `update plan p set state = c.state, held_for = c.held_for, held_until = to_timestamp(c.held_until / 1000),
       deadline_at = coalesce(to_timestamp(c.deadline / 1000), p.deadline_at), next_at = null,
       finished_at = case when c.state in ('refused', 'expired') then to_timestamp($6::float8 / 1000) end
     from unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::float8[]) as c(id, state, held_for, held_until, deadline)
     where p.id = c.id and p.claimed_by is null and ${leadsTo('c.state', ['letGo', 'stop', 'holdAnew', 'refuse', 'expire'], 'p')}`,
    [
      changes.map(({ id }) => id),
      changes.map(({ state }) => state),
      changes.map(({ heldFor }) => heldFor),
      changes.map(({ heldUntil }) => heldUntil ?? null),
      changes.map(({ deadlineAt }) => deadlineAt ?? null),
      at,
    ],
  );
  if (rowCount !== changes.length) throw new Error('a plan is not where its change begins');
}

/** Of some decisions, those that a person called false. */
export async function calledFalse(db: Db, decisionIds: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct decision_id as id from verdict where decision_id = any ($1::uuid[]) and verdict = 'false'`,
    [decisionIds],
  );
  return new Set(rows.map(({ id }) => id));
}
