/** Notices that wait to be sent: written in the transaction of what they tell, claimed by whichever process has time. */
import type { Instant } from '../model/clock.ts';
import type { IdentityId } from '../model/ids.ts';
import type { Notice } from '../model/notice.ts';
import type { Db } from './db.ts';
import { joined, type Statement } from './statement.ts';

export type NoticeRow = Notice & { readonly id: string; readonly sink: string };

export type ClaimedNotice = Notice & { readonly id: string; readonly attempts: number; readonly createdAt: Instant };

/** News of an incident waits so long, and what comes meanwhile goes with it; nobody is told more often. */
const updateAfterMs = 60_000;

const insertText = `insert into notice (id, sink, type, about, data, people, created_at, next_at)
select r.id::uuid, r.sink, r.type, r.about::uuid, r.data, r.people::uuid[], to_timestamp($7::float8 / 1000),
  to_timestamp(($7::float8 + case when r.type = 'incident.updated' then $8::float8 else 0 end) / 1000)
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($4, E'\\x1e', ''),
  string_to_array($5, E'\\x1e'), string_to_array($6, E'\\x1e')) as r(id, sink, type, about, data, people)
where r.type <> 'incident.updated' or not exists (select from notice n where n.sink = r.sink and n.state = 'waiting' and n.attempts = 0
  and n.type = r.type and n.about = r.about::uuid)`;

export function insertNotices(rows: readonly NoticeRow[], at: Instant): Statement {
  const columns = [
    rows.map((row) => row.id),
    rows.map((row) => row.sink),
    rows.map((row) => row.type),
    rows.map((row) => row.about),
    rows.map((row) => JSON.stringify(row.data)),
    rows.map((row) => `{${row.people.join(',')}}`),
  ];
  return { name: 'notice-insert', text: insertText, values: [...columns.map(joined), at, updateAfterMs] };
}

/** The next one that is due, for one attempt that ends before `until`. Of one record a receiver is told in order. */
export async function claimNotice(db: Db, sink: string, at: Instant, until: Instant): Promise<ClaimedNotice | undefined> {
  const { rows } = await db.query<{
    id: string;
    type: Notice['type'];
    about: string | null;
    data: string;
    people: IdentityId[];
    attempts: number;
    createdAt: Instant;
  }>(
    `update notice set attempts = attempts + 1, next_at = to_timestamp($3::float8 / 1000) where id = (
       select n.id from notice n where n.sink = $1 and n.state = 'waiting' and n.next_at <= to_timestamp($2::float8 / 1000)
         and not exists (select from notice e where e.sink = n.sink and e.state = 'waiting' and e.about = n.about and e.id < n.id)
         and (n.type <> 'incident.updated' or not exists (select from notice e where e.sink = n.sink and e.type = n.type and e.about = n.about
           and e.ended_at > to_timestamp(($2::float8 - $4::float8) / 1000)))
       order by n.id limit 1 for update skip locked)
     returning id, type, about, data, people, attempts, created_at as "createdAt"`,
    [sink, at, until, updateAfterMs],
  );
  return rows[0] && ({ ...rows[0], data: JSON.parse(rows[0].data) as Notice['data'] } as ClaimedNotice);
}

export type NoticeEnd =
  | { readonly state: 'delivered' }
  | { readonly state: 'dead'; readonly code: string }
  | { readonly state: 'waiting'; readonly code: string | null; readonly nextAt: Instant; readonly uncounted?: true };

export async function endAttempt(db: Db, id: string, end: NoticeEnd, at: Instant): Promise<void> {
  const waiting = end.state === 'waiting';
  await db.query(
    `update notice set state = $2, code = $3, attempts = attempts - $4, next_at = to_timestamp($5::float8 / 1000),
       ended_at = case when $2 = 'waiting' then null else to_timestamp($6::float8 / 1000) end where id = $1 and state = 'waiting'`,
    [id, end.state, 'code' in end ? end.code : null, waiting && end.uncounted ? 1 : 0, waiting ? end.nextAt : at, at],
  );
}

/** The receiver wants nothing more at this address; what waits for it is given up. */
export async function markGone(db: Db, sink: string, addressHash: string, at: Instant): Promise<void> {
  await db.query(
    `insert into sink_gone (sink, address_hash, gone_at) values ($1, $2, to_timestamp($3::float8 / 1000))
     on conflict (sink) do update set address_hash = excluded.address_hash, gone_at = excluded.gone_at`,
    [sink, addressHash, at],
  );
}

export async function isGone(db: Db, sink: string, addressHash: string): Promise<boolean> {
  const { rowCount } = await db.query('select from sink_gone where sink = $1 and address_hash = $2', [sink, addressHash]);
  return rowCount === 1;
}

export async function giveUpWaiting(db: Db, sink: string, code: string, at: Instant): Promise<number> {
  const { rowCount } = await db.query(
    `update notice set state = 'dead', code = $2, ended_at = to_timestamp($3::float8 / 1000) where sink = $1 and state = 'waiting'`,
    [sink, code, at],
  );
  return rowCount ?? 0;
}

export interface SinkCount {
  readonly [column: string]: unknown;
  readonly sink: string;
  readonly waiting: number;
  readonly dead: number;
  /** Why the last one that failed did. */
  readonly code: string | null;
}

export async function countNotices(db: Db): Promise<readonly SinkCount[]> {
  const { rows } = await db.query<SinkCount>(
    `select sink, (count(*) filter (where state = 'waiting'))::int as waiting, (count(*) filter (where state = 'dead'))::int as dead,
       (array_agg(code order by id desc) filter (where code is not null))[1] as code
     from notice where state in ('waiting', 'dead') group by sink order by sink`,
  );
  return rows;
}

/** Forgets what ended, or waits for nobody, since before that. */
export async function sweepNotices(db: Db, before: Instant): Promise<void> {
  await db.query(`delete from notice where created_at < to_timestamp($1::float8 / 1000)`, [before]);
}

/** Who people are, as far as they are not erased. */
export async function emailsOf(
  db: Db,
  people: readonly IdentityId[],
): Promise<readonly { readonly identityId: string; readonly emails: readonly string[] }[]> {
  const { rows } = await db.query<{ identityId: string; emails: string[] }>(
    `select i.id as "identityId", array(select distinct f.value from identifier f
       where f.identity_id = coalesce(i.merged_into, i.id) and f.format = 'email' order by f.value) as emails
     from identity i where i.id = any ($1::uuid[]) order by i.id`,
    [people],
  );
  return rows;
}
