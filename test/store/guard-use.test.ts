import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { DecisionId } from '../../src/model/ids.ts';
import { sweepGuardUses } from '../../src/store/guard-use.ts';
import { insertLimitHits, judgeLimitHits } from '../../src/store/limit-hits.ts';
import { createSettleSession } from '../../src/store/settle-session.ts';
import type { Statement } from '../../src/store/statement.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const now = Date.UTC(2026, 4, 4, 10);
const minute = 60_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());
beforeEach(() => database.store.query('truncate guard_use, limit_hit'));

const planId = (n: number) => `01970000-0000-7000-8000-00000000000${n}`;

async function use(scope: string, subject: string, at: number, plan = planId(0)): Promise<void> {
  await database.store.query(`insert into guard_use (scope, subject, plan_id, at) values ($1, $2, $3, to_timestamp($4::float8 / 1000))`, [
    scope,
    subject,
    plan,
    at,
  ]);
}

const session = () =>
  createSettleSession(async (statements) => {
    const results = [];
    for (const { text, values } of statements) {
      const { rows } = await database.store.query(text, [...values]);
      results.push({ rows, tag: '' });
    }
    return results as never;
  });

it('uses are kept as long as the longest window, and no longer', async () => {
  const days = 86_400_000;
  await use('people', 'old', now - 90 * days);
  await use('people', 'new', now - 90 * days + 1);
  expect(await sweepGuardUses(database.store, now)).toBe(1);
  expect((await database.store.query('select subject from guard_use')).rows).toEqual([{ subject: 'new' }]);
});

it('others are counted in a window, and the ones who ask are found with their latest use', async () => {
  await use('people', 'ann', now - 50 * minute);
  await use('people', 'ben', now - 70 * minute);
  await use('cooldown:action:session.revoke', 'account-1', now - 40 * minute);
  await use('cooldown:action:session.revoke', 'account-1', now - 10 * minute);
  await use('cooldown:action:session.revoke', 'account-2', now - 10 * minute);
  const counted = await session().count(
    [
      { scope: 'people', windowMs: 60 * minute },
      { scope: 'cooldown:action:session.revoke', windowMs: 60 * minute, own: true },
    ],
    ['ann', 'account-1'],
    now,
  );
  expect(counted.readings).toEqual([{ scope: 'people', windowMs: 60 * minute, used: 1 }]);
  expect([...counted.present].sort((a, b) => (a.scope < b.scope ? -1 : 1))).toEqual([
    { scope: 'cooldown:action:session.revoke', subject: 'account-1', at: now - 10 * minute },
    { scope: 'people', subject: 'ann', at: now - 50 * minute },
  ]);
});

it('what a plan did not do may be tried again, and still counts against others', async () => {
  const states = ['released', 'done', 'undone', 'failed', 'partial', 'refused', 'held'];
  for (const [n, state] of states.entries()) {
    await database.store.query(
      `insert into plan (id, decision_id, signal_id, lane, connection, actions, cause, source, profile, state, created_at, deadline_at)
       values ($1, $1, $1, 'lane', 'okta', '[]', 'risk', 'okta', 'standard', $2, to_timestamp(0), to_timestamp(0))`,
      [planId(n + 1), state],
    );
    await use('cooldown:action:session.revoke', state, now - minute, planId(n + 1));
    await use('people', state, now - minute, planId(n + 1));
  }
  const scopes = { action: 'cooldown:action:session.revoke', people: 'people' };
  const found = async (questions: Parameters<ReturnType<typeof session>['count']>[0]) => {
    const { present } = await session().count(questions, states, now);
    return present.map(({ scope, subject }) => `${scope} ${subject}`).sort();
  };
  expect(await found([{ scope: scopes.action, windowMs: 60 * minute, own: true }])).toEqual(
    ['done', 'released', 'undone'].map((state) => `${scopes.action} ${state}`),
  );
  expect(await found([{ scope: scopes.people, windowMs: 60 * minute }])).toEqual([...states].sort().map((state) => `people ${state}`));
});

const decisionId = (n: number) => `01970000-0000-7000-9000-00000000000${n}` as DecisionId;
const run = ({ text, values }: Statement) => database.store.query(text, [...values]);

it('a window that was full stays where it was until one of the decisions that met it is judged', async () => {
  const hours = 60 * minute;
  const question = { scope: 'source:idp', windowMs: 24 * hours };
  await use('source:idp', 'ann', now - 60 * hours);
  await use('source:idp', 'ben', now - 40 * hours);
  await use('source:idp', 'cid', now - 2 * hours);
  await run(insertLimitHits([{ scope: 'source:idp', decisionId: decisionId(1) }], now - 39 * hours));
  await run(
    insertLimitHits(
      [
        { scope: 'source:idp', decisionId: decisionId(2) },
        { scope: 'source:idp', decisionId: decisionId(1) },
      ],
      now - hours,
    ),
  );
  const count = () => session().count([question], ['ann', 'ben'], now);
  expect(await count()).toEqual({
    readings: [{ ...question, used: 3, from: now - 63 * hours }],
    present: [
      { scope: 'source:idp', subject: 'ann', at: now - 60 * hours },
      { scope: 'source:idp', subject: 'ben', at: now - 40 * hours },
    ],
  });
  await run(judgeLimitHits([decisionId(3)], now));
  expect((await count()).readings).toMatchObject([{ used: 3 }]);
  await run(judgeLimitHits([decisionId(2)], now));
  expect(await count()).toEqual({ readings: [{ ...question, used: 1 }], present: [] });
});

it('what fills a window that nobody has judged is kept however old it is, and what was judged is forgotten with the rest', async () => {
  const days = 86_400_000;
  await use('source:idp', 'ann', now - 91 * days);
  await use('source:other', 'ann', now - 91 * days);
  await run(insertLimitHits([{ scope: 'source:idp', decisionId: decisionId(1) }], now - 91 * days));
  expect(await sweepGuardUses(database.store, now)).toBe(1);
  expect((await database.store.query('select scope from guard_use')).rows).toEqual([{ scope: 'source:idp' }]);
  await run(judgeLimitHits([decisionId(1)], now - 90 * days));
  await sweepGuardUses(database.store, now);
  await sweepGuardUses(database.store, now);
  expect((await database.store.query('select from guard_use')).rowCount).toBe(0);
  expect((await database.store.query('select from limit_hit')).rowCount).toBe(0);
});

it('the most of any window before is known, where a limit grows with it', async () => {
  const days = 86_400_000;
  for (const [person, ago] of [
    ['ann', 0.5],
    ['ann', 5.1],
    ['ben', 5.2],
    ['ben', 5.3],
    ['cid', 5.9],
    ['dan', 80],
    ['eve', 91],
  ] as const)
    await use('leavers', person, now - ago * days);
  const question = { scope: 'leavers', windowMs: days, growing: { overMs: 90 * days } };
  expect((await session().count([question], [], now)).readings).toEqual([{ scope: 'leavers', windowMs: days, used: 1, highest: 3 }]);
  expect((await session().count([{ ...question, scope: 'leavers:sandbox' }], [], now)).readings).toMatchObject([{ used: 0, highest: 0 }]);
});
