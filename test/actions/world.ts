/** A database with people, accounts and plans, and executors on it. */
import {
  createExecutor,
  type Executor,
  type ExecutorParts,
  type FinishedPlan,
  type PlanStore,
  type RunResult,
} from '../../src/actions/index.ts';
import { createAppender } from '../../src/ledger/append.ts';
import type { ActionType } from '../../src/model/action.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Plan } from '../../src/model/decision.ts';
import type { Entry } from '../../src/model/entry.ts';
import {
  type AccountId,
  type ActionId,
  createIdMaker,
  type DecisionId,
  type IdentityId,
  type PlanId,
  type SignalId,
} from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import type { Cause } from '../../src/model/signal.ts';
import type { Tx } from '../../src/store/db.ts';
import { insertEntries } from '../../src/store/ledger-append.ts';
import { insertPlans, planDeadlineMs } from '../../src/store/plan-insert.ts';
import { createPlanStore } from '../../src/store/plan-store.ts';
import { type ProcessRegistration, registerProcess } from '../../src/store/process-register.ts';
import { createFakeAdapter, type FakeAdapter } from '../fakes/adapter.ts';
import type { TestDatabase } from '../support/database.ts';
import { createManualQueue } from '../support/manual-queue.ts';
import { systemRandom } from '../support/system-clock.ts';

