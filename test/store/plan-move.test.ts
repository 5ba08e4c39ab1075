/** The statements that change plans, and the table of a plan's moves: every statement is found, and each is tried from every state. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdMaker, type EntryId, type PlanId } from '../../src/model/ids.ts';
import { isEnd, movesBetween, type PlanMove, type PlanState, planMoveNames, planMoves, planStates } from '../../src/model/plan-state.ts';
import type { Tx } from '../../src/store/db.ts';
import { changePlans, setHoldEnd } from '../../src/store/held-plan-write.ts';
import { refuseHeldOf } from '../../src/store/incident-judge.ts';
import { setPause } from '../../src/store/pause-write.ts';
import { claimPlan, holdPausedPlan } from '../../src/store/plan-claim.ts';
import { finishPlan } from '../../src/store/plan-finish.ts';
import { takeBackPlans } from '../../src/store/plan-recover.ts';
import { closeUndone } from '../../src/store/undo-write.ts';
import { createWorld } from '../actions/world.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';

const folder = join(import.meta.dirname, '../../src');
/** Whole templates. */
const statements = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/`[^`]*update plan\b[^`]*`/gi)].map(([text]) => ({ name, text })),
  );
const namedIn = (text: string): readonly PlanMove[] => planMoveNames.filter((move) => text.includes(`'${move}'`));

