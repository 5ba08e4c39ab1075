/** Months of the two tables that grow by time. Ids are UUIDv7, so a month is a range of ids; the default partition keeps anything else. */
import type { Instant } from '../model/clock.ts';
import type { Tx } from './db.ts';
import { sqlStateOf } from './db.ts';
import type { Store } from './open.ts';

const partitionedTables = ['signal', 'ledger_entry'] as const;
const monthsAhead = 2;
/** Serialises processes that make the same month. */
const partitionLock = 7_265_002;

export interface PartitionReport {
  readonly created: readonly string[];
  /** Months that must stay in the default partition, since it holds rows of them already. */
  readonly blocked: readonly string[];
}

/**
 * Sees to partitions for the month (UTC) of `at` and the two after it. Repeating it does nothing and takes no lock. A month
 * that could not be locked within two seconds fails with SQLSTATE 55P03 and is made by the next call.
 */
export async function ensureMonthlyPartitions(store: Pick<Store, 'query' | 'transaction'>, at: Instant): Promise<PartitionReport> {
  const wanted = partitionedTables.flatMap((table) => Array.from({ length: monthsAhead + 1 }, (_, ahead) => monthOf(table, at, ahead)));
  const { rows } = await store.query<{ name: string }>('select relname as name from pg_class where relname = any ($1) and relispartition', [
    wanted.map((month) => month.name),
  ]);
  const present = new Set(rows.map((row) => row.name));
  const created: string[] = [];
  const blocked: string[] = [];
  for (const month of wanted.filter(({ name }) => !present.has(name))) {
    const outcome = await store
      .transaction((tx) => createMonth(tx, month))
      .catch((error: unknown) => {
        // A row of the month reached the default partition after we looked.
        if (sqlStateOf(error) === '23514') return 'blocked' as const;
        throw error;
      });
    if (outcome === 'created') created.push(month.name);
    if (outcome === 'blocked') blocked.push(month.name);
  }
  return { created, blocked };
}

interface Month {
  readonly table: (typeof partitionedTables)[number];
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

function monthOf(table: Month['table'], at: Instant, ahead: number): Month {
  const date = new Date(at);
  const start = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead + offset, 1);
  return {
    table,
    name: `${table}_${new Date(start(0)).toISOString().slice(0, 7).replace('-', '_')}`,
    from: lowestId(start(0)),
    to: lowestId(start(1)),
  };
}

/** Below every UUIDv7 of `at` or later, above every earlier one (RFC 9562 section 5.7). */
export function lowestId(at: Instant): string {
  const time = Math.floor(at).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

async function createMonth(tx: Tx, month: Month): Promise<'created' | 'present' | 'blocked'> {
  const { table, name, from, to } = month;
  await tx.query(`set local lock_timeout = '2s'`);
  await tx.query('select pg_advisory_xact_lock($1)', [partitionLock]);
  if ((await tx.query('select 1 from pg_class where relname = $1 and relispartition', [name])).rowCount !== 0) return 'present';
  const strays = await tx.query(`select 1 from ${table}_default where id >= $1 and id < $2 limit 1`, [from, to]);
  if (strays.rowCount !== 0) return 'blocked';
  // Attaching locks the parent less than "create ... partition of" would: readers and writers go on.
  await tx.query(`create table ${name} (like ${table} including all) with (toast_tuple_target = 8160)`);
  await tx.query(`alter table ${table} attach partition ${name} for values from ('${from}') to ('${to}')`);
  return 'created';
}
