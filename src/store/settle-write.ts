/** The writes of a settle batch, each one statement whatever the number of rows. */
import type { Instant } from '../model/clock.ts';
import type { CounterUse, Decision } from '../model/decision.ts';
import type { IdentityId, PlanId, SignalId } from '../model/ids.ts';
import type { Level } from '../model/risk.ts';
import type { Arrival, SignalState } from '../model/signal.ts';
import { joined, type Statement } from './statement.ts';

/** A signal as it is listed: facts of the arrival, and of the decision where there is one. */
export interface SignalRow {
  readonly id: SignalId;
  /** 0 for the first decision on it, then one more each. */
  readonly nth: number;
  readonly state: SignalState;
  readonly arrival: Pick<Arrival, 'type' | 'source' | 'cause' | 'severity' | 'occurredAt' | 'receivedAt'> & {
    readonly claim: Pick<Arrival['claim'], 'kind'>;
  };
  readonly subjectId: string;
  readonly identityId: IdentityId | null;
  readonly decision: Decision | null;
}

const columns: readonly (readonly [column: string, type: string, value: (row: SignalRow) => string | number | null])[] = [
  ['id', 'uuid', (row) => row.id],
  ['nth', 'smallint', (row) => row.nth],
  ['state', 'text', (row) => row.state],
  ['type', 'text', (row) => row.arrival.type],
  ['source', 'text', (row) => row.arrival.source],
  ['cause', 'text', (row) => row.arrival.cause],
  ['severity', 'text', (row) => row.arrival.severity],
  ['occurred_at', 'instant', (row) => row.arrival.occurredAt],
  ['received_at', 'instant', (row) => row.arrival.receivedAt],
  ['subject_kind', 'text', (row) => row.decision?.subject.kind ?? row.arrival.claim.kind],
  ['subject_id', 'text', (row) => row.subjectId],
  ['identity_id', 'uuid', (row) => row.identityId],
  ['decision_id', 'uuid', (row) => row.decision?.id ?? null],
  ['supersedes', 'uuid', (row) => row.decision?.supersedes ?? null],
  ['policy_id', 'text', (row) => row.decision?.policyId ?? null],
  ['policy_version', 'integer', (row) => row.decision?.policyVersion ?? null],
  ['score_e4', 'integer', (row) => Math.round((row.decision?.score ?? 0) * 10_000)],
  ['level', 'text', (row) => row.decision?.level ?? 'none'],
  ['mode', 'text', (row) => row.decision?.mode ?? null],
  ['rung', 'smallint', (row) => row.decision?.rung ?? null],
  ['outcome', 'text', (row) => row.decision?.outcome ?? null],
  ['decided_at', 'instant', (row) => row.decision?.decidedAt ?? null],
];

/** A table-valued expression over `string_to_array` columns, null where the text is empty. */
function unnested(types: readonly string[], firstParameter = 1): string {
  const arrays = types.map((_, n) => `string_to_array($${n + firstParameter}, E'\\x1e', '')`);
  return `unnest(${arrays.join(', ')})`;
}

function cast(name: string, type: string): string {
  if (type === 'text') return name;
  return type === 'instant' ? `to_timestamp(${name}::float8 / 1000)` : `${name}::${type}`;
}

const signalInsert = `insert into signal (${columns.map(([column]) => column).join(', ')})
select ${columns.map(([column, type]) => cast(`r.${column}`, type)).join(', ')}
from ${unnested(columns.map(([, type]) => type))} as r(${columns.map(([column]) => column).join(', ')})`;

export function insertSignals(rows: readonly SignalRow[]): Statement {
  // An empty subject id would read as null; a subject that nobody could name has a dash.
  const texts = columns.map(([column, , value]) => joined(rows.map((row) => (column === 'subject_id' ? value(row) || '-' : value(row)))));
  return { name: 'signal-insert', text: signalInsert, values: texts };
}

export interface EvidenceRow {
  readonly identityId: IdentityId;
  readonly evidence: string;
  readonly heldLevel: Level;
  /** When the held level is to be looked at; null: not reckoned yet, `kept`: no later than was reckoned before. */
  readonly lookAt: Instant | null | 'kept';
}

const evidenceUpdate = `update identity i set evidence = coalesce(r.evidence, ''), held_level = r.held_level,
  level_due_at = case when r.look_at = 'kept' then i.level_due_at else to_timestamp(r.look_at::float8 / 1000) end
from ${unnested(['uuid', 'text', 'text', 'text'])} as r(id, evidence, held_level, look_at) where i.id = r.id::uuid`;

export function updateEvidence(rows: readonly EvidenceRow[]): Statement {
  return {
    name: 'evidence-update',
    text: evidenceUpdate,
    values: [
      joined(rows.map((row) => row.identityId)),
      joined(rows.map((row) => row.evidence)),
      joined(rows.map((row) => row.heldLevel)),
      joined(rows.map((row) => row.lookAt)),
    ],
  };
}

const guardUseInsert = `insert into guard_use (scope, subject, plan_id, at)
select r.scope, r.subject, r.plan_id::uuid, to_timestamp($4::float8 / 1000) from ${unnested(['text', 'text', 'uuid'])} as r(scope, subject, plan_id)`;

export function insertGuardUses(rows: readonly (CounterUse & { readonly planId: PlanId })[], at: Instant): Statement {
  return {
    name: 'guard-use-insert',
    text: guardUseInsert,
    values: [joined(rows.map((row) => row.scope)), joined(rows.map((row) => row.subject)), joined(rows.map((row) => row.planId)), at],
  };
}

export function insertSources(sources: readonly string[], at: Instant): Statement {
  return {
    name: 'source-insert',
    text: `insert into source_seen (source, first_at) select s, to_timestamp($2::float8 / 1000) from unnest(string_to_array($1, E'\\x1e')) as t(s) on conflict do nothing`,
    values: [joined(sources), at],
  };
}

export interface UndecidedRow {
  readonly signalId: SignalId;
  readonly type: string;
  readonly source: string;
  /** The arrival, sealed with its connection's key. */
  readonly sealed: Buffer;
  readonly reason: string;
  readonly attempts: number;
  /** Null: no more attempts, a person must look. */
  readonly nextAt: Instant | null;
  readonly createdAt: Instant;
}

/** Cold: one statement a row. */
export function insertUndecided(row: UndecidedRow): Statement {
  return {
    text: `insert into undecided (signal_id, type, source, arrival, reason, attempts, next_at, created_at)
      values ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8 / 1000), to_timestamp($8::float8 / 1000))`,
    values: [row.signalId, row.type, row.source, row.sealed, row.reason, row.attempts, row.nextAt, row.createdAt],
  };
}
