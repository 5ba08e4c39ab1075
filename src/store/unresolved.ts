/**
 * Signals that were decided while nobody, or more than one person, was known to be meant. Each waits in one row until it is decided
 * anew, in the same transaction that takes the row away.
 */
import type { Instant } from '../model/clock.ts';
import type { IdentityId, SignalId } from '../model/ids.ts';
import type { Db } from './db.ts';
import { joined, type Statement } from './statement.ts';

export interface UnresolvedRow {
  readonly signalId: SignalId;
  readonly source: string;
  /** `subject`, `ambiguous` or `blocked`. */
  readonly reason: string;
  /** The arrival, sealed with its connection's key; null for one that is never decided anew. */
  readonly sealed: Buffer | null;
  /** The people who might be meant. */
  readonly candidates: readonly IdentityId[];
  /** When it is looked for first; null for one that nothing can be asked about. */
  readonly nextAt: Instant | null;
  readonly receivedAt: Instant;
}

const insertRows = `insert into unresolved (signal_id, source, reason, arrival, candidates, next_at, received_at)
select r.signal_id::uuid, r.source, r.reason, substring($4::bytea from r.start::int for r.length::int), coalesce(string_to_array(r.candidates, ',')::uuid[], '{}'),
  to_timestamp(r.next_at::float8 / 1000), to_timestamp(r.received_at::float8 / 1000)
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($5, E'\\x1e', ''),
  string_to_array($6, E'\\x1e', ''), string_to_array($7, E'\\x1e', ''), string_to_array($8, E'\\x1e', ''), string_to_array($9, E'\\x1e'))
  as r(signal_id, source, reason, start, length, candidates, next_at, received_at)`;

export function insertUnresolved(rows: readonly UnresolvedRow[]): Statement {
  let start = 1;
  const starts = rows.map(({ sealed }) => {
    const from = start;
    start += sealed?.length ?? 0;
    return sealed === null ? null : from;
  });
  return {
    name: 'unresolved-insert',
    text: insertRows,
    values: [
      joined(rows.map((row) => row.signalId)),
      joined(rows.map((row) => row.source)),
      joined(rows.map((row) => row.reason)),
      Buffer.concat(rows.flatMap((row) => row.sealed ?? [])),
      joined(starts),
      joined(rows.map((row) => row.sealed?.length ?? null)),
      joined(rows.map((row) => row.candidates.join(','))),
      joined(rows.map((row) => row.nextAt)),
      joined(rows.map((row) => row.receivedAt)),
    ],
  };
}

export function forgetUnresolved(ids: readonly SignalId[]): Statement {
  return {
    name: 'unresolved-forget',
    text: `delete from unresolved where signal_id = any (string_to_array($1, ',')::uuid[])`,
    values: [ids.join(',')],
  };
}

/** What a decision made anew follows. */
export interface Amended {
  readonly decisionId: string;
  /** Number of the signal's next row. */
  readonly nth: number;
  /** What was sealed with its connection's key when nobody was known; null where nothing was. */
  readonly sealed: Buffer | null;
}

/** The words on a person who is known now belong under that person's key: with it they are erased. */
export function handOver(decisionId: string, identityId: IdentityId, sealed: Buffer): Statement {
  return {
    text: `update ledger_entry set sealed = $2, sealed_for = $3, sealed_by = null where id = $1`,
    values: [decisionId, sealed, identityId],
  };
}

/** Locks those that still wait; the others were decided by somebody else. */
export function lockUnresolved(ids: readonly SignalId[]): Statement {
  return {
    name: 'unresolved-lock',
    text: `select u.signal_id as "signalId", last.decision_id as "decisionId", (last.nth + 1)::int as nth, e.sealed from unresolved u
      cross join lateral (select s.decision_id, s.nth from signal s where s.id = u.signal_id order by s.nth desc limit 1) as last
      left join ledger_entry e on e.id = last.decision_id and e.sealed_by is not null
      where u.signal_id = any (string_to_array($1, ',')::uuid[]) order by u.signal_id for update of u`,
    values: [ids.join(',')],
  };
}

export interface WaitingSignal {
  readonly [column: string]: unknown;
  readonly signalId: SignalId;
  readonly source: string;
  readonly sealed: Buffer;
  readonly attempts: number;
  readonly nextAt: Instant | null;
  readonly wokenAt: Instant | null;
}

/** Those whose next attempt is due, or that may be answered by what was learnt since; the newest first, since they may still act. */
export async function dueUnresolved(db: Db, at: Instant, limit: number): Promise<readonly WaitingSignal[]> {
  const { rows } = await db.query<WaitingSignal>(
    `select signal_id as "signalId", source, arrival as sealed, attempts, next_at as "nextAt", woken_at as "wokenAt" from unresolved
     where arrival is not null and signal_id in (
       select signal_id from unresolved where next_at <= to_timestamp($1::float8 / 1000)
       union select signal_id from unresolved where woken_at is not null)
     order by signal_id desc limit $2`,
    [at, limit],
  );
  return rows;
}

/** Notes that one was looked for; what woke it meanwhile stays. */
export async function noteLookedFor(
  db: Db,
  waiting: WaitingSignal,
  found: { readonly attempts: number; readonly nextAt: Instant | null; readonly candidates: readonly IdentityId[] },
): Promise<void> {
  await db.query(
    `update unresolved set attempts = $3, next_at = to_timestamp($4::float8 / 1000), candidates = $5::uuid[],
       woken_at = case when woken_at is not distinct from to_timestamp($2::float8 / 1000) then null else woken_at end
     where signal_id = $1`,
    [waiting.signalId, waiting.wokenAt, found.attempts, found.nextAt, found.candidates],
  );
}

/** People were learnt of or changed: those that wait are looked at again; with `newest` only so many of them. */
export async function wakeUnresolved(db: Db, at: Instant, newest?: number): Promise<void> {
  await db.query(
    `update unresolved set woken_at = to_timestamp($1::float8 / 1000) where signal_id in (
       select signal_id from unresolved where signal_id in (
         select signal_id from unresolved where arrival is not null order by signal_id desc limit $2)
       order by signal_id for update)`,
    [at, newest ?? null],
  );
}

/** Two people are about to be one: those that may mean either are looked at again. */
export async function wakeBetween(db: Db, people: readonly IdentityId[], at: Instant): Promise<void> {
  await db.query(
    `update unresolved set woken_at = to_timestamp($1::float8 / 1000)
     where signal_id in (select signal_id from unresolved where arrival is not null and candidates @> $2::uuid[] order by signal_id for update)`,
    [at, people],
  );
}

/** Old ones are no longer listed: nothing follows from a signal of before that. */
export async function sweepUnresolved(db: Db, before: Instant): Promise<void> {
  await db.query(`delete from unresolved where received_at < to_timestamp($1::float8 / 1000)`, [before]);
}
