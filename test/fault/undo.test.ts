/** Ends of suspensions under a process that is killed at each statement and call of undoing: none is lost, and none is undone twice. */
import { expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { verifyOver } from './checker.ts';
import { type Course, runCourse } from './rounds.ts';
import { type FaultWorld, openWorld, until } from './world.ts';

const size = 70;
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

it('a process that dies at any statement or call of undoing loses no end and undoes nothing twice', { timeout: 600_000 }, async () => {
  const { path, points, missed, slowestMs, faults } = await runCourse(openUndo, testDatabase, { moments: 'after' });
  expect(faults).toEqual([]);
  for (const landmark of landmarks)
    expect(
      path.filter((name) => name.startsWith(landmark)),
      landmark,
    ).not.toEqual([]);
  expect(points).toBeGreaterThanOrEqual(path.length);
  expect(missed).toEqual([]);
  // An end is never missed by more than a moment.
  expect(slowestMs).toBeLessThan(5_000);
});

async function openUndo(database: TestDatabase): Promise<Course<string>> {
  const world = await openWorld(database, size, { standby: true });
  const undone: string[] = [];
  return {
    world,
    prepare: () => suspendAll(world),
    async next() {
      const who = world.people[undone.length] as string;
      undone.push(who);
      return who;
    },
    async begin(who) {
      await fallDue(world, who);
      return true;
    },
    isDone: (who) => isUndone(world, who),
    isSettled: async (who) => (await isUndone(world, who)) && (await isSettled(world)),
    async judge({ origin }) {
      const crooked = await crookedOf(world, undone);
      return [
        ...crooked.map((row) => JSON.stringify(row)),
        ...undone.filter((who) => world.provider.account(who).suspended).map((who) => `${who} is still suspended`),
        ...(await verifyOver(origin)),
      ];
    },
  };
}

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
