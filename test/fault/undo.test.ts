/** Ends of suspensions under a process that is killed at each statement and call of undoing: none is lost, and none is undone twice. */
import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { verifyOver } from './checker.ts';
import type { Moment } from './postgres-proxy.ts';
import { adminToken, type FaultWorld, openWorld, until } from './world.ts';

const size = 100;
/** Longer than every task that a service does by the clock, but for those of hours and minutes. */
const idleMs = 6_500;
const landmarks = [
  'insert into dedupe',
  'select i.id, i.merged_into',
  'update undo u set undo_decision_id',
  'insert into plan (',
  'update plan set claimed_by',
  'insert into action (',
  'update undo set ended_at',
  'POST /people/{id}/account/restore',
  'GET /people/{id}/access',
];

interface Point {
  readonly place: 'statement' | 'call';
  readonly name: string;
  readonly moment: Moment;
}

it('a process that dies at any statement or call of undoing loses no end and undoes nothing twice', { timeout: 600_000 }, async () => {
  const world = await openWorld(await testDatabase(), size, { standby: true });
  try {
    let service = await world.start();
    await suspendAll(world);
    world.postgres.watchIdle(true);
    await systemClock.sleep(idleMs);
    world.postgres.watchIdle(false);
    let next = 0;
    const path = new Map<string, Point['place']>();
    // The first time makes what is made once.
    for (let run = 0; run < 3; run++) {
      const who = world.people[next++] as string;
      world.postgres.arm(undefined);
      world.calls.arm(undefined);
      const startedMs = systemClock.elapsedMs();
      await fallDue(world, who);
      await until(`the end of ${who}`, async () => ((await isUndone(world, who)) ? true : undefined));
      // It is never missed by more than a moment.
      expect(systemClock.elapsedMs() - startedMs).toBeLessThan(5_000);
      await until('the places', async () => ((await isSettled(world)) ? true : undefined));
      for (const name of run === 0 ? [] : world.postgres.census) path.set(name, 'statement');
      for (const name of run === 0 ? [] : world.calls.census) path.set(name, 'call');
    }
    for (const landmark of landmarks)
      expect(
        [...path.keys()].filter((name) => name.startsWith(landmark)),
        landmark,
      ).not.toEqual([]);

    // What stands after one statement stands before the next; only a call has two sides to itself.
    const points = [...path].flatMap(([name, place]): Point[] => [
      { place, name, moment: 'after' },
      ...(place === 'call' ? [{ place, name, moment: 'before' } as const] : []),
    ]);
    expect(points.length).toBeLessThan(size - next);
    const missed: string[] = [];
    for (const { place, name, moment } of points) {
      const who = world.people[next++] as string;
      const proxy = place === 'call' ? world.calls : world.postgres;
      world.postgres.arm(place === 'statement' ? { statement: name, moment } : undefined);
      world.calls.arm(place === 'call' ? { call: name, moment } : undefined);
      const died = new Promise<void>((resolve) => service.child.once('exit', () => resolve()));
      await fallDue(world, who);
      await until('the blow', async () => (proxy.struck || (await isUndone(world, who)) ? true : undefined));
      world.postgres.disarm();
      world.calls.disarm();
      if (proxy.struck) {
        await died;
        service = await world.start();
      } else missed.push(`${moment} ${name}`);
      await until(`the end of ${who} after ${moment} ${name}`, async () => ((await isUndone(world, who)) ? true : undefined), 40_000);
    }
    await fetch(`${service.origin}/api/v1/ledger/checkpoint`, { headers: { authorization: `Bearer ${adminToken}` } });
    const undone = world.people.slice(0, next);
    expect(await crookedOf(world, undone)).toEqual([]);
    expect(undone.filter((who) => world.provider.account(who).suspended)).toEqual([]);
    expect(await verifyOver(service.origin)).toEqual([]);
    // Rounds of sequencing come when they come; at nearly every other point the process died.
    expect(missed.filter((name) => !name.includes('ledger_'))).toEqual([]);
  } finally {
    await world.close();
  }
});

/** As an approved list would have: a released plan a person, carried out by the service. */
async function suspendAll(world: FaultWorld): Promise<void> {
  await world.database.store.query(
    `insert into plan (id, decision_id, signal_id, identity_id, account_id, lane, connection, actions, cause, source, profile, state, created_at, deadline_at)
     select n.id, gen_random_uuid(), gen_random_uuid(), a.identity_id, a.id, a.id::text, 'sandbox',
       json_build_array(json_build_object('id', gen_random_uuid(), 'type', 'account.suspend', 'accountId', a.id, 'parameters', json_build_object('expires', '4h')))::text,
       'risk', 'partner', 'sandbox', 'released', to_timestamp(0), clock_timestamp() + interval '1 hour'
     from account a, lateral (select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(replace(a.id::text, '-', ''), 14))::uuid as id) as n`,
  );
  await until('all to be suspended', async () => ((await count(world, 'select 1 from undo')) === size ? true : undefined), 120_000);
  await until('the places', async () => ((await isSettled(world)) ? true : undefined), 60_000);
}

async function fallDue(world: FaultWorld, who: string): Promise<void> {
  await world.database.store.query(
    `update undo set expires_at = clock_timestamp(), due_at = clock_timestamp() where account_id = (select id from account where external_id = $1)`,
    [who],
  );
}

async function count(world: FaultWorld, text: string, values: unknown[] = []): Promise<number> {
  return (await world.database.store.query(text, values)).rows.length;
}

async function isUndone(world: FaultWorld, who: string): Promise<boolean> {
  return (
    (await count(
      world,
      `select 1 from undo u join account a on a.id = u.account_id where a.external_id = $1 and u.ended_by = 'undone'
         and not exists (select from plan p where p.account_id = a.id and p.state = 'released')`,
      [who],
    )) === 1
  );
}

async function isSettled(world: FaultWorld): Promise<boolean> {
  const open = `select 1 where exists (select from ledger_pending) or exists (select from plan where state = 'released')
    or exists (select from pgboss.job where name like 'plan/%' and state < 'completed')`;
  return (await count(world, open)) === 0;
}

/** People whose undoing is not one decision, one plan, one effect and one line. */
async function crookedOf(world: FaultWorld, people: readonly string[]): Promise<readonly unknown[]> {
  const { rows } = await world.database.store.query(
    `select a.external_id as who, u.tries, (select state from plan where id = u.plan_id) as plan,
       (select count(*)::int from signal s where s.type = 'undo' and s.identity_id = a.identity_id) as signals,
       (select count(*)::int from plan p where p.account_id = a.id and p.cause = 'undo' and p.state = 'done') as plans,
       (select count(*)::int from plan p where p.account_id = a.id and p.cause = 'undo') as all_plans,
       (select count(*)::int from ledger_entry e where e.type = 'action.undone' and e.core::jsonb->>'actionId' = u.action_id::text) as lines,
       (select string_agg(ac.idempotency_key, ',') from action ac where ac.account_id = a.id and ac.type = 'account.restore') as keys
     from undo u join account a on a.id = u.account_id where a.external_id = any ($1)`,
    [people],
  );
  const effects = Map.groupBy(
    world.provider.calls.filter((call) => call.effect),
    (call) => call.key ?? '',
  );
  const right = (row: Record<string, unknown>) =>
    row['tries'] === 0 &&
    row['plan'] === 'undone' &&
    [row['signals'], row['plans'], row['all_plans'], row['lines']].every((each) => each === 1) &&
    effects.get(String(row['keys']))?.length === 1;
  return rows.length === people.length ? rows.filter((row) => !right(row)) : [`${rows.length} rows of ${people.length}`];
}
