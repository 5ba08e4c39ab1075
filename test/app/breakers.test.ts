/** Breakers open by what stands in the database, once for all processes, and close by time or by a person. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BreakerParts, createBreakers } from '../../src/app/breakers.ts';
import type { ActionState } from '../../src/model/action.ts';
import type { Entry } from '../../src/model/entry.ts';
import { type AccountId, type ActionId, createIdMaker, type DecisionId, type PlanId, type SignalId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import type { PlanState } from '../../src/model/plan-state.ts';
import type { Item } from '../../src/signals/index.ts';
import { listBreakers, openBreaker } from '../../src/store/breaker.ts';
import { insertPlans } from '../../src/store/plan-insert.ts';
import { enforcing, guards } from '../guard/support.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const T = Date.UTC(2026, 4, 4, 10);
const hourMs = 3_600_000;
const ids = createIdMaker(systemRandom);
let database: TestDatabase;
let clock: ManualClock;
let entries: Entry[];
let told: Item[];
let notified: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  clock = createManualClock(T);
  entries = [];
  told = [];
  notified = [];
  await database.store.query('truncate plan, action, breaker, source_hour, signal, verdict, identity cascade');
});
afterAll(() => database?.drop());

function breakers(population = 2_000, settings: BreakerParts['settings'] = enforcing) {
  const state = { bundle: { guards }, population };
  return createBreakers({
    judging: { state: () => state, refreshPauses: async () => {} } as never,
    settings,
    batcher: { submit: async (items: readonly Item[]) => void told.push(...items) } as never,
    telling: { tell: async (_, notices) => void notified.push(...notices.map(({ type }) => type)) },
    records: { store: database.store, append: async (_, lines) => void entries.push(...lines), ids, clock },
    clock,
    log: silentLog,
  });
}

async function plan(of: {
  state: PlanState;
  heldFor?: string;
  at?: number;
  profile?: 'standard' | 'sandbox';
  verdict?: string;
}): Promise<PlanId> {
  const at = of.at ?? clock.now();
  const id = ids.next<PlanId>(at);
  const decisionId = ids.next<DecisionId>(at);
  const statement = insertPlans([
    {
      plan: {
        id,
        decisionId,
        identityId: null,
        lane: id,
        connection: 'okta',
        actions: [],
        state: of.state as never,
        heldFor: of.heldFor ?? null,
        createdAt: at,
      },
      signalId: ids.next<SignalId>(at),
      accountId: null as AccountId | null,
      cause: 'risk',
      policyId: 'RP-004',
      source: 'idp',
      profile: of.profile ?? 'standard',
      deadlineAt: at,
      heldUntil: null,
    },
  ]);
  await database.store.query({ ...statement, values: [...statement.values] });
  if (of.verdict !== undefined)
    await database.store.query(`insert into verdict (signal_id, decision_id, verdict) values ($1, $2, $3)`, [
      ids.next(at),
      decisionId,
      of.verdict,
    ]);
  return id;
}

async function action(state: ActionState, connection = 'okta'): Promise<void> {
  const at = clock.now();
  await database.store.query(
    `insert into action (id, plan_id, position, connection, type, parameters, idempotency_key, state, attempts, intended_at, finished_at)
     values ($1, $2, 0, $3, 'session.revoke', '{}', '', $4, 1, to_timestamp($5::float8 / 1000), to_timestamp($5::float8 / 1000))`,
    [ids.next<ActionId>(at), await plan({ state: 'done' }), connection, state, at],
  );
}

async function signals(source: string, count: number, at: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await database.store.query(
      `insert into signal (id, state, type, source, cause, severity, occurred_at, received_at, subject_kind, subject_id)
       values ($1, 'decided', 't', $2, 'risk', 'medium', to_timestamp($3::float8 / 1000), to_timestamp($3::float8 / 1000), 'person', '')`,
      [ids.next<SignalId>(at), source, at],
    );
}

const open = async () => (await openBreaker(database.store, clock.now()))?.detail;

describe('a breaker', () => {
  it('opens on the second limit reached within an hour, is told once, and closes by itself after an hour', async () => {
    const service = breakers();
    await plan({ state: 'held', heldFor: 'people', at: T - hourMs - 1 });
    await plan({ state: 'held', heldFor: 'people', at: T - 1_000 });
    await plan({ state: 'held', heldFor: 'approval' });
    await plan({ state: 'held', heldFor: 'source', profile: 'sandbox' });
    await service.look();
    expect(await open()).toBeUndefined();
    await plan({ state: 'held', heldFor: 'source' });
    await Promise.all([service.look(), breakers().look()]);
    await service.look();
    expect(await open()).toBe('2 limits reached in 1h');
    expect(await listBreakers(database.store, 9)).toHaveLength(1);
    expect(entries.map(({ type, core }) => [type, core])).toEqual([
      ['breaker.opened', { breakerId: expect.any(String), condition: 'limitHits', detail: '2 limits reached in 1h' }],
    ]);
    // Told again after a crash it is the same event.
    expect(new Set(told.map(({ key }) => key)).size).toBe(1);
    expect(notified).toEqual(['breaker.opened']);
    expect(told[0]?.arrival).toMatchObject({ type: 'breaker_opened', source: 'operators', claim: { kind: 'asset', person: [] } });
    const before = told.length;
    await service.look();
    expect(told).toHaveLength(before);
    await clock.advance(hourMs);
    expect(await open()).toBeUndefined();
    await service.look();
    expect(await open()).toBeUndefined();
  });

  it('that a person closed stays closed until something new happens', async () => {
    const service = breakers();
    await plan({ state: 'held', heldFor: 'people' });
    await plan({ state: 'held', heldFor: 'people' });
    await service.look();
    const [row] = await listBreakers(database.store, 1);
    await clock.advance(60_000);
    await service.close(row?.id as string, 'a mistake of ours', 'ann');
    await expect(service.close(row?.id as string, 'again', 'ben')).rejects.toMatchObject({ code: 'conflict' });
    await expect(service.close('nothing', 'x', 'ben')).rejects.toMatchObject({ code: 'notFound' });
    expect(entries.at(-1)).toMatchObject({ type: 'breaker.closed', core: { by: 'ann' } });
    await clock.advance(1_000);
    await service.look();
    expect(await open()).toBeUndefined();
    await plan({ state: 'held', heldFor: 'people' });
    await plan({ state: 'held', heldFor: 'people' });
    await service.look();
    expect(await open()).toBe('2 limits reached in 1h');
  });

  it('opens where one plan in five is undone or judged false', async () => {
    for (const verdict of ['true', 'benign', 'unsure']) await plan({ state: 'done', verdict });
    await plan({ state: 'done', verdict: 'false' });
    await breakers().look();
    expect(await open()).toBeUndefined();
    await plan({ state: 'undone' });
    await breakers().look();
    expect(await open()).toBe('2 of the last 5 undone or judged false');
  });

  it('opens where two of the last ten actions at one connection failed, and not for those of a sandbox', async () => {
    for (let n = 0; n < 8; n++) await action('done');
    for (let n = 0; n < 10; n++) await action('failed', 'sandbox');
    await action('failed');
    await breakers().look();
    expect(await open()).toBeUndefined();
    await action('unknown');
    await breakers().look();
    expect(await open()).toBe('2 of the last 10 actions at okta failed');
  });

  it('opens where many people stand above medium', async () => {
    for (let n = 0; n < 30; n++)
      await database.store.query(`insert into identity (id, held_level, created_at) values ($1, $2, to_timestamp(0))`, [
        ids.next(T),
        n < 29 ? 'high' : 'medium',
      ]);
    await breakers(100).look();
    expect(await open()).toBeUndefined();
    await database.store.query(`update identity set held_level = 'critical' where held_level = 'medium'`);
    await breakers(100).look();
    expect(await open()).toBe('30 of 100 people above medium');
  });

  it('opens on ten times what a source usually sends, once a day is known', async () => {
    const service = breakers();
    for (let hour = 0; hour < 24; hour++) {
      await signals('idp', 2, clock.now());
      await clock.advance(hourMs);
      await clock.advance(hour === 0 ? 600_000 : 0);
      await service.lookAtSources();
    }
    await signals('idp', 17, clock.now());
    await service.lookAtSources();
    expect(await open()).toBeUndefined();
    await signals('idp', 4, clock.now());
    await service.lookAtSources();
    expect(await open()).toMatch(/^\d+ signals of idp in an hour, 2 are usual$/);
  });

  it('never opens where only sandboxes can be acted on', async () => {
    const { sandbox } = enforcing.connections;
    const service = breakers(2_000, { ...enforcing, connections: sandbox === undefined ? {} : { sandbox } });
    await plan({ state: 'held', heldFor: 'people' });
    await plan({ state: 'held', heldFor: 'people' });
    await service.look();
    expect(await open()).toBeUndefined();
  });
});
