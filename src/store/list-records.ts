/** Records as they are listed and shown: keyset pages by id, newest first, never more than asked for. */
import type { ActionEnd } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import { isId } from '../model/ids.ts';
import type { Db } from './db.ts';
import { idFloor } from './id-range.ts';
import { everyIdOf, survivorOf } from './merged.ts';

export interface Page {
  readonly limit: number;
  /** Id of the last record of the page before. */
  readonly after: string | undefined;
}

/** Conditions with their values, numbered as they are added. */
class Where {
  readonly #conditions: string[] = [];
  readonly values: unknown[] = [];
  add(condition: (parameter: string) => string, value: unknown): this {
    if (value === undefined) return this;
    this.values.push(value);
    this.#conditions.push(condition(`$${this.values.length}`));
    return this;
  }
  get text(): string {
    return this.#conditions.length === 0 ? 'true' : this.#conditions.join(' and ');
  }
}

export interface SignalListRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly state: string;
  readonly occurredAt: Instant | null;
  readonly receivedAt: Instant;
  readonly subjectKind: string | null;
  readonly identityId: string | null;
  readonly decisionId: string | null;
  /** Why it is undecided, or unresolved still. */
  readonly reason: string | null;
  /** Who might be meant, where it is more than one person. */
  readonly candidates: readonly string[];
}

export interface SignalFilter {
  readonly id?: string;
  readonly type?: string;
  readonly source?: string;
  readonly state?: string;
  readonly identity?: string;
  /** Only those that wait for a person since before this instant. */
  readonly unresolvedBefore?: Instant;
}

/** Decided signals as they were decided last and, beside them, those that wait to be decided. */
export async function listSignals(db: Db, filter: SignalFilter, page: Page): Promise<readonly SignalListRow[]> {
  const where = new Where()
    .add((p) => `id = ${p}::uuid`, filter.id)
    .add((p) => `id < ${p}::uuid`, page.after)
    .add((p) => `type = ${p}`, filter.type)
    .add((p) => `source = ${p}`, filter.source)
    .add((p) => `state = ${p}`, filter.state)
    .add((p) => `id in (select signal_id from unresolved where received_at <= to_timestamp(${p}::float8 / 1000))`, filter.unresolvedBefore)
    .add((p) => `"identityId" in ${everyIdOf(p)}`, filter.identity);
  const limit = `$${where.values.length + 1}`;
  const { rows } = await db.query<SignalListRow>(
    `select all_signals.*, coalesce(all_signals.why, u.reason) as reason,
       array(select distinct coalesce(i.merged_into, i.id)::text from identity i where i.id = any (u.candidates)) as candidates
     from (
       (select * from (select id, type, source, state, occurred_at as "occurredAt", received_at as "receivedAt", subject_kind as "subjectKind",
         identity_id as "identityId", decision_id as "decisionId", null::text as why
         from signal s where not exists (select from signal later where later.id = s.id and later.nth > s.nth)) s where ${where.text} order by id desc limit ${limit})
       union all
       (select * from (select signal_id as id, type, source, 'undecided' as state, null::timestamptz as "occurredAt", created_at as "receivedAt", null as "subjectKind",
         null::uuid as "identityId", null::uuid as "decisionId", reason as why from undecided) u where ${where.text} order by id desc limit ${limit})
     ) all_signals left join unresolved u on u.signal_id = all_signals.id order by id desc limit ${limit}`,
    [...where.values, page.limit],
  );
  return rows;
}

export interface DecisionRow {
  readonly [column: string]: unknown;
  /** Canonical core of the entry `signal.decided`. */
  readonly core: string;
}

export interface DecisionFilter {
  readonly identity?: string;
  readonly policy?: string;
  readonly outcome?: string;
  readonly level?: string;
  readonly mode?: string;
  readonly from?: Instant;
  readonly to?: Instant;
}

/** The id of a decision tells when it was made, give or take a clock that is off. */
const clocksApartMs = 3_600_000;

/** Newest first, by the entries themselves: their order is that of decisions. One person's are found by the signals that name them. */
export async function listDecisions(db: Db, filter: DecisionFilter, page: Page): Promise<readonly DecisionRow[]> {
  const where = new Where().add((p) => `e.id < ${p}::uuid`, page.after);
  if (filter.identity !== undefined) {
    where.add((p) => `e.id in (select decision_id from signal where identity_id in ${everyIdOf(p)})`, filter.identity);
  }
  const core = (member: string) => (p: string) => `e.core::jsonb->>'${member}' = ${p}`;
  where
    .add((p) => `e.id >= ${p}::uuid`, filter.from === undefined ? undefined : idFloor(filter.from - clocksApartMs))
    .add((p) => `e.id < ${p}::uuid`, filter.to === undefined ? undefined : idFloor(filter.to + clocksApartMs))
    .add((p) => `(e.core::jsonb->>'decidedAt')::timestamptz >= to_timestamp(${p}::float8 / 1000)`, filter.from)
    .add((p) => `(e.core::jsonb->>'decidedAt')::timestamptz < to_timestamp(${p}::float8 / 1000)`, filter.to)
    .add(core('policyId'), filter.policy)
    .add(core('outcome'), filter.outcome)
    .add(core('level'), filter.level)
    .add(core('mode'), filter.mode);
  const { rows } = await db.query<DecisionRow>(
    `select e.core from ledger_entry e where e.type = 'signal.decided' and ${where.text} order by e.id desc limit $${where.values.length + 1}`,
    [...where.values, page.limit],
  );
  return rows;
}

export interface EntryText {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly core: string;
  readonly sealed: Buffer | null;
  readonly sealedFor: string | null;
  readonly sealedBy: string | null;
}

