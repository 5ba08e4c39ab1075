/** Verdicts by the decision that they judge, and what a verdict needs to know of the person. */
import type { Instant } from '../model/clock.ts';
import type { DecisionId, IdentityId, SignalId } from '../model/ids.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Db } from './db.ts';
import type { EntryText } from './list-records.ts';
import { joined, type Statement } from './statement.ts';

export interface VerdictRow {
  readonly signalId: SignalId;
  readonly decisionId: DecisionId;
  readonly verdict: Verdict;
}

export function insertVerdicts(rows: readonly VerdictRow[]): Statement {
  return {
    name: 'verdict-insert',
    text: `insert into verdict (signal_id, decision_id, verdict) select s::uuid, d::uuid, v
      from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e')) as t(s, d, v)`,
    values: [joined(rows.map((row) => row.signalId)), joined(rows.map((row) => row.decisionId)), joined(rows.map((row) => row.verdict))],
  };
}

export interface VerdictEntry extends EntryText {
  readonly signalId: string;
  readonly verdict: Verdict;
}

/** The verdicts on a decision with their entries, oldest first; a hundred at most. */
export async function verdictsOn(db: Db, decisionId: string): Promise<readonly VerdictEntry[]> {
  const { rows } = await db.query<VerdictEntry>(
    `select v.signal_id as "signalId", v.verdict, e.id, e.core, e.sealed, e.sealed_for as "sealedFor", e.sealed_by as "sealedBy"
     from verdict v join signal s on s.id = v.signal_id join ledger_entry e on e.id = s.decision_id
     where v.decision_id = $1 order by v.signal_id, s.nth limit 100`,
    [decisionId],
  );
  return rows;
}

export interface HeldEvidence {
  readonly id: IdentityId;
  readonly evidence: string;
}

/** The evidence of a person as it stands, merges followed; undefined where the person is gone. */
export async function readEvidence(db: Db, identityId: IdentityId): Promise<HeldEvidence | undefined> {
  const { rows } = await db.query<HeldEvidence & { [column: string]: unknown }>(
    `with recursive line as (
       select id, merged_into, evidence, 0 as step from identity where id = $1
       union all select i.id, i.merged_into, i.evidence, line.step + 1 from identity i join line on i.id = line.merged_into where line.step < 32
     ) select id, evidence from line where merged_into is null`,
    [identityId],
  );
  return rows[0];
}

/** Decided signals of one type with what was decided on them, newest first, whose event time may lie in the span. */
export async function listEvents(
  db: Db,
  which: { readonly identityIds: readonly IdentityId[]; readonly type: string; readonly from: Instant; readonly to: Instant },
  limit: number,
): Promise<readonly (EntryText & { readonly signalId: string })[]> {
  const { rows } = await db.query<EntryText & { readonly signalId: string }>(
    `select s.id as "signalId", e.id, e.core, e.sealed, e.sealed_for as "sealedFor", e.sealed_by as "sealedBy"
     from signal s join ledger_entry e on e.id = s.decision_id
     where s.identity_id = any ($1::uuid[]) and s.type = $2 and s.state = 'decided'
       and s.occurred_at >= to_timestamp($3::float8 / 1000) and least(s.occurred_at, s.received_at) <= to_timestamp($4::float8 / 1000)
     order by s.id desc limit $5`,
    [which.identityIds, which.type, which.from, which.to, limit],
  );
  return rows;
}