describe('the statements', () => {
  it('are all found, and each takes its states from the table', () => {
    expect(statements.length).toBeGreaterThanOrEqual(8);
    for (const { name, text } of statements) {
      expect(namedIn(text).length, `${name}: ${text}`).toBeGreaterThan(0);
      expect(text, name).toMatch(/maySet\(|leadsTo\(/);
    }
    for (const { name, text } of statements) expect(text, name).not.toMatch(/set state = '/);
  });

  it('name every move but the first, and what inserts a plan names none', () => {
    const store = readdirSync(join(folder, 'store')).filter((name) => name.endsWith('.ts') && name !== 'plan-move.ts');
    const all = store.map((name) => readFileSync(join(folder, 'store', name), 'utf8')).join();
    const named = planMoveNames.filter((move) => new RegExp(`(maySet|endOf|leadsTo)\\([^)]*'${move}'`).test(all));
    expect(named).toEqual(planMoveNames.filter((move) => move !== 'decide'));
  });
});

describe('the table', () => {
  it('lets an end be left by undoing alone, and leaves nothing else without a way on', () => {
    expect(planStates.filter(isEnd)).toEqual(['refused', 'expired', 'done', 'partial', 'failed', 'undone']);
    for (const from of planStates.filter(isEnd))
      for (const to of planStates) expect(movesBetween(from, to).filter((move) => move !== 'undo')).toEqual([]);
    for (const from of ['released', 'held'] as const)
      expect(planStates.some((to) => isEnd(to) && movesBetween(from, to).length > 0)).toBe(true);
    for (const to of planStates.filter((state) => state !== 'undone'))
      expect(planStates.some((from) => movesBetween(from, to).length > 0)).toBe(true);
  });
});

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database?.drop();
});

describe('a plan in each state', () => {
  const ids = createIdMaker(systemRandom);
  const now = systemClock.now();
  /** Numbers of processes that nobody has: what they claimed may be taken back. */
  const [us, dead] = [2_000_000_001, 2_000_000_002];

  /** A statement by which a plan can be moved to a state; `claimed` by whom it is while it is released. */
  interface Way {
    readonly moves: readonly PlanMove[];
    readonly to: PlanState;
    readonly claimed?: number;
    /** Whether a pause covers it. */
    readonly paused?: true;
    go(id: PlanId): Promise<unknown>;
  }
  const transaction = (work: (tx: Tx) => Promise<unknown>): Promise<unknown> => database.store.transaction(work);
  const change = (to: 'released' | 'held' | 'refused' | 'expired', moves: readonly PlanMove[]): Way => ({
    moves,
    to,
    go: (id) => transaction((tx) => changePlans(tx, [{ id, state: to, heldFor: null, heldUntil: now }], now)).catch(() => {}),
  });
  const leave = (to: 'done' | 'partial' | 'failed' | 'refused' | 'held' | 'released', moves: readonly PlanMove[]): Way => ({
    moves,
    to,
    claimed: us,
    go: (planId) => transaction((tx) => finishPlan(tx, { planId, processId: us, state: to, heldFor: null, nextAt: null, at: now })),
  });
  const ways: Readonly<Record<string, Way>> = {
    'a claim': { moves: ['claim'], to: 'released', go: (id) => transaction((tx) => claimPlan(tx, id, us, now)) },
    'taking back': { moves: ['takeBack'], to: 'released', claimed: dead, go: () => takeBackPlans(database.store, us, [], now) },
    'a pause': { moves: ['pause'], to: 'held', paused: true, go: (id) => transaction((tx) => holdPausedPlan(tx, id)) },
    'a run that ends as done': leave('done', ['finish']),
    'a run that ends as partial': leave('partial', ['finish']),
    'a run that ends as failed': leave('failed', ['finish']),
    'a run that ends as refused': leave('refused', ['finish']),
    'a run that a pause stops': leave('held', ['stopBetween']),
    'a run that gives back': leave('released', ['giveBack']),
    'a time to wait': { moves: ['timeHold'], to: 'held', go: (id) => setHoldEnd(database.store, id, now) },
    'a word that lets go': change('released', ['letGo']),
    'a word that holds': change('held', ['stop', 'holdAnew']),
    'a word that refuses': change('refused', ['refuse']),
    'a time that is over': change('expired', ['expire']),
    'a false incident': {
      moves: ['refuse'],
      to: 'refused',
      async go(id) {
        const incidentId = ids.next<EntryId>(now);
        await database.store.query(
          `insert into incident (id, signal_type, guard, source, state, opened_at, last_at)
           values ($1, 'a test', 'people', 'okta', 'judged', to_timestamp($2::float8 / 1000), to_timestamp($2::float8 / 1000))`,
          [incidentId, now],
        );
        await database.store.query(
          `insert into incident_member (plan_id, incident_id, decision_id, signal_id, joined_at) values ($1, $2, $1, $1, to_timestamp($3::float8 / 1000))`,
          [id, incidentId, now],
        );
        await transaction((tx) => refuseHeldOf(tx, incidentId, now));
      },
    },
    undoing: {
      moves: ['undo'],
      to: 'undone',
      async go(id) {
        const actionId = ids.next<never>(now);
        await database.store.query(
          `insert into undo (action_id, plan_id, decision_id, account_id, connection, type, inverse, parameters, done_at)
           select $1, id, decision_id, account_id, connection, 'account.suspend', 'account.restore', '{}', created_at from plan where id = $2`,
          [actionId, id],
        );
        await transaction((tx) => closeUndone(tx, [actionId], now));
      },
    },
  };

  it.each(Object.entries(ways))('%s moves it where the table says so, and nowhere else', async (_, { moves, to, claimed, paused, go }) => {
    const world = createWorld({ database, clock: systemClock });
    await database.store.query('truncate pause');
    if (paused)
      await transaction((tx) => setPause(tx, { id: ids.next<EntryId>(now), scope: {}, reason: 'a test', setBy: 'ci', setAt: now }));
    for (const from of planStates) {
      const id = await world.plan(await world.person());
      const changed = from === 'released' && claimed !== undefined ? claimed : null;
      await database.store.query('update plan set state = $2, claimed_by = $3 where id = $1', [id, from, changed]);
      const rowOf = async () => (await database.store.query('select * from plan where id = $1', [id])).rows[0];
      const before = await rowOf();
      await go(id);
      const mayMove = moves.some((move) => (planMoves[move].from as readonly PlanState[]).includes(from));
      const after = await rowOf();
      if (mayMove) expect(after, from).toMatchObject({ state: to });
      else expect(after, from).toEqual(before);
      if (mayMove && from === to && claimed === undefined) expect(after, from).not.toEqual(before);
    }
  });
});
