/**
 * Lists of held plans, approved under a process that is killed at each statement and call of approving and of what it lets go: all of a
 * list or none of it, each effect once, no yes lost, no time lost.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { check } from './checker.ts';
import { type Course, runCourse } from './rounds.ts';
import { adminToken, type FaultWorld, openWorld, type Service, until } from './world.ts';

const listLength = 2;
const lists = 65;
/** Held plans that nobody approves. */
const aside = 3;
const suspendedMs = 4 * 3_600_000;
const landmarks = [
  'select i.id, i.evidence',
  'select id, decision_id',
  'update plan p set state',
  'insert into approval',
  'WITH ins AS ( INSERT INTO pgboss',
  'commit after WITH ins AS ( INSERT INTO pgboss',
  'update plan set claimed_by',
  'insert into action (',
  'insert into undo',
  'POST /people/{id}/account/suspend',
  'GET /people/{id}/access',
];

it('a process that dies at any statement or call of approving releases a list whole or not at all, and loses no yes and no end', {
  timeout: 600_000,
}, async () => {
  const { path, points, missed, faults } = await runCourse(openApprove, testDatabase, { moments: 'after' });
  expect(faults).toEqual([]);
  for (const landmark of landmarks)
    expect(
      path.filter((name) => name.startsWith(landmark)),
      landmark,
    ).not.toEqual([]);
  expect(points).toBeGreaterThanOrEqual(path.length);
  expect(missed).toEqual([]);
});

interface List {
  readonly planIds: readonly string[];
  readonly hash: string;
  answered: boolean;
}

interface HeldPlan {
  readonly id: string;
  readonly heldUntil: string;
}

const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };

async function openApprove(database: TestDatabase): Promise<Course<List>> {
  const policies = mkdtempSync(join(tmpdir(), 'rescind-approve-'));
  cpSync(join(import.meta.dirname, '../../policies'), policies, { recursive: true });
  writeFileSync(join(policies, 'responses/TP-001-suspend.yaml'), policy);
  // One operator speaks of everybody here; in a day the limit lets them have five.
  const guards = join(policies, 'guardrails.yaml');
  writeFileSync(guards, readFileSync(guards, 'utf8').replace(/(\boperator: .*count: )5\b/, '$15000'));
  const options = { standby: true, policies, enforced: ['TP-001'] };
  const opened = await openWorld(database, lists * listLength + aside, options);
  const world: FaultWorld = {
    ...opened,
    async close() {
      await opened.close();
      rmSync(policies, { recursive: true, force: true });
    },
  };
  const faults: string[] = [];
  const begun: List[] = [];
  const ready: List[] = [];
  let held: readonly HeldPlan[] = [];
  const ask = async (text: string, values: unknown[] = []) =>
    (await world.database.store.query<Record<string, unknown>>(text, values)).rows;
  const statesOf = async ({ planIds }: List) =>
    (await ask('select state from plan where id = any ($1)', [planIds])).map((row) => row['state']);

  /** At any moment a list is held whole, or gone whole; what was answered is gone. */
  async function judgeList(list: List): Promise<void> {
    const states = await statesOf(list);
    const waiting = states.filter((state) => state === 'held').length;
    if (waiting !== 0 && (waiting !== states.length || list.answered)) faults.push(`half a list: ${states.join(', ')}`);
  }

  return {
    world,
    async prepare(service) {
      await Promise.all(world.people.map((who) => confirm(service, who)));
      held = (await ask(`select id, held_until::text as "heldUntil" from plan where state = 'held' order by id`)) as unknown as HeldPlan[];
      for (let n = 0; n < lists; n++) ready.push(await readList(service, held.slice(n * listLength, (n + 1) * listLength)));
    },
    async next() {
      const list = ready.shift();
      if (list === undefined) throw new Error('no list is left');
      begun.push(list);
      return list;
    },
    async begin(list, { origin }) {
      await judgeList(list);
      const { planIds, hash } = list;
      const body = JSON.stringify({ planIds, hash, reason: 'confirmed by phone' });
      const status = await fetch(`${origin}/api/v1/plans/approve`, { method: 'POST', headers, body }).then(
        (response) => response.arrayBuffer().then(() => response.status),
        () => 0,
      );
      list.answered ||= status === 200;
      if (list.answered) await judgeList(list);
      return list.answered;
    },
    isDone: async (list) => (await statesOf(list)).every((state) => state === 'done'),
    async isSettled(list) {
      const open = `select 1 where exists (select from ledger_pending) or exists (select from pgboss.job where name like 'plan/%' and state < 'completed')`;
      return (await statesOf(list)).every((state) => state === 'done') && (await ask(open)).length === 0;
    },
    async judge(service, lostAnswers) {
      const planIds = begun.flatMap((list) => list.planIds);
      const left = held.filter(({ id }) => !planIds.includes(id));
      await expireSome(world, left.slice(-aside));
      const accepted = new Map(world.people.map((who) => [who, 1]));
      const { lost, crooked, ledger, repeated, openIntents, openPlans, gaps } = await check(world, accepted, service.origin);
      // What expired was never to be carried out.
      const expired = new Set(left.slice(-aside).map(({ id }) => id));
      return [
        ...faults,
        ...lost,
        ...crooked.filter((what) => ![...expired].some((id) => what.startsWith(`plan ${id}`))),
        ...ledger,
        ...(await crookedOf(world, planIds)).map((row) => JSON.stringify(row)),
        ...(await movedOf(world, left.slice(0, -aside))),
        ...(repeated <= lostAnswers ? [] : [`${repeated} calls repeated, ${lostAnswers} answers lost`]),
        ...(openIntents + openPlans + gaps === 0 ? [] : [`open: ${openIntents} intentions, ${openPlans} plans, ${gaps} gaps in the log`]),
      ];
    },
  };
}

