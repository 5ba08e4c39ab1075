/** What was decided on one person, and which of the person's signals lie behind a piece of evidence. */
import type { Instant } from '../model/clock.ts';
import type { Severity } from '../model/signal.ts';
import type { Db } from './db.ts';

export interface LastDecision {
  readonly id: string;
  readonly decidedAt: Instant;
}

/** The person, and those who were merged into it. */
const samePerson = '(select i.id from identity i where i.id = $1 or i.merged_into = $1)';

/** The last decision on the person at or before an instant. */
export async function lastDecisionOn(db: Db, identityId: string, at: Instant): Promise<LastDecision | undefined> {
  const { rows } = await db.query<LastDecision & { [column: string]: unknown }>(
    `select decision_id as id, decided_at as "decidedAt" from signal
     where identity_id in ${samePerson} and decision_id is not null and decided_at <= to_timestamp($2::float8 / 1000)
     order by decided_at desc, decision_id desc limit 1`,
    [identityId, at],
  );
  return rows[0];
}

/** The signals that an occurrence may stand for: of a type and source, in a span of time. */
export interface SignalSpan {
  readonly type: string;
  readonly source: string;
  readonly from: Instant;
  /** Not part of the span. */
  readonly until: Instant;
}

export interface SpanSignal {
  /** Index of the span. */
  readonly span: number;
  readonly id: string;
  readonly severity: Severity;
  readonly occurredAt: Instant;
  readonly receivedAt: Instant;
}

/** Decided signals that happened or arrived in each span, newest first, at most `limit` a span; `until` leaves out what was decided later. */
export async function signalsInSpans(
  db: Db,
  identityId: string,
  spans: readonly SignalSpan[],
  limit: number,
  until: LastDecision | undefined,
): Promise<readonly SpanSignal[]> {
  if (spans.length === 0) return [];
  const within = (column: string) => `s.${column} >= to_timestamp(o.since / 1000) and s.${column} < to_timestamp(o.ends / 1000)`;
  const { rows } = await db.query<SpanSignal & { [column: string]: unknown }>(
    `select span, id, severity, "occurredAt", "receivedAt" from (
       select (o.nth - 1)::int as span, s.id, s.severity, s.occurred_at as "occurredAt", s.received_at as "receivedAt",
         row_number() over (partition by o.nth order by s.id desc) as place
       from unnest($2::text[], $3::text[], $4::float8[], $5::float8[]) with ordinality as o(type, source, since, ends, nth)
       join signal s on s.type = o.type and s.source = o.source and ((${within('occurred_at')}) or (${within('received_at')}))
       where s.identity_id in ${samePerson} and s.state = 'decided'
         and ($7::float8 is null or (s.decided_at, s.decision_id) <= (to_timestamp($7::float8 / 1000), $8::uuid))
     ) found where place <= $6 order by span, id desc`,
    [
      identityId,
      spans.map(({ type }) => type),
      spans.map(({ source }) => source),
      spans.map(({ from }) => from),
      spans.map((span) => span.until),
      limit,
      until?.decidedAt ?? null,
      until?.id ?? null,
    ],
  );
  return rows;
}