/** The entry of a decision, with what is sealed of it. */
export async function readDecisionEntry(db: Db, id: string): Promise<EntryText | undefined> {
  const { rows } = await db.query<EntryText>(
    `select id, core, sealed, sealed_for as "sealedFor", sealed_by as "sealedBy" from ledger_entry where id = $1 and type = 'signal.decided'`,
    [id],
  );
  return rows[0];
}

/** The entries of several decisions, those that there are. */
export async function readDecisionEntries(db: Db, ids: readonly string[]): Promise<readonly EntryText[]> {
  const { rows } = await db.query<EntryText>(
    `select id, core, sealed, sealed_for as "sealedFor", sealed_by as "sealedBy" from ledger_entry
     where id = any ($1::uuid[]) and type = 'signal.decided'`,
    [ids],
  );
  return rows;
}

export interface IdentityListRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly evidence: string;
  readonly heldLevel: string;
  /** When the held level changes next; null: not reckoned since the evidence changed. */
  readonly levelDueAt: Instant | null;
  readonly tier: string;
  readonly protected: boolean;
  readonly executive: boolean;
  readonly groups: readonly string[];
  readonly emails: readonly string[];
  readonly aliases: readonly string[];
  /** Ids of people who were merged into this one. */
  readonly merged: readonly string[];
  readonly accounts: readonly { readonly id: string; readonly connection: string; readonly externalId: string; readonly status: string }[];
}

/** `id` may be an alias of the configuration, or of somebody who was merged into another person. */
export async function listIdentities(
  db: Db,
  filter: { readonly id?: string; readonly email?: string },
  page: Page,
): Promise<readonly IdentityListRow[]> {
  const where = new Where()
    .add(
      (p) => (isId(filter.id ?? '') ? `i.id = ${survivorOf(p)}` : `i.id in (select identity_id from identity_alias where alias = ${p})`),
      filter.id,
    )
    .add((p) => `i.id in (select identity_id from identifier where format = 'email' and value = lower(${p}))`, filter.email)
    .add((p) => `i.id < ${p}::uuid`, page.after);
  const { rows } = await db.query<IdentityListRow>(
    `select i.id, i.evidence, i.held_level as "heldLevel", i.level_due_at as "levelDueAt", i.tier, i.protected, i.executive, i.groups,
       array(select distinct value from identifier f where f.identity_id = i.id and f.format = 'email' order by value) as emails,
       array(select alias from identity_alias a where a.identity_id = i.id order by alias) as aliases,
       array(select m.id::text from identity m where m.merged_into = i.id order by m.id) as merged,
       coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'connection', a.connection, 'externalId', a.external_id, 'status', a.status) order by a.id)
         from account a where a.identity_id = i.id), '[]') as accounts
     from identity i where i.merged_into is null and ${where.text} order by i.id desc limit $${where.values.length + 1}`,
    [...where.values, page.limit],
  );
  return rows;
}

export interface PlanListRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly decisionId: string;
  readonly signalId: string;
  readonly identityId: string | null;
  readonly connection: string;
  readonly actions: string;
  readonly state: string;
  readonly heldFor: string | null;
  readonly heldUntil: Instant | null;
  readonly profile: string;
  readonly createdAt: Instant;
  readonly finishedAt: Instant | null;
}

export async function listPlans(
  db: Db,
  filter: {
    readonly id?: string;
    readonly ids?: readonly string[];
    readonly state?: string;
    readonly decision?: string;
    readonly incident?: string;
  },
  page: Page,
): Promise<readonly PlanListRow[]> {
  const where = new Where()
    .add((p) => `id = ${p}::uuid`, filter.id)
    .add((p) => `id = any (${p}::uuid[])`, filter.ids)
    .add((p) => `id < ${p}::uuid`, page.after)
    .add((p) => `state = ${p}`, filter.state)
    .add((p) => `decision_id = ${p}::uuid`, filter.decision)
    .add((p) => `id in (select plan_id from incident_member where incident_id = ${p}::uuid)`, filter.incident);
  const { rows } = await db.query<PlanListRow>(
    `select id, decision_id as "decisionId", signal_id as "signalId", identity_id as "identityId", connection, actions, state, held_for as "heldFor",
       held_until as "heldUntil", profile, created_at as "createdAt", finished_at as "finishedAt" from plan where ${where.text} order by id desc limit $${where.values.length + 1}`,
    [...where.values, page.limit],
  );
  return rows;
}

export interface ActionListRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly planId: string;
  readonly connection: string;
  readonly type: string;
  readonly state: string;
  readonly attempts: number;
  readonly code: string | null;
  readonly intendedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly verifiedAt: Instant | null;
  readonly residualAccessMs: number | null;
  /** Of what can be undone: when it was in force no more, and why. */
  readonly endedAt: Instant | null;
  readonly endedBy: ActionEnd | null;
}

export async function listActions(
  db: Db,
  filter: { readonly id?: string; readonly state?: string; readonly plan?: string },
  page: Page,
): Promise<readonly ActionListRow[]> {
  const where = new Where()
    .add((p) => `id = ${p}::uuid`, filter.id)
    .add((p) => `id < ${p}::uuid`, page.after)
    .add((p) => `state = ${p}`, filter.state)
    .add((p) => `plan_id = ${p}::uuid`, filter.plan);
  const { rows } = await db.query<ActionListRow>(
    `select id, plan_id as "planId", connection, type, state, attempts, code, intended_at as "intendedAt", finished_at as "finishedAt", verified_at as "verifiedAt",
       residual_access_ms as "residualAccessMs", (select u.ended_at from undo u where u.action_id = action.id) as "endedAt",
       (select u.ended_by from undo u where u.action_id = action.id) as "endedBy" from action where ${where.text} order by id desc limit $${where.values.length + 1}`,
    [...where.values, page.limit],
  );
  return rows;
}
