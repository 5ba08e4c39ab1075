/** What people said of held plans, each person once a plan. */
import type { Instant } from '../model/clock.ts';
import type { EntryId, PlanId } from '../model/ids.ts';
import type { Db, Tx } from './db.ts';

export interface ApprovalRow {
  readonly planId: PlanId;
  readonly by: string;
  /** What the plan waited for. */
  readonly hold: string;
  /** The named approvals that it counted for; null: for all that were asked. */
  readonly meets: readonly string[] | null;
  readonly listHash: string;
  readonly entryId: EntryId;
  readonly at: Instant;
}

/** By plan, oldest first. */
export async function approvalsOf(db: Db, planIds: readonly string[]): Promise<readonly ApprovalRow[]> {
  const { rows } = await db.query<Omit<ApprovalRow, 'meets'> & { meets: string | null }>(
    `select plan_id as "planId", by_name as by, hold, meets, list_hash as "listHash", entry_id as "entryId", given_at as at
     from approval where plan_id = any ($1::uuid[]) order by plan_id, given_at, entry_id`,
    [planIds],
  );
  return rows.map((row) => ({ ...row, meets: row.meets === null ? null : (JSON.parse(row.meets) as string[]) }));
}

export async function insertApprovals(tx: Tx, rows: readonly ApprovalRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into approval (plan_id, by_name, hold, list_hash, entry_id, meets, given_at)
     select p, b, h, l, e, m, to_timestamp($7::float8 / 1000)
     from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[]) as t(p, b, h, l, e, m)`,
    [
      rows.map((row) => row.planId),
      rows.map((row) => row.by),
      rows.map((row) => row.hold),
      rows.map((row) => row.listHash),
      rows.map((row) => row.entryId),
      rows.map((row) => JSON.stringify(row.meets)),
      rows[0]?.at,
    ],
  );
}
