/** How many signals each source sends in an hour: whole hours are counted once, so that a week costs no more than an hour. */
import type { Instant } from '../model/clock.ts';
import type { Db } from './db.ts';
import { lowestId } from './partitions.ts';

const hourMs = 3_600_000;
/** Late commits of an hour are in by then. */
const graceMs = 300_000;
/** Fewer hours tell nothing of what is usual. */
const leastHours = 24;

export interface SourceRate {
  readonly source: string;
  readonly lastHour: number;
  readonly hourlyMean: number;
}

const countText = `insert into source_hour (hour, source, signals)
select to_timestamp($1::float8 / 1000), source, count(*)::int from signal where id >= $2 and id < $3 and nth = 0 group by source
union all select to_timestamp($1::float8 / 1000), '', 0
on conflict do nothing`;

/** Counts the next whole hour that nobody has counted. After a gap of more than a day it begins anew. */
export async function countHour(db: Db, at: Instant, keepMs: number): Promise<void> {
  const newest = Math.floor((at - graceMs) / hourMs) * hourMs - hourMs;
  const { rows } = await db.query<{ hour: Instant | null }>(`select max(hour) as hour from source_hour where source = ''`);
  const last = rows[0]?.hour ?? null;
  const hour = last === null || newest - last > leastHours * hourMs ? newest : last + hourMs;
  if (hour > newest) return;
  await db.query(countText, [hour, lowestId(hour), lowestId(hour + hourMs)]);
  await db.query(`delete from source_hour where hour < to_timestamp($1::float8 / 1000)`, [at - keepMs]);
}

/** Empty until a day has been counted. */
export async function sourceRates(db: Db, at: Instant, overMs: number): Promise<readonly SourceRate[]> {
  const { rows } = await db.query<SourceRate & { [column: string]: unknown }>(
    `with hours as (select count(*)::float8 as n from source_hour where source = '' and hour >= to_timestamp($2::float8 / 1000)),
       usual as (select source, sum(signals)::float8 as signals from source_hour where source <> '' and hour >= to_timestamp($2::float8 / 1000) group by source)
     select s.source, s.signals as "lastHour", coalesce(u.signals, 0) / h.n as "hourlyMean"
     from (select source, count(*)::int as signals from signal where id >= $1 and nth = 0 group by source) s
     left join usual u on u.source = s.source cross join hours h where h.n >= ${leastHours}`,
    [lowestId(at - hourMs), at - overMs],
  );
  return rows;
}
