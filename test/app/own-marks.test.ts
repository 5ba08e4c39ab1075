/** What our own revocations take from a score, and when they take nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sessionsEndedAt } from '../../src/actions/index.ts';
import { createOwnMarks } from '../../src/app/own-marks.ts';
import type { PlannedAction } from '../../src/model/decision.ts';
import { type AccountId, createIdMaker, type DecisionId, type IdentityId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import { type EvidenceState, emptyEvidence } from '../../src/model/risk.ts';
import { assess, parseEvidence, score, scoreWithoutOwn, serialiseEvidence } from '../../src/risk/index.ts';
import { createWorld, done, type PlanChange, type World } from '../actions/world.ts';
import { createFakeAdapter, type FakeAdapter } from '../fakes/adapter.ts';
import { minuteMs, neutral, type Sent, shipped, situationOf, T } from '../risk/support.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const ids = createIdMaker(systemRandom);
const state = { bundle: { risk: shipped }, sourceSince: () => 0, kindOf: () => 'idp' };
const remediation = createOwnMarks({ judging: { state: () => state as never }, log: silentLog });

let database: TestDatabase;
let clock: ManualClock;
let fake: FakeAdapter;
let world: World;
beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(() => {
  clock = createManualClock(T + minuteMs);
  fake = createFakeAdapter();
  world = createWorld({ database, clock, fake, remediation });
});
afterEach(async () => {
  await world.close();
  await database.store.query('truncate plan, action, pause, ledger_entry, ledger_pending');
});
afterAll(() => database?.drop());

const both = ['session.revoke', 'token.revoke'] as const;
const evidenceOf = (...sent: readonly Sent[]): EvidenceState =>
  sent.reduce<EvidenceState>((evidence, each) => assess(situationOf(each, { evidence }), shipped).evidence, emptyEvidence);

async function phished(): Promise<{ identityId: IdentityId; accountId: AccountId }> {
  const person = await world.person();
  await database.store.query(`update identity set evidence = $2, held_level = 'critical', level_due_at = 'infinity' where id = $1`, [
    person.identityId,
    serialiseEvidence(evidenceOf({ type: 'aitm_phishing' }, { type: 'mfa_fatigue' })),
  ]);
  return person;
}

async function standing(id: IdentityId) {
  const { rows } = await database.store.query<{ evidence: string; held: string; dueAt: number | null }>(
    'select evidence, held_level as held, level_due_at as "dueAt" from identity where id = $1',
    [id],
  );
  const row = rows[0] as { evidence: string; held: string; dueAt: number | null };
  const evidence = parseEvidence(row.evidence);
  return { ...row, evidence, marks: evidence.marks.classes, score: score(evidence, T + minuteMs, neutral, shipped).score };
}

async function secondAccount(identityId: IdentityId): Promise<AccountId> {
  const id = ids.next<AccountId>(T);
  await database.store.query(
    `insert into account (id, identity_id, connection, external_id, created_at) values ($1::uuid, $2, 'okta', $1::text, to_timestamp(0))`,
    [id, identityId],
  );
  return id;
}

const plan = (person: { identityId: IdentityId; accountId: AccountId }, decisionId: DecisionId, change: PlanChange = {}) =>
  world.plan({ ...person, change: { types: both, decisionId, ...change } });

describe('sessions and tokens revoked by ourselves', () => {
  it('N16: lower the score and the held level once both are read back, from the start of the first call', async () => {
    const person = await phished();
    const planId = await plan(person, ids.next(T));
    const executor = await world.executor();
    expect(await clock.drive(executor.run(planId))).toEqual(done);
    const [first] = await world.actions(planId);
    expect(await standing(person.identityId)).toMatchObject({
      marks: [['sessions_revoked', '', first?.['intendedAt']]],
      score: 75.0949,
      held: 'high',
      dueAt: null,
    });
  });

  it('of several accounts count when the last one is done, from the earliest call', async () => {
    const person = await phished();
    const decisionId = ids.next<DecisionId>(T);
    const one = await plan(person, decisionId);
    const other = await plan({ ...person, accountId: await secondAccount(person.identityId) }, decisionId);
    const executor = await world.executor();
    await clock.drive(executor.run(one));
    expect((await standing(person.identityId)).marks).toEqual([]);
    await clock.advance(5 * minuteMs);
    await clock.drive(executor.run(other));
    expect((await standing(person.identityId)).marks).toEqual([['sessions_revoked', '', T + minuteMs]]);
  });

  it('of two accounts that end at the same moment are seen by the second', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await phished();
      const decisionId = ids.next<DecisionId>(T);
      const plans = [
        await plan(person, decisionId),
        await plan({ ...person, accountId: await secondAccount(person.identityId) }, decisionId),
      ];
      const executors = [await world.executor(), await world.executor()];
      await clock.drive(Promise.all(plans.map((planId, n) => executors[n]?.run(planId))));
      expect((await standing(person.identityId)).marks).toHaveLength(1);
    }
  });

  it('land on the person into whom this one was merged meanwhile', async () => {
    const [person, survivor] = [await phished(), await phished()];
    const planId = await plan(person, ids.next(T));
    await database.store.query(`update identity set merged_into = $2 where id = $1`, [person.identityId, survivor.identityId]);
    await clock.drive((await world.executor()).run(planId));
    expect((await standing(survivor.identityId)).marks).toHaveLength(1);
    expect((await standing(person.identityId)).marks).toEqual([]);
  });

  it('are kept aside while another part of the decision waits, and that part is judged without them', async () => {
    const person = await phished();
    const decisionId = ids.next<DecisionId>(T);
    const planId = await plan(person, decisionId);
    await plan(person, decisionId, { types: ['account.suspend'], state: 'held' });
    await clock.drive((await world.executor()).run(planId));
    const { evidence, marks, score: whole } = await standing(person.identityId);
    expect(marks).toEqual([]);
    expect(evidence.own).toEqual([[decisionId, 'sessions_revoked', T + minuteMs]]);
    expect(whole).toBe(75.0949);
    expect(scoreWithoutOwn(decisionId, evidence, T + minuteMs, neutral, shipped)).toMatchObject({ score: 93.9966, level: 'critical' });
  });

  it('are written with the end of the plan, or neither is', async () => {
    const person = await phished();
    const planId = await plan(person, ids.next(T));
    const broken = createWorld({
      database,
      clock,
      fake,
      remediation: async (...asked) => {
        const mark = await remediation(...asked);
        return async () => {
          await mark?.();
          throw new Error('the process ends here');
        };
      },
    });
    const doomed = await broken.executor();
    await expect(clock.drive(doomed.run(planId))).rejects.toThrow('the process ends here');
    expect(await world.state(planId)).toMatchObject({ state: 'released' });
    expect((await standing(person.identityId)).marks).toEqual([]);
    await broken.close();
    const executor = await world.executor();
    await clock.drive(executor.recover());
    expect(await world.state(planId)).toMatchObject({ state: 'done' });
    expect((await standing(person.identityId)).marks).toEqual([['sessions_revoked', '', T + minuteMs]]);
  });

  it.each<[string, PlanChange, (provider: FakeAdapter) => void]>([
    ['one session only', { target: { sessionId: 's' } }, () => {}],
    ['sessions without tokens', { types: ['session.revoke'] }, () => {}],
    ['a call that was refused', {}, (provider) => void provider.acts.push({ outcome: 'refused', code: 'x' })],
    [
      'an effect that was not seen',
      {},
      (provider) => {
        provider.readBack = async () => ({ inForce: null, code: 'http.500' });
      },
    ],
    [
      'sessions and tokens that had ended before',
      {},
      (provider) => void provider.acts.push({ outcome: 'already' }, { outcome: 'already' }),
    ],
  ])('take nothing: %s', async (_, change, script) => {
    const person = await phished();
    script(fake);
    if (_ === 'sessions and tokens that had ended before') fake.readBack = async () => ({ inForce: true, residualAccessMs: 0 });
    const planId = await plan(person, ids.next(T), change);
    await clock.drive((await world.executor({ settings: { verifyWithinMs: 0 } })).run(planId));
    expect((await world.state(planId)).state).not.toBe('released');
    expect(await standing(person.identityId)).toMatchObject({ marks: [], held: 'critical', score: 93.9966 });
    expect((await standing(person.identityId)).evidence).not.toHaveProperty('own');
  });

  it('take nothing where the decision also means an account on which nothing was done', async () => {
    const person = await phished();
    const decisionId = ids.next<DecisionId>(T);
    const planId = await plan(person, decisionId);
    await plan({ ...person, accountId: await secondAccount(person.identityId) }, decisionId, { state: 'refused' });
    await clock.drive((await world.executor()).run(planId));
    expect((await standing(person.identityId)).marks).toEqual([]);
  });

  it('end their plan all the same where the evidence cannot be read', async () => {
    const person = await phished();
    await database.store.query(`update identity set evidence = '{' where id = $1`, [person.identityId]);
    const planId = await plan(person, ids.next(T));
    expect(await clock.drive((await world.executor()).run(planId))).toEqual(done);
  });
});

describe('the rule by itself', () => {
  const action = (n: number, change: Partial<PlannedAction> = {}): PlannedAction =>
    ({ id: `a${n}`, type: both[n % 2], accountId: 'x', parameters: { scope: 'all' }, ...change }) as PlannedAction;
  const record = (change: object = {}) => ({ state: 'done', intendedAt: 5, verifiedAt: 9, ...change }) as never;
  const ended = (actions: PlannedAction[], records: Record<string, never>, planState = 'done') =>
    sessionsEndedAt([{ state: planState as never, actions }], new Map(Object.entries(records)) as never);

  it('takes the earlier of two starts, and what was so already only beside something that was done', () => {
    const actions = [action(0), action(1)];
    expect(ended(actions, { a0: record(), a1: record({ intendedAt: 3 }) })).toBe(3);
    expect(ended(actions, { a0: record(), a1: record({ state: 'already', intendedAt: 3 }) })).toBe(3);
    expect(ended(actions, { a0: record({ state: 'already' }), a1: record({ state: 'already' }) })).toBeUndefined();
  });

  it('is not met by a partial plan, a missing record, another scope, or no account', () => {
    const actions = [action(0), action(1)];
    expect(ended(actions, { a0: record(), a1: record() }, 'partial')).toBeUndefined();
    expect(ended(actions, { a0: record() })).toBeUndefined();
    expect(ended(actions, { a0: record(), a1: record({ verifiedAt: null }) })).toBeUndefined();
    expect(ended([action(0), action(1, { parameters: { scope: 'one' } })], { a0: record(), a1: record() })).toBeUndefined();
    expect(ended([action(0, { accountId: null }), action(1, { accountId: null })], { a0: record(), a1: record() })).toBeUndefined();
    expect(sessionsEndedAt([], new Map())).toBeUndefined();
  });
});
