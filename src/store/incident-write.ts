/** What a settle batch writes of incidents: set-based, and only where a limit was reached. */
import type { Instant } from '../model/clock.ts';
import type { DecisionId, IdentityId, PlanId, SignalId } from '../model/ids.ts';
import { gatheredBackMs, quietMs } from '../model/incident.ts';
import { idFloor } from './id-range.ts';
import { joined, type Statement } from './statement.ts';

/** The first hit of a signal type in a batch. `id` is that of the incident, should there be none yet. */
export interface Hit {
  readonly id: string;
  readonly signalType: string;
  readonly source: string;
  readonly guard: string;
}

/** An incident that is open and locked until the end of the transaction. */
export interface Gathering {
  readonly id: string;
  readonly signalType: string;
  readonly opened: boolean;
  /** Sources that took part before this batch. */
  readonly sources: readonly string[];
}

export interface IncidentCause {
  readonly incidentId: string;
  readonly source: string;
  readonly guard: string;
}

export interface IncidentMember {
  readonly incidentId: string;
  readonly planId: PlanId;
  readonly decisionId: DecisionId;
  readonly signalId: SignalId;
  readonly identityId: IdentityId | null;
  readonly guard: string | null;
}

const closeQuiet = `update incident set state = 'closed' where state = 'open' and signal_type = any (string_to_array($1, E'\\x1e'))
  and last_at < to_timestamp($2::float8 / 1000)`;

const lockOrOpen = `insert into incident (id, signal_type, guard, source, opened_at, last_at)
select r.id::uuid, r.type, r.guard, r.source, to_timestamp($5::float8 / 1000), to_timestamp($5::float8 / 1000)
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($4, E'\\x1e'))
  as r(id, type, guard, source) order by r.type
on conflict (signal_type) where state = 'open' do update set last_at = greatest(incident.last_at, excluded.last_at)
returning id, signal_type as "signalType",
  array_to_string(array(select distinct c.source from incident_cause c where c.incident_id = incident.id), E'\\x1e') as sources`;

/** The second one answers, for `readGathering`. */
export function gatherStatements(hits: readonly Hit[], at: Instant): readonly [Statement, Statement] {
  const types = joined(hits.map((hit) => hit.signalType));
  const columns = [joined(hits.map((hit) => hit.id)), types, joined(hits.map((hit) => hit.guard)), joined(hits.map((hit) => hit.source))];
  return [
    { name: 'incident-quiet', text: closeQuiet, values: [types, at - quietMs] },
    { name: 'incident-open', text: lockOrOpen, values: [...columns, at] },
  ];
}

export function readGathering(hits: readonly Hit[], rows: readonly Readonly<Record<string, unknown>>[]): readonly Gathering[] {
  return rows.map((row) => {
    const { id, signalType, sources } = row as { id: string; signalType: string; sources: string };
    return { id, signalType, opened: hits.some((hit) => hit.id === id), sources: sources === '' ? [] : sources.split('\x1e') };
  });
}

const insertCauses = `insert into incident_cause (incident_id, source, guard) select distinct r.incident::uuid, r.source, r.guard
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e')) as r(incident, source, guard)
on conflict do nothing`;

const insertMembers = `insert into incident_member (incident_id, plan_id, decision_id, signal_id, identity_id, guard, joined_at)
select r.incident::uuid, r.plan::uuid, r.decision::uuid, r.signal::uuid, r.identity::uuid, r.guard, to_timestamp($7::float8 / 1000)
from unnest(string_to_array($1, E'\\x1e', ''), string_to_array($2, E'\\x1e', ''), string_to_array($3, E'\\x1e', ''),
  string_to_array($4, E'\\x1e', ''), string_to_array($5, E'\\x1e', ''), string_to_array($6, E'\\x1e', ''))
  as r(incident, plan, decision, signal, identity, guard)
on conflict do nothing`;

const gatherBack = `insert into incident_member (incident_id, plan_id, decision_id, signal_id, identity_id, guard, joined_at)
select r.incident::uuid, p.id, p.decision_id, p.signal_id, p.identity_id, null, to_timestamp($5::float8 / 1000)
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e')) as r(incident, source, type)
join plan p on p.id >= $4::uuid and p.source = r.source and p.state <> 'refused'
join signal s on s.id = p.signal_id and s.decision_id = p.decision_id and s.type = r.type
on conflict do nothing`;

export function insertIncidentCauses(causes: readonly IncidentCause[]): Statement {
  const columns = [causes.map((one) => one.incidentId), causes.map((one) => one.source), causes.map((one) => one.guard)];
  return { name: 'incident-cause', text: insertCauses, values: columns.map(joined) };
}

export function insertIncidentMembers(members: readonly IncidentMember[], at: Instant): Statement {
  const columns = [
    members.map((one) => one.incidentId),
    members.map((one) => one.planId),
    members.map((one) => one.decisionId),
    members.map((one) => one.signalId),
    members.map((one) => one.identityId),
    members.map((one) => one.guard),
  ];
  return { name: 'incident-member', text: insertMembers, values: [...columns.map(joined), at] };
}

/** What a source that is new to an incident had brought about within the last hour; after the plans of the batch are written. */
export function gatherBackStatement(
  from: readonly { readonly incidentId: string; readonly source: string; readonly signalType: string }[],
  at: Instant,
): Statement {
  const columns = [from.map((one) => one.incidentId), from.map((one) => one.source), from.map((one) => one.signalType)];
  return { name: 'incident-back', text: gatherBack, values: [...columns.map(joined), idFloor(at - gatheredBackMs), at] };
}
