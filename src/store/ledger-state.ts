/** Whether every stored line has its place: what waits, and what ought not to be. */
import type { Instant } from '../model/clock.ts';
import type { Db } from './db.ts';

export interface LedgerBacklog {
  /** Entries that wait for their place. */
  readonly waiting: number;
  /** Instant in the id of the oldest pending row; null where nothing waits. The place should follow within seconds. */
  readonly oldestAt: Instant | null;
}

export async function readBacklog(db: Db): Promise<LedgerBacklog> {
  const { rows } = await db.query<{ waiting: number; oldest: string | null }>(
    `select coalesce(sum(cardinality(entries)), 0)::int as waiting, (select id::text from ledger_pending order by id limit 1) as oldest from ledger_pending`,
  );
  const oldest = rows[0]?.oldest ?? null;
  return {
    waiting: rows[0]?.waiting ?? 0,
    oldestAt: oldest === null ? null : Number.parseInt(oldest.replaceAll('-', '').slice(0, 12), 16),
  };
}

export interface LedgerGaps {
  /** Entries that neither wait nor have a place. */
  readonly lost: number;
  /** Leaves whose entry is not stored. */
  readonly hollow: number;
  /** Leaf indexes that are missing below the highest. */
  readonly missing: number;
  /** Size of the head minus number of leaves. */
  readonly headOff: number;
}

/** All zero in a whole log. Reads every row: for checks, not for requests. One statement, so one snapshot. */
export async function readGaps(db: Db): Promise<LedgerGaps> {
  const { rows } = await db.query<LedgerGaps & { [column: string]: unknown }>(
    `with leaves as (select count(*) as leaves, coalesce(max(leaf_index) + 1, 0) as top from ledger_leaf)
select (select count(*) from ledger_entry e where not exists (select from ledger_leaf l where l.entry_id = e.id)
    and not exists (select from ledger_pending p where e.id = any (p.entries)))::int as lost,
  (select count(*) from ledger_leaf l where not exists (select from ledger_entry e where e.id = l.entry_id))::int as hollow,
  (top - leaves)::int as missing,
  (coalesce((select size from ledger_head), 0) - leaves)::int as "headOff"
from leaves`,
  );
  return rows[0] as LedgerGaps;
}
