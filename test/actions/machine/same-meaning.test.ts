/** The store in memory and PostgreSQL mean the same: seeded sequences of requests to both, each answer and each state compared. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ActionRecord, PlanEnd, PlanView } from '../../../src/actions/index.ts';
import type { PlannedAction } from '../../../src/model/decision.ts';
import {
  type AccountId,
  type ActionId,
  createIdMaker,
  type DecisionId,
  type EntryId,
  type IdentityId,
  type PlanId,
} from '../../../src/model/ids.ts';
import { silentLog } from '../../../src/model/log.ts';
import type { PauseScope } from '../../../src/model/pause.ts';
import { closeActions } from '../../../src/store/action-write.ts';
import { changePlans, type PlanChange } from '../../../src/store/held-plan-write.ts';
import { endPause, setPause } from '../../../src/store/pause-write.ts';
import { insertPlans } from '../../../src/store/plan-insert.ts';
import { type ProcessRegistration, registerProcess } from '../../../src/store/process-register.ts';
import { markUndoDecided } from '../../../src/store/undo-write.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { systemClock, systemRandom } from '../../support/system-clock.ts';
import { createWorld } from '../world.ts';
import { createMemoryPlans, type Omission, type PlanRecord } from './memory-plans.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database?.drop();
});

const startAt = Date.UTC(2026, 4, 4, 10);
const seeds = [1, 2, 3, 4, 5, 6];
const stepsEach = 1_000;
const totals = new Map<string, number>();
const types = ['account.suspend', 'account.suspend', 'session.revoke', 'token.revoke'] as const;
const ends = ['done', 'partial', 'failed', 'refused', 'held', 'released'] as const;

/** mulberry32. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

it.each(seeds)('in sequence %i', { timeout: 120_000 }, (seed) => compare(seed));

it.each(['claim: pause', 'claim: lane', 'claim: nobody else', 'end: ours', 'takeBack: gone', 'change: from', 'end: undo rows'] as const)(
  'and a store in memory that leaves out %s is told from it',
  { timeout: 120_000 },
  async (omission) => {
    await expect(compare(1, new Set([omission]))).rejects.toThrow(/step \d+/);
  },
);

it('and enough of the requests had an effect for that to mean something', () => {
  for (const name of ['claim', 'end', 'change', 'recordAttempt']) expect(totals.get(name) ?? 0, name).toBeGreaterThan(50);
  expect(totals.get('undone') ?? 0).toBeGreaterThan(0);
});

interface Living {
  readonly process: ProcessRegistration;
  readonly number: number;
}

async function compare(seed: number, without: ReadonlySet<Omission> = new Set()): Promise<void> {
  const { store } = database;
  await store.query('truncate plan, action, pause, undo, ledger_entry, ledger_pending, identity, account cascade');
  const pick = chance(seed);
  const one = <T>(of: readonly T[]): T => of[pick(of.length)] as T;
  const ids = createIdMaker(systemRandom);
  const real = createWorld({ database, clock: systemClock });
  const begin = async (): Promise<Living> => {
    const process = await registerProcess({ connection: database.connection, name: 'test', clock: systemClock, log: silentLog });
    return { process, number: process.current() as number };
  };
  const living = [await begin(), await begin()];
  const dead: number[] = [];
  const anyNumber = () => (dead.length > 0 && pick(8) === 0 ? one(dead) : one(living).number);
  const memory = createMemoryPlans({
    alive: (number) => living.some((each) => each.number === number),
    known: () => ({ accounts: new Map(), identity: null, owners: new Map() }),
    send: () => {},
    without,
  });
  const people = await Promise.all(Array.from({ length: 8 }, () => real.person()));
  const plans: PlanId[] = [];
  const pauses: string[] = [];
  const counts = new Map<string, number>();
  let now = startAt;

  const oftenClaimed = (): PlanRecord => {
    const claimed = [...memory.rows.values()].filter(({ claimedBy }) => claimedBy !== null);
    return claimed.length > 0 && pick(4) > 0 ? one(claimed) : (memory.rows.get(one(plans.slice(-30))) as PlanRecord);
  };

  const oftenFree = (): PlanId => {
    const free = [...memory.rows.values()].filter(({ state, claimedBy }) => state === 'released' && claimedBy === null);
    return free.length > 0 && pick(4) > 0 ? one(free).plan.id : one(plans.slice(-30));
  };

  async function insert(): Promise<void> {
    const { identityId, accountId } = one(people);
    const actions = [one(types), one(types)].slice(0, 1 + pick(2)).map((type): PlannedAction => {
      return { id: ids.next<ActionId>(now), type, accountId, parameters: { scope: 'all' } };
    });
    const state = one(['released', 'released', 'held'] as const);
    const isUndo = memory.undos.size > 0 && pick(3) === 0;
    const plan = {
      id: ids.next<PlanId>(now),
      decisionId: ids.next<DecisionId>(now),
      identityId,
      lane: accountId as string,
      connection: one(['okta', 'entra']),
      actions,
      state,
      heldFor: state === 'held' ? 'approval' : null,
      createdAt: now,
    };
    const row = {
      plan,
      cause: isUndo ? ('undo' as const) : ('risk' as const),
      policyId: one(['RP-004', 'RP-001']),
      source: one(['okta', 'partner']),
    };
    const statement = insertPlans([
      { ...row, signalId: ids.next(now), accountId, profile: 'standard', deadlineAt: now + 900_000, heldUntil: null },
    ]);
    await store.query({ ...statement, values: [...statement.values] });
    const { state: _, heldFor, ...rest } = plan;
    const record: PlanRecord = {
      ...row,
      plan: rest,
      state,
      heldFor,
      heldUntil: null,
      deadlineAt: now + 900_000,
      nextAt: null,
      claimedBy: null,
      claimedAt: 0,
      records: [],
    };
    memory.rows.set(plan.id, record);
    plans.push(plan.id);
    if (!isUndo) return;
    const actionId = one([...memory.undos.keys()]);
    const decided = markUndoDecided([{ actionId, decisionId: plan.decisionId, by: null }]);
    await store.query({ ...decided, values: [...decided.values] });
    memory.markUndoDecided(actionId, plan.decisionId);
  }

  const intend = (view: PlanView) => ({
    entries: [],
    records: view.records.length > 0 ? [] : view.plan.actions.map(({ id }): ActionRecord => ({ ...blank(id), intendedAt: now })),
  });
  const seen = (view: PlanView | undefined) =>
    view && {
      plan: view.plan.id,
      records: view.records.map(shown),
      undoes: view.undoes,
      nextAt: view.nextAt,
      onProtected: view.onProtected,
    };

  function endOf(planId: PlanId, processId: number): PlanEnd {
    const row = memory.rows.get(planId) as PlanRecord;
    const state = one(ends);
    const records = row.records.map((record) => ({
      ...record,
      state: one(['done', 'done', 'failed', 'unknown', 'intended'] as const),
      finishedAt: pick(3) ? now : null,
    }));
    const reversible = row.plan.actions
      .filter(
        ({ type, id }) =>
          type === 'account.suspend' &&
          records.some((record) => record.id === id && (record.state === 'done' || record.state === 'unknown')),
      )
      .map(({ id, type, accountId, parameters }) => {
        return {
          actionId: id,
          accountId: accountId as AccountId,
          type,
          inverse: 'account.restore' as const,
          parameters,
          doneAt: now,
          expiresAt: now + 60_000,
        };
      });
    const undone = [...memory.undos.values()].filter((undo) => undo.undoDecisionId === row.plan.decisionId);
    return {
      planId,
      processId,
      at: now,
      state,
      heldFor: state === 'held' ? 'pause' : null,
      nextAt: state === 'released' ? now + pick(3) * 1_000 : null,
      records,
      entries: [],
      reversible,
      undone: state === 'done' ? undone.map(({ actionId, planId: of }) => ({ actionId, planId: of })) : [],
      jobs: [],
    };
  }

  async function change(): Promise<[unknown, unknown]> {
    const id = one(plans.slice(-30));
    const state = one(['released', 'held', 'refused', 'expired'] as const);
    const asked: PlanChange = {
      id,
      state,
      heldFor: state === 'held' ? 'person' : state === 'released' ? null : 'denied',
      ...(state === 'held' ? { heldUntil: now + 600_000 } : {}),
      ...(state === 'released' ? { deadlineAt: now + 900_000 } : {}),
    };
    const inDatabase = () =>
      store.transaction(async (tx) => {
        await changePlans(tx, [asked], now);
        if (state === 'refused' || state === 'expired') await closeActions(tx, [{ planId: id, code: 'denied' }], now);
      });
    return [
      await inDatabase().then(() => 'changed', messageOf),
      await Promise.resolve()
        .then(() => memory.change([asked], now))
        .then(() => 'changed', messageOf),
    ];
  }

  const requests: Readonly<Record<string, () => Promise<[unknown, unknown]>>> = {
    async insert() {
      await insert();
      return [0, 0];
    },
    async claim() {
      const holder = { planId: oftenFree(), processId: anyNumber() };
      return [seen(await real.plans.claim(holder, now, intend)), seen(memory.claim(holder, now, intend))];
    },
    async look() {
      const id = one(plans.slice(-30));
      return [await real.plans.look(id), memory.look(id)];
    },
    async mayCall() {
      const holder = { planId: one(plans.slice(-30)), processId: anyNumber() };
      return [await real.plans.mayCall(holder), memory.mayCall(holder)];
    },
    async recordAttempt() {
      const row = oftenClaimed();
      const holder = { planId: row.plan.id, processId: row.claimedBy ?? anyNumber() };
      const action = one(row.plan.actions);
      const attempt = { actionId: action.id, attempts: 2 + pick(3), entry: entryOf(row, action) };
      return [await real.plans.recordAttempt(holder, attempt), memory.recordAttempt(holder, attempt)];
    },
    async end() {
      const row = oftenClaimed();
      const end = endOf(row.plan.id, pick(4) ? (row.claimedBy ?? anyNumber()) : anyNumber());
      return [await real.plans.end(end), memory.end(end)];
    },
    async holdPaused() {
      const id = one(plans.slice(-30));
      return [await real.plans.holdPaused(id, () => []), memory.holdPaused(id, () => [])];
    },
    async takeBack() {
      const running = plans.filter(() => pick(2) === 0);
      const question = { processId: one(living).number, running, ownBefore: now - pick(3) * 1_000 };
      return [
        (await real.plans.takeBack(question)).map(({ id }) => id).sort(),
        memory
          .takeBack(question)
          .map(({ id }) => id)
          .sort(),
      ];
    },
    async waiting() {
      const before = now - pick(3) * 1_000;
      const limit = 1 + pick(5);
      return [await real.plans.waiting(before, limit), memory.waiting(before, limit)];
    },
    change,
    async pause() {
      const id = ids.next<EntryId>(now);
      const scope = one<PauseScope>([{}, { connection: 'okta' }, { policy: 'RP-001' }, { source: 'partner' }, { action: 'token.revoke' }]);
      await store.transaction((tx) => setPause(tx, { id, scope, reason: 'a test', setBy: 'ci', setAt: now }));
      memory.pauses.set(id, scope);
      pauses.push(id);
      return [0, 0];
    },
    async resume() {
      const id = pauses.shift();
      if (id !== undefined) await endPause(store, { id, endedBy: 'ci', endedAt: now });
      if (id !== undefined) memory.pauses.delete(id);
      return [0, 0];
    },
    async protect() {
      const { identityId } = one(people);
      const isProtected = !memory.protectedPeople.delete(identityId as IdentityId);
      if (isProtected) memory.protectedPeople.add(identityId);
      await store.query('update identity set protected = $2 where id = $1', [identityId, isProtected]);
      return [0, 0];
    },
    async die() {
      const [gone] = living.splice(pick(2), 1) as [Living];
      await gone.process.stop();
      dead.push(gone.number);
      living.push(await begin());
      return [0, 0];
    },
  };
  const often = [
    'insert',
    'claim',
    'claim',
    'claim',
    'recordAttempt',
    'end',
    'end',
    'change',
    'mayCall',
    'look',
    'holdPaused',
    'takeBack',
    'waiting',
    'resume',
  ];
  try {
    for (let n = 0; n < 4; n++) await insert();
    for (let step = 0; step < stepsEach; step++) {
      now += pick(3) * 500;
      const name = pick(16) === 0 ? one(['pause', 'protect', 'die']) : one(often);
      const [inDatabase, inMemory] = await (requests[name] as () => Promise<[unknown, unknown]>)();
      expect(inDatabase, `${name}, step ${step}`).toEqual(inMemory);
      if (hadEffect(inMemory)) counts.set(name, (counts.get(name) ?? 0) + 1);
      if (step % 5 === 0) expect(await stateOfDatabase(), `after ${name}, step ${step}`).toEqual(stateOfMemory());
    }
    expect(await stateOfDatabase(), `after step ${stepsEach}`).toEqual(stateOfMemory());
    if (without.size > 0) return;
    for (const [name, times] of counts) totals.set(name, (totals.get(name) ?? 0) + times);
    totals.set('undone', (totals.get('undone') ?? 0) + [...memory.undos.values()].filter(({ endedBy }) => endedBy === 'undone').length);
  } finally {
    await Promise.all(living.map(({ process }) => process.stop()));
  }

  async function stateOfDatabase() {
    const { rows } = await store.query(
      `select p.id, p.state, p.held_for as "heldFor", p.held_until as "heldUntil", p.claimed_by as "claimedBy", p.next_at as "nextAt",
         (select coalesce(json_agg(json_build_array(a.state, a.attempts, a.code, a.finished_at is null) order by a.position), '[]') from action a where a.plan_id = p.id) as actions
       from plan p order by p.id`,
    );
    const { rows: undos } = await store.query(
      `select action_id as id, undo_decision_id as "decisionId", ended_by as "endedBy" from undo order by action_id`,
    );
    return { plans: rows, undos };
  }

  function stateOfMemory() {
    const rows = [...memory.rows.values()].sort((a, b) => (a.plan.id < b.plan.id ? -1 : 1));
    return {
      plans: rows.map(({ plan, state, heldFor, heldUntil, claimedBy, nextAt, records }) => {
        const actions = plan.actions.flatMap(({ id }) => records.filter((record) => record.id === id));
        return { id: plan.id, state, heldFor, heldUntil, claimedBy, nextAt, actions: actions.map(shown) };
      }),
      undos: [...memory.undos.values()]
        .map(({ actionId, undoDecisionId, endedBy }) => ({ id: actionId, decisionId: undoDecisionId, endedBy }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  }
}

const shown = ({ state, attempts, code, finishedAt }: ActionRecord) => [state, attempts, code, finishedAt === null];
/** An answer that says that something was written. */
const hadEffect = (answer: unknown) =>
  answer === 'yes' ||
  answer === 'changed' ||
  (typeof answer === 'object' && (!('kept' in (answer as object)) || (answer as { kept: boolean }).kept));
const messageOf = (error: unknown) => (error as Error).message;

const blank = (id: ActionId): ActionRecord => ({
  id,
  state: 'intended',
  attempts: 1,
  code: null,
  idempotencyKey: id,
  intendedAt: startAt,
  finishedAt: null,
  verifiedAt: null,
  residualAccessMs: null,
});

function entryOf({ plan }: PlanRecord, action: PlannedAction) {
  const core = {
    actionId: action.id,
    planId: plan.id,
    decisionId: plan.decisionId,
    connection: plan.connection,
    type: action.type,
    idempotencyKey: 'key',
    attempt: 2,
  };
  return { id: createIdMaker(systemRandom).next<EntryId>(startAt), type: 'action.intended' as const, at: startAt, core, pii: null };
}
