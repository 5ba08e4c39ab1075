/** Incidents as they are listed and shown. */
import type { Instant } from '../model/clock.ts';
import type { IdentityId } from '../model/ids.ts';
import type { IncidentState, IncidentVerdict } from '../model/incident.ts';
import type { Db } from './db.ts';
import type { Page } from './list-records.ts';

export interface IncidentRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly signalType: string;
  readonly guard: string;
  readonly source: string;
  readonly state: IncidentState;
  readonly openedAt: Instant;
  readonly lastAt: Instant;
  readonly verdict: IncidentVerdict | null;
  readonly judgedBy: string | null;
  readonly judgedAt: Instant | null;
  readonly sources: readonly string[];
  readonly guards: readonly string[];
  readonly people: number;
  readonly decisions: number;
  /** Plans by state. */
  readonly plans: Readonly<Record<string, number>>;
}

const columns = `i.id, i.signal_type as "signalType", i.guard, i.source, i.state, i.opened_at as "openedAt", i.last_at as "lastAt", i.verdict,
  i.judged_by as "judgedBy", i.judged_at as "judgedAt",
  array(select distinct c.source from incident_cause c where c.incident_id = i.id order by 1) as sources,
  array(select distinct c.guard from incident_cause c where c.incident_id = i.id order by 1) as guards,
  (select count(distinct coalesce(w.merged_into, w.id))::int from incident_member m join identity w on w.id = m.identity_id where m.incident_id = i.id) as people,
  (select count(distinct m.decision_id)::int from incident_member m where m.incident_id = i.id) as decisions,
  coalesce((select jsonb_object_agg(state, n) from (select p.state, count(*)::int as n from incident_member m join plan p on p.id = m.plan_id
    where m.incident_id = i.id group by p.state) as counted), '{}') as plans`;

export async function listIncidents(
  db: Db,
  filter: { readonly id?: string; readonly state?: string },
  page: Page,
): Promise<readonly IncidentRow[]> {
  const { rows } = await db.query<IncidentRow>(
    `select ${columns} from incident i where ($1::uuid is null or i.id = $1) and ($2::text is null or i.state = $2)
       and ($3::uuid is null or i.id < $3) order by i.id desc limit $4`,
    [filter.id ?? null, filter.state ?? null, page.after ?? null, page.limit],
  );
  return rows;
}

export async function incidentSummary(db: Db, id: string): Promise<IncidentRow | undefined> {
  return (await listIncidents(db, { id }, { limit: 1, after: undefined }))[0];
}

export async function incidentPeople(db: Db, id: string, limit: number): Promise<readonly IdentityId[]> {
  const { rows } = await db.query<{ id: IdentityId }>(
    `select distinct coalesce(w.merged_into, w.id) as id from incident_member m join identity w on w.id = m.identity_id
     where m.incident_id = $1 order by 1 limit $2`,
    [id, limit],
  );
  return rows.map((row) => row.id);
}

export interface MemberRow {
  readonly [column: string]: unknown;
  readonly planId: string;
  readonly decisionId: string;
  readonly signalId: string;
  readonly identityId: string | null;
  readonly source: string;
  readonly connection: string;
  readonly actions: string;
  readonly state: string;
  readonly heldFor: string | null;
  readonly at: Instant;
}

/** Its plans, oldest first. */
export async function incidentMembers(db: Db, id: string, limit: number): Promise<readonly MemberRow[]> {
  const { rows } = await db.query<MemberRow>(
    `select p.id as "planId", p.decision_id as "decisionId", p.signal_id as "signalId", p.identity_id as "identityId", p.source, p.connection,
       p.actions, p.state, p.held_for as "heldFor", p.created_at as at
     from incident_member m join plan p on p.id = m.plan_id where m.incident_id = $1 order by p.id limit $2`,
    [id, limit],
  );
  return rows;
}

/** Its decisions as they stand in the log; the leaf is null while they wait for their place. */
export async function incidentDecisions(
  db: Db,
  id: string,
): Promise<readonly { readonly id: string; readonly core: string; readonly leafIndex: number | null }[]> {
  const { rows } = await db.query<{ id: string; core: string; leafIndex: number | null }>(
    `select e.id, e.core, l.leaf_index::float8 as "leafIndex" from (select distinct decision_id from incident_member where incident_id = $1) m
     join ledger_entry e on e.id = m.decision_id left join ledger_leaf l on l.entry_id = e.id order by e.id`,
    [id],
  );
  return rows;
}

/** Of plans that an incident gathers, which incident it is. */
export async function incidentsOfPlans(db: Db, planIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (planIds.length === 0) return new Map();
  const { rows } = await db.query<{ planId: string; incidentId: string }>(
    `select plan_id as "planId", incident_id as "incidentId" from incident_member where plan_id = any ($1::uuid[])`,
    [[...planIds]],
  );
  return new Map(rows.map(({ planId, incidentId }) => [planId, incidentId]));
}
