/** How many people one mistake can disturb in a day, from the limits alone: whatever policies say, and everything enforced. */
import type { Cause } from '../model/signal.ts';
import type { GuardId } from './binding.ts';
import type { CountingRow, RollingLimit } from './counting-rows.ts';
import type { Guardrails, ProfileName } from './guardrails.ts';
import { allowedPeople } from './limits.ts';

/** People at rung 2 or more; null where no limit stands in the way. */
export interface WorstCase {
  /** Any mix of signal types, policies and pace; also through the triggers of others. */
  readonly oneSource: number | null;
  readonly severalSources: { readonly inAnHour: number | null; readonly inADay: number | null };
  readonly oneOperator: number | null;
  /** One wrong merge enforced: over all sources. */
  readonly oneMerge: number | null;
  /** Or `times` the most that left in one day before. */
  readonly hrFeed: { readonly people: number | null; readonly times: number };
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const disturbsFrom = 2;

export function worstCase(guards: Guardrails, profile: ProfileName, population: number): WorstCase {
  const rows = guards.profiles[profile].counting;
  /** What the limits of one row let through in a span. A row that leaves out a cause, or the lower rungs, bounds nothing. */
  const through = (guard: GuardId, row: CountingRow, causes: readonly Cause[], spanMs: number): number =>
    row.fromRung > disturbsFrom || !causes.every((cause) => guards.binds[guard].has(cause))
      ? Number.POSITIVE_INFINITY
      : Math.min(...row.limits.map((limit) => inSpan(limit, spanMs)));
  const inSpan = (limit: RollingLimit, spanMs: number) =>
    allowedPeople(limit, population, guards.countsOnlyBelow) * Math.max(1, Math.ceil(spanMs / limit.windowMs));

  const risks: readonly Cause[] = ['risk', 'partner'];
  const people = (spanMs: number) => through('people', rows.people, risks, spanMs);
  const [hour, day] = [people(hourMs), people(dayMs)];
  const source = rows.source.decisive ? through('source', rows.source, risks, dayMs) : Number.POSITIVE_INFINITY;
  const signals = Math.min(source, day);
  const orders = through('operator', rows.operator, ['person', 'leaver.immediate'], dayMs);
  const operator = rows.operator.riskFrom.has('operators') && guards.binds.operator.has('risk') ? orders : orders + signals;
  const leavers = guards.binds.leavers.has('leaver') && guards.binds.leavers.has('leaver.immediate');
  return {
    oneSource: finite(signals),
    severalSources: { inAnHour: finite(hour), inADay: finite(day) },
    oneOperator: finite(operator),
    oneMerge: finite(day),
    hrFeed: {
      people: leavers ? finite(Math.min(...rows.leavers.map((limit) => inSpan(limit, dayMs)))) : null,
      times: Math.max(...rows.leavers.map(({ times }) => times)),
    },
  };
}

function finite(count: number): number | null {
  return Number.isFinite(count) ? count : null;
}
