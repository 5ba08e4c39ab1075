/** The plans of a settle batch, as one statement whatever their number. */
import type { Instant } from '../model/clock.ts';
import type { Plan } from '../model/decision.ts';
import type { AccountId, SignalId } from '../model/ids.ts';
import type { Cause } from '../model/signal.ts';
import { joined, type Statement } from './statement.ts';

/** A plan with what is kept beside it, so that a pause can be matched and an order carried out without reading the decision. */
export interface PlanRow {
  readonly plan: Plan;
  readonly signalId: SignalId;
  readonly accountId: AccountId | null;
  readonly cause: Cause;
  readonly policyId: string | null;
  readonly source: string;
  /** The guard profile of the connection. */
  readonly profile: string;
  /** Until when failed calls are tried again; a released plan has one attempt however late it starts. */
  readonly deadlineAt: Instant;
  /** Until when a held plan waits for a person; null for others. */
  readonly heldUntil: Instant | null;
}

/** How long failed calls of a plan are tried again where nothing else is said: 15 minutes. */
export const planDeadlineMs = 15 * 60_000;

const columns: readonly (readonly [column: string, type: 'uuid' | 'text' | 'instant', value: (row: PlanRow) => string | number | null])[] =
  [
    ['id', 'uuid', (row) => row.plan.id],
    ['decision_id', 'uuid', (row) => row.plan.decisionId],
    ['signal_id', 'uuid', (row) => row.signalId],
    ['identity_id', 'uuid', (row) => row.plan.identityId],
    ['account_id', 'uuid', (row) => row.accountId],
    ['lane', 'text', (row) => row.plan.lane],
    ['connection', 'text', (row) => row.plan.connection],
    ['actions', 'text', (row) => JSON.stringify(row.plan.actions)],
    ['cause', 'text', (row) => row.cause],
    ['policy_id', 'text', (row) => row.policyId],
    ['source', 'text', (row) => row.source],
    ['profile', 'text', (row) => row.profile],
    ['state', 'text', (row) => row.plan.state],
    ['held_for', 'text', (row) => row.plan.heldFor],
    ['created_at', 'instant', (row) => row.plan.createdAt],
    ['deadline_at', 'instant', (row) => row.deadlineAt],
    ['held_until', 'instant', (row) => row.heldUntil],
  ];

const names = columns.map(([column]) => column).join(', ');
const casts = {
  uuid: (name: string) => `${name}::uuid`,
  text: (name: string) => name,
  instant: (name: string) => `to_timestamp(${name}::float8 / 1000)`,
};
const insertText = `insert into plan (${names})
select ${columns.map(([column, type]) => casts[type](`r.${column}`)).join(', ')}
from unnest(${columns.map((_, n) => `string_to_array($${n + 1}, E'\\x1e', '')`).join(', ')}) as r(${names})`;

/** Inserts plans, in the transaction that decides them. No member of a row may hold U+001E or be the empty text. */
export function insertPlans(rows: readonly PlanRow[]): Statement {
  return { name: 'plan-insert', text: insertText, values: columns.map(([, , value]) => joined(rows.map(value))) };
}
