import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createIdMaker, type PlanId } from '../../src/model/ids.ts';
import type { Db } from '../../src/store/db.ts';
import { setPause } from '../../src/store/pause-write.ts';
import { claimPlan } from '../../src/store/plan-claim.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';
import { createWorld, type World } from './world.ts';

let database: TestDatabase;
let world: World;
const ids = createIdMaker(systemRandom);
const nothing = () => ({ records: [], entries: [] });

beforeAll(async () => {
  database = await testDatabase();
  world = createWorld({ database, clock: systemClock });
});
afterEach(async () => {
  await world.close();
  await database.store.query('truncate plan, action, pause, ledger_entry, ledger_pending');
});
afterAll(async () => {
  await database?.drop();
});

/** Answers how many intentions there were when nobody could record one any more: counted under the lock, before the commit. */
const pauseAll = () =>
  database.store.transaction(async (tx) => {
    await setPause(tx, { id: ids.next<never>(systemClock.now()), scope: {}, reason: 'test', setBy: 'ci', setAt: systemClock.now() });
    return intentions(tx);
  });

async function intentions(db: Db = database.store): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*)::int as count from ledger_entry where type = 'action.intended'`);
  return rows[0]?.count ?? 0;
}

describe('the kill switch at the intention', () => {
  it('waits for whoever is recording one, and lets nobody begin behind it', async () => {
    const [first, second] = [await world.plan(await world.person()), await world.plan(await world.person())];
    const { process } = await world.executor();
    const processId = process.current() as number;
    let paused = false;
    let pressed: Promise<unknown> = Promise.resolve();
    await world.plans.claim({ planId: first, processId }, systemClock.now(), () => {
      pressed = pauseAll().then(() => {
        paused = true;
      });
      return { records: [], entries: [] };
    });
    // The claim is committed by now, so the pause may follow; while it was open the pause could not be set.
    await pressed;
    expect(paused).toBe(true);
    expect(await world.plans.claim({ planId: second, processId }, systemClock.now(), nothing)).toBeUndefined();
  });

  it('is not set while an intention that did not see it is open', async () => {
    const planId = await world.plan(await world.person());
    const { process } = await world.executor();
    const order: string[] = [];
    let pressed: Promise<unknown> = Promise.resolve();
    const { store } = database;
    await store.transaction(async (tx) => {
      expect(await claimPlan(tx, planId, process.current() as number, systemClock.now())).toBeDefined();
      pressed = pauseAll().then(() => order.push('pause'));
      const waiting = async () =>
        (
          await store.query(
            `select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
          )
        ).rowCount;
      await expect.poll(waiting).toBe(1);
      order.push('intention');
    });
    await pressed;
    expect(order).toEqual(['intention', 'pause']);
  });

  it('pressed under load: of 1,000 plans on two processes none has an intention recorded after it', { timeout: 120_000 }, async () => {
    const plans: PlanId[] = [];
    for (let n = 0; n < 1_000; n++) plans.push(await world.plan(await world.person()));
    const children = [0, 1].map((n) => {
      const child = spawn(
        process.execPath,
        [new URL('intending-process.ts', import.meta.url).pathname, JSON.stringify(database.connection)],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), own: plans.filter((_, i) => i % 2 === n) };
    });
    for (const { lines } of children) expect((await lines.next()).value).toBe('ready');
    for (const { child, own } of children) child.stdin.write(`${JSON.stringify(own)}\n`);
    await expect.poll(() => intentions(), { timeout: 60_000, interval: 5 }).toBeGreaterThan(100);
    const atPause = await pauseAll();
    const results = await Promise.all(
      children.map(async ({ lines }) => JSON.parse((await lines.next()).value ?? '{}') as Record<string, number>),
    );
    const after = (await intentions()) - atPause;
    expect(after).toBe(0);
    // The pause fell in the middle, and every plan that had not begun is held.
    const held = results.reduce((sum, { held: count = 0 }) => sum + count, 0);
    process.stdout.write(`kill switch pressed at ${atPause} intentions: ${after} after it, ${held} plans held\n`);
    expect(atPause).toBeLessThan(1_000);
    expect(held).toBeGreaterThanOrEqual(1_000 - atPause);
  });
});
