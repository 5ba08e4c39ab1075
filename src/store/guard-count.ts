/** Reads the counters of guards, under their locks. */
import type { Instant } from '../model/clock.ts';
import type { CounterReading } from '../model/decision.ts';
import { joined, type Statement } from './statement.ts';
import type { RunGroup } from './statement-group.ts';

export interface CounterQuestion {
  readonly scope: string;
  readonly windowMs: number;
  /** Asks whether the subjects themselves used it; others are not counted. */
  readonly own?: true;
  /** Asks also for the most that any such window held before, as far back as `overMs`. */
  readonly growing?: { readonly overMs: number };
}

export interface CountedUses {
  /** `from`: the begin of a window that does not run out, because nobody has judged what filled it. */
  readonly readings: readonly (CounterReading & { readonly from?: Instant })[];
  readonly present: readonly { readonly scope: string; readonly subject: string; readonly at: Instant }[];
}

const lockScopes = `select pg_advisory_xact_lock(hashtextextended('guard ' || scope, 0))
from (select scope from unnest(string_to_array($1, E'\\x1e')) as t(scope) order by scope) as sorted`;

/** A window that was full stays where it was when it first held somebody back. */
const countScopes = `select q.scope, q.window_ms::bigint as "windowMs", c.used,
  (extract(epoch from w.first_hit) * 1000)::float8 - q.window_ms as "from"
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')::float8[]) as q(scope, window_ms)
cross join lateral (select min(h.at) as first_hit from limit_hit h where h.scope = q.scope and h.judged_at is null) as w
cross join lateral (select count(*)::int as used from (
  select from guard_use g where g.scope = q.scope
    and g.at > to_timestamp((least($3::float8, extract(epoch from w.first_hit) * 1000) - q.window_ms) / 1000) group by g.subject) as distinct_subjects) as c`;

/** What a plan did not do may be tried again: it counts against others, not against its own subject. */
const presentSubjects = `select g.scope, g.subject, (extract(epoch from max(g.at)) * 1000)::float8 as at from guard_use g
where g.scope = any (string_to_array($1, E'\\x1e')) and g.subject = any (string_to_array($2, E'\\x1e'))
  and (g.at > to_timestamp($3::float8 / 1000) or exists (select from limit_hit h where h.scope = g.scope and h.judged_at is null))
  and (g.scope <> all (string_to_array($4, E'\\x1e'))
    or coalesce((select p.state from plan p where p.id = g.plan_id), 'done') in ('released', 'done', 'undone'))
group by g.scope, g.subject`;

/** Windows of one length, laid end to end before the present one. */
const highestBefore = `select q.scope, q.window_ms::bigint as "windowMs", coalesce(max(w.used), 0)::int as highest
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')::float8[], string_to_array($3, E'\\x1e')::float8[]) as q(scope, window_ms, over_ms)
left join lateral (select count(distinct g.subject) as used from guard_use g where g.scope = q.scope
  and g.at > to_timestamp(($4::float8 - q.over_ms) / 1000) and g.at <= to_timestamp(($4::float8 - q.window_ms) / 1000)
  group by floor(($4::float8 - extract(epoch from g.at) * 1000) / q.window_ms)) as w on true
group by q.scope, q.window_ms`;

/** Locks the scopes, sorted, until the end of the transaction; counts distinct subjects in their windows, and finds the given ones. */
export async function countUses(
  run: RunGroup,
  questions: readonly CounterQuestion[],
  subjects: readonly string[],
  at: Instant,
): Promise<CountedUses> {
  const scopes = joined([...new Set(questions.map((question) => question.scope))]);
  const counting = questions.filter((question) => !question.own);
  const growing = questions.filter((question) => question.growing !== undefined);
  const own = [...new Set(questions.filter((question) => question.own).map((question) => question.scope))];
  // Older uses lie outside every window that runs.
  const oldest = at - Math.max(...questions.map((question) => question.windowMs));
  const statements: Statement[] = [
    { name: 'guard-lock', text: lockScopes, values: [scopes] },
    { name: 'guard-count', text: countScopes, values: [...windowsOf(counting), at] },
    { name: 'guard-present', text: presentSubjects, values: [scopes, joined(subjects), oldest, joined(own)] },
  ];
  if (growing.length > 0) {
    const spans = joined(growing.map((question) => question.growing?.overMs ?? 0));
    statements.push({ name: 'guard-highest', text: highestBefore, values: [...windowsOf(growing), spans, at] });
  }
  const [, counted, present, highest] = await run(statements);
  const most = new Map((highest?.rows ?? []).map((row) => [`${row['scope']} ${row['windowMs']}`, row['highest'] as number]));
  const rows = (counted?.rows ?? []) as unknown as readonly (CounterReading & { readonly from: Instant | null })[];
  return {
    readings: rows.map(({ scope, windowMs, used, from }) => {
      const top = most.get(`${scope} ${windowMs}`);
      return {
        scope,
        windowMs,
        used,
        ...(from === null ? {} : { from: Math.min(from, at - windowMs) }),
        ...(top === undefined ? {} : { highest: top }),
      };
    }),
    present: (present?.rows ?? []) as unknown as CountedUses['present'],
  };
}

function windowsOf(questions: readonly CounterQuestion[]): readonly [scopes: string, windows: string] {
  return [joined(questions.map((question) => question.scope)), joined(questions.map((question) => question.windowMs))];
}