async function confirm({ origin }: Service, who: string): Promise<void> {
  const subject = { format: 'email', email: `${who}@example.com` };
  const body = JSON.stringify({ type: 'admin_confirmed', subject, occurredAt: new Date().toISOString() });
  const response = await fetch(`${origin}/api/v1/signals`, { method: 'POST', headers, body });
  if (response.status !== 202) throw new Error(`a signal was answered with ${response.status}: ${await response.text()}`);
}

async function readList({ origin }: Service, plans: readonly HeldPlan[]): Promise<List> {
  const planIds = plans.map(({ id }) => id);
  const response = await fetch(`${origin}/api/v1/plans?state=held&ids=${planIds.join(',')}`, { headers });
  const { hash } = (await response.json()) as { hash: string };
  return { planIds, hash, answered: false };
}

/** Approved plans that are not one yes, one release, one suspension and one end at its time. */
async function crookedOf(world: FaultWorld, planIds: readonly string[]): Promise<readonly unknown[]> {
  const { rows } = await world.database.store.query<Record<string, unknown>>(
    `select p.id, a.external_id as who, p.state,
       (select count(*)::int from approval where plan_id = p.id) as given,
       (select count(*)::int from ledger_entry e where e.type = 'approval.given' and e.core::jsonb->>'planId' = p.id::text) as lines,
       (select count(*)::int from ledger_entry e where e.type = 'plan.released' and e.core::jsonb->>'planId' = p.id::text) as releases,
       (select count(*)::int from undo u where u.plan_id = p.id and u.ended_at is null) as ends,
       (select extract(epoch from (u.expires_at - c.finished_at)) * 1000 from undo u join action c on c.id = u.action_id where u.plan_id = p.id)::float8 as after
     from plan p join account a on a.id = p.account_id where p.id = any ($1)`,
    [planIds],
  );
  const right = (row: Record<string, unknown>) =>
    row['state'] === 'done' &&
    ['given', 'lines', 'releases', 'ends'].every((name) => row[name] === 1) &&
    Math.abs(Number(row['after']) - suspendedMs) < 30_000 &&
    world.provider.account(String(row['who'])).suspended;
  return rows.length === planIds.length ? rows.filter((row) => !right(row)) : [`${rows.length} plans of ${planIds.length}`];
}

/** Plans that nobody touched and that are not held any more, or until another time. */
async function movedOf(world: FaultWorld, plans: readonly HeldPlan[]): Promise<readonly string[]> {
  const { rows } = await world.database.store.query<Record<string, unknown>>(
    `select id, state, held_until::text as "heldUntil" from plan where id = any ($1)`,
    [plans.map(({ id }) => id)],
  );
  return rows
    .filter((row) => row['state'] !== 'held' || row['heldUntil'] !== plans.find(({ id }) => id === row['id'])?.heldUntil)
    .map((row) => `moved: ${JSON.stringify(row)}`);
}

/** Once their time is over they expire, each with one line. */
async function expireSome(world: FaultWorld, plans: readonly HeldPlan[]): Promise<void> {
  const ids = plans.map(({ id }) => id);
  await world.database.store.query('update plan set held_until = clock_timestamp() where id = any ($1)', [ids]);
  await until(
    'some to expire, with a line each',
    async () => {
      const { rows } = await world.database.store.query(
        `select 1 from plan p where p.id = any ($1) and p.state = 'expired'
           and (select count(*) from ledger_entry e where e.type = 'plan.expired' and e.core::jsonb->>'planId' = p.id::text) = 1`,
        [ids],
      );
      return rows.length === ids.length ? true : undefined;
    },
    90_000,
  );
}

/** A suspension that waits for a yes, with nothing that runs meanwhile. */
const policy = JSON.stringify({
  apiVersion: 'rescind/v1',
  kind: 'Policy',
  metadata: {
    id: 'TP-001',
    name: 'suspend',
    version: 1,
    title: 'Suspend whom an operator confirmed',
    owner: 'group:soc-l2',
    severity: 'high',
    status: 'draft',
    controls: { soc2: ['CC6.1'] },
    attack: ['T1078.004'],
    reviewBy: '2027-05-01',
    falsePositives: ['a test'],
  },
  mode: 'report-only',
  direct: true,
  directReason: 'a person has judged',
  match: { signals: ['admin_confirmed'], sources: ['operators'], subjects: { kinds: ['person'], excludeGroups: ['break-glass'] } },
  when: 'signal.proof',
  respond: {
    scope: 'person',
    ladder: [{ step: 'suspend', approval: 'socLead', actions: [{ type: 'account.suspend', expires: '4h' }] }],
  },
  approvals: { socLead: { approvers: ['group:soc-l2'], required: 1, notSelf: true, timeout: '24h', onTimeout: 'deny' } },
  tests: [
    { name: 'confirmed', given: {}, expect: { match: true, step: 'suspend', held: 'approval' } },
    {
      name: 'a vague report',
      given: { signals: [{ type: 'admin_confirmed', severity: 'low' }] },
      expect: { match: false, because: 'when' },
    },
    { name: 'break-glass', given: { subject: { groups: ['break-glass'] } }, expect: { match: false, because: 'excluded' } },
    { name: 'unknown device', given: { device: { compliance: 'unknown' }, subject: { tier: 'unknown' } }, expect: { match: true } },
  ],
});