export interface World {
  readonly plans: PlanStore;
  readonly fake: FakeAdapter;
  /** A person with one account; answers both ids and the provider's. */
  person(change?: { protected?: boolean }): Promise<{ identityId: IdentityId; accountId: AccountId; externalId: string }>;
  plan(of: { identityId: IdentityId | null; accountId: AccountId | null; change?: PlanChange }): Promise<PlanId>;
  executor(
    change?: Partial<ExecutorParts>,
  ): Promise<Executor & { readonly process: ProcessRegistration; readonly finished: FinishedPlan[] }>;
  actions(planId: PlanId): Promise<Record<string, unknown>[]>;
  state(planId: PlanId): Promise<{ state: string; heldFor: string | null; claimedBy: number | null; nextAt: number | null }>;
  /** Types and cores of the log's lines about a plan, in order. */
  entries(planId: PlanId): Promise<{ type: string; core: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

export interface PlanChange {
  readonly types?: readonly ActionType[];
  readonly cause?: Cause;
  readonly connection?: string;
  readonly source?: string;
  readonly policyId?: string;
  readonly lane?: string;
  readonly createdAt?: number;
  readonly state?: Plan['state'];
  readonly decisionId?: DecisionId;
  /** Makes the actions mean one session or device: this one, or one whose name is gone where it is empty. */
  readonly target?: Readonly<Record<string, string>>;
}

export function createWorld({
  database,
  clock,
  fake = createFakeAdapter(),
  remediation,
}: {
  database: TestDatabase;
  clock: Clock;
  fake?: FakeAdapter;
  remediation?: NonNullable<Parameters<typeof createPlanStore>[0]['remediation']>;
}): World {
  const { store } = database;
  const ids = createIdMaker(systemRandom);
  const append = createAppender<Tx>({
    insert: (tx, rows) => insertEntries(tx, rows, ids.next(clock.now())),
    keyOf: () => Promise.reject(new Error('no personal data is expected here')),
    random: systemRandom,
  });
  const plans: PlanStore = createPlanStore({
    db: store,
    transaction: (work) => store.transaction(work),
    appendEntries: (tx, entries: readonly Entry[]) => append(tx, entries),
    admins: async () => ({}),
    targets: async (_, decisionId) => (decisionId === named?.decisionId ? named.target : {}),
    ...(remediation === undefined ? {} : { remediation }),
  });
  let named: { readonly decisionId: string; readonly target: Readonly<Record<string, string>> } | undefined;
  const opened: { executor: Executor; process: ProcessRegistration }[] = [];

  return {
    plans,
    fake,
    async person(change = {}) {
      const at = clock.now();
      const identityId = ids.next<IdentityId>(at);
      const accountId = ids.next<AccountId>(at);
      const externalId = `00u-${accountId.slice(-12)}-${accountId.slice(14, 18)}`;
      await store.query(`insert into identity (id, protected, created_at) values ($1, $2, to_timestamp($3::float8 / 1000))`, [
        identityId,
        change.protected ?? false,
        at,
      ]);
      await store.query(
        `insert into account (id, identity_id, connection, external_id, created_at) values ($1, $2, 'okta', $3, to_timestamp($4::float8 / 1000))`,
        [accountId, identityId, externalId, at],
      );
      return { identityId, accountId, externalId };
    },
    async plan({ identityId, accountId, change = {} }) {
      const createdAt = change.createdAt ?? clock.now();
      const id = ids.next<PlanId>(createdAt);
      const plan: Plan = {
        id,
        decisionId: change.decisionId ?? ids.next<DecisionId>(createdAt),
        identityId,
        lane: change.lane ?? accountId ?? 'nobody',
        connection: change.connection ?? 'okta',
        actions: (change.types ?? ['session.revoke']).map((type) => ({
          id: ids.next<ActionId>(createdAt),
          type,
          accountId,
          parameters: { scope: change.target ? 'one' : 'all' },
        })),
        state: change.state ?? 'released',
        heldFor: null,
        createdAt,
      };
      if (change.target) named = { decisionId: plan.decisionId, target: change.target };
      const row = {
        plan,
        signalId: ids.next<SignalId>(createdAt),
        accountId,
        cause: change.cause ?? 'risk',
        policyId: change.policyId ?? 'RP-004',
        source: change.source ?? 'okta',
        profile: 'standard',
        deadlineAt: createdAt + planDeadlineMs,
        heldUntil: null,
      } as const;
      const statement = insertPlans([row]);
      await store.query({ ...statement, values: [...statement.values] });
      return id;
    },
    async executor(change = {}) {
      const process = await registerProcess({ connection: database.connection, name: 'test', clock, log: silentLog });
      const finished: FinishedPlan[] = [];
      const executor = createExecutor({
        plans,
        jobs: createManualQueue({ clock, waiting: plans.waiting }),
        adapter: (connection) => (connection === 'okta' ? fake : undefined),
        refuses: (identity) => identity.protected,
        spares: () => undefined,
        ceiling: () => ({ mode: 'enforce', maxRung: 6 }),
        process,
        ids: createIdMaker(systemRandom),
        clock,
        random: () => new Uint8Array([128, 0, 0, 0]),
        log: silentLog,
        onFinished: (one) => void finished.push(one),
        ...change,
      });
      opened.push({ executor, process });
      return { ...executor, process, finished };
    },
    async actions(planId) {
      const { rows } = await store.query(
        `select type, state, attempts, code, verified_at as "verifiedAt", residual_access_ms as "residualAccessMs", intended_at as "intendedAt", finished_at as "finishedAt"
         from action where plan_id = $1 order by position`,
        [planId],
      );
      return rows;
    },
    async state(planId) {
      const { rows } = await store.query<{ state: string; heldFor: string | null; claimedBy: number | null; nextAt: number | null }>(
        `select state, held_for as "heldFor", claimed_by as "claimedBy", next_at as "nextAt" from plan where id = $1`,
        [planId],
      );
      const row = rows[0];
      if (row === undefined) throw new Error('no such plan');
      return row;
    },
    async entries(planId) {
      const { rows } = await store.query<{ type: string; core: string }>(
        `select e.type, e.core from ledger_pending p, unnest(p.entries) with ordinality as named(id, place) join ledger_entry e on e.id = named.id
         order by p.id, named.place`,
      );
      return rows
        .map(({ type, core }) => ({ type, core: JSON.parse(core) as Record<string, unknown> }))
        .filter(({ core }) => core.planId === planId);
    },
    async close() {
      for (const { executor, process } of opened.splice(0)) {
        await executor.shutdown(0);
        await process.stop();
      }
    },
  };
}

export const done: RunResult = { result: 'finished', state: 'done' };
