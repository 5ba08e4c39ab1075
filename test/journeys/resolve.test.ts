import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyTlogProof } from '../../src/ledger/verifier/verify.ts';
import type { IdentityId } from '../../src/model/ids.ts';
import type { Caller } from '../../src/server/index.ts';
import { until } from '../fault/world.ts';
import { openPeopleWorld, type PeopleProcess, type PeopleWorld } from './people-world.ts';

const admin: Caller = { name: 'ada', roles: ['admin'] };
const email = (id: string) => ({ format: 'email', email: `${id}@example.com` });
const page = { limit: 50, after: undefined };

let world: PeopleWorld;
let service: PeopleProcess;
beforeAll(async () => {
  world = await openPeopleWorld(['known', 'stranger', 'other', 'late', 'down', 'narrow', 'twin', 'double']);
  service = await world.start([{ id: 'known', emails: ['known@example.com'], accounts: [{ connection: 'sandbox', id: 'known' }] }]);
});
afterAll(() => world?.close());

const rows = (id: string) =>
  world.query('select nth, state, outcome, identity_id, decision_id, supersedes from signal where id = $1 order by nth', [id]);
const latest = async () => String((await world.query('select id from signal order by id desc limit 1'))[0]?.['id']);
const review = async () =>
  (await service.parts.records.signals.list({ review: 'true' }, page, admin)) as readonly Record<string, unknown>[];
const plans = async (id: string) => world.query('select id, state from plan where signal_id = $1', [id]);

describe('a signal whose person is not known', () => {
  it('is decided at once, then asked for at the directories and decided anew, naming the first decision', async () => {
    expect(await service.push(email('stranger'))).toBe(202);
    const id = await latest();
    expect(await rows(id)).toMatchObject([{ nth: 0, state: 'unresolved', outcome: 'unresolved', supersedes: null }]);
    await service.resolve();
    const [first, second, ...more] = await rows(id);
    expect([first, more]).toMatchObject([{ state: 'unresolved' }, []]);
    expect(second).toMatchObject({ nth: 1, state: 'decided', outcome: 'released', supersedes: first?.['decision_id'] });
    // The first entry stays, and the second says which it supersedes.
    const entries = await world.query(
      `select core from ledger_entry where core::jsonb->>'signalId' = $1 and type = 'signal.decided' order by id`,
      [id],
    );
    expect(entries.map(({ core }) => (JSON.parse(String(core)) as { supersedes: unknown }).supersedes)).toEqual([
      null,
      first?.['decision_id'],
    ]);
    for (const { id: plan } of await plans(id)) await service.core.executor.run(plan as never);
    expect(world.provider.sessions('stranger')).toEqual([]);
    expect(await service.parts.replay(String(second?.['decision_id']), 'stored')).toMatchObject({ same: true });
    expect(await service.parts.records.signals.get(id, {}, admin)).toMatchObject({ state: 'decided', identityId: second?.['identity_id'] });
    expect(await service.parts.records.signals.list({ state: 'unresolved' }, page, admin)).toEqual([]);
  });

  it('is found by issuer and subject, too', async () => {
    await service.push({ format: 'iss_sub', iss: world.provider.baseUrl, sub: 'other' });
    const id = await latest();
    await service.resolve();
    expect(await rows(id)).toMatchObject([{ state: 'quarantined' }]);
    const { signalId } = await service.signal({ format: 'iss_sub', iss: world.provider.baseUrl, sub: 'other' });
    await service.resolve();
    expect(await rows(signalId)).toMatchObject([{ state: 'unresolved' }, { state: 'decided' }]);
    const [owner] = await world.query(`select identity_id from account where external_id = 'other'`);
    expect((await rows(signalId))[1]?.['identity_id']).toBe(owner?.['identity_id']);
  });

  it('does not act when it is older than the policy acts on, however late it is resolved', async () => {
    await service.push(email('late'), 86_395);
    const id = await latest();
    await world.pass(6);
    await service.resolve();
    expect(await rows(id)).toMatchObject([{ state: 'unresolved' }, { state: 'decided', outcome: 'none' }]);
    expect(await plans(id)).toEqual([]);
    expect(world.provider.sessions('late')).toHaveLength(1);
  });

  it('is asked for again, ever more seldom, while a directory does not answer, and not without end', async () => {
    world.provider.inject({ kind: 'status', status: 503 });
    const { signalId } = await service.signal(email('down'));
    const asked = () => world.provider.calls.filter(({ path, method }) => method === 'GET' && path.endsWith('/people')).length;
    const before = asked();
    await service.resolve();
    await service.resolve();
    expect(await rows(signalId)).toHaveLength(1);
    expect(asked() - before).toBe(1);
    const waits = [];
    for (let waited = 0; waited < 8 * 3_600; waited += 30) {
      await world.pass(30);
      const until = asked();
      await service.resolve();
      if (asked() > until) waits.push(waited + 30);
    }
    expect(waits).toEqual([30, 150, 630, 2_550, 10_230]);
    const attempts = () => world.query('select attempts, next_at from unresolved where signal_id = $1', [signalId]);
    expect(await attempts()).toEqual([{ attempts: 6, next_at: null }]);
    world.provider.heal();
    // What is learnt in another way still finds it.
    await service.core.syncDirectories(AbortSignal.timeout(10_000));
    await service.resolve();
    expect(await rows(signalId)).toMatchObject([{ state: 'unresolved' }, { state: 'decided' }]);
  });

  it('stands in the list for people after a minute, with its reason; one that nobody can be asked about is never widened', async () => {
    expect(await review()).toEqual([]);
    await service.push({ format: 'complex', session: { format: 'opaque', id: 'somebody-elses-session' } });
    const session = await latest();
    const { signalId } = await service.signal(email('nobody'));
    await world.pass(59);
    await service.resolve();
    expect(await review()).toEqual([]);
    await world.pass(1);
    expect(await review()).toMatchObject([
      { id: signalId, state: 'unresolved', reason: 'subject' },
      { id: session, state: 'unresolved', reason: 'subject', subject: { kind: 'session' } },
    ]);
    await world.pass(4 * 3_600);
    await service.resolve();
    expect(await rows(session)).toMatchObject([{ state: 'unresolved', identity_id: null }]);
    await world.query('delete from unresolved');
  });
});

describe('erasing a person whose first signals were decided before anybody knew them', () => {
  it('takes those decisions along, and leaves their proofs valid', async () => {
    const [person] = await world.query(`select identity_id as id from account where external_id = 'stranger'`);
    const decisions = await world.query(
      `select e.id, sealed_for, sealed_by from signal s join ledger_entry e on e.id = s.decision_id
       where s.id in (select id from signal where identity_id = $1) order by s.nth`,
      [person?.['id']],
    );
    expect(decisions.map(({ sealed_for, sealed_by }) => [sealed_for, sealed_by])).toEqual([
      [person?.['id'], null],
      [person?.['id'], null],
    ]);
    const prove = async () => {
      const keys = await service.parts.ledgerKeys();
      const proofs = await Promise.all(decisions.map(({ id }) => service.parts.proof(String(id), admin)));
      return proofs.map((proof) => verifyTlogProof(String(proof), [...keys]).ok);
    };
    const replay = () => Promise.all(decisions.map(({ id }) => service.parts.replay(String(id), 'stored')));
    expect(await prove()).toEqual([true, true]);
    expect(await replay()).toMatchObject([{ same: true }, { same: true }]);
    await service.core.store.transaction((tx) => service.core.keyring.erasePersonKey(tx, person?.['id'] as IdentityId));
    expect(await prove()).toEqual([true, true]);
    expect(await replay()).toEqual([undefined, undefined]);
  });
});

describe('a signal that may mean two people', () => {
  it('lists both for people, and is decided anew once they are one', async () => {
    await service.core.syncDirectories(AbortSignal.timeout(10_000));
    const holder = async (account: string) =>
      (await world.query('select identity_id as id from account where external_id = $1', [account]))[0]?.['id'] as IdentityId;
    const [twin, double] = [await holder('twin'), await holder('double')];
    await world.query(
      `insert into identifier (format, value, identity_id, source) select 'email', 'desk@example.com', id, 'test' from identity where id = any ($1)`,
      [[twin, double]],
    );
    expect(await service.push(email('desk'))).toBe(202);
    const id = await latest();
    await world.pass(61);
    await service.resolve();
    expect(await review()).toMatchObject([{ id, reason: 'ambiguous', candidates: [twin, double].sort() }]);
    expect(await rows(id)).toHaveLength(1);
    await service.parts.merge(double, twin, 'the same person', admin);
    await service.resolve();
    expect(await rows(id)).toMatchObject([{ state: 'unresolved' }, { state: 'decided', identity_id: twin }]);
    expect(await review()).toEqual([]);
  });
});

describe('two processes that look for the same person', () => {
  it('decide the signal anew once', async () => {
    const other = await world.start([]);
    world.provider.addPerson('fresh');
    const ids = await Promise.all(
      [service, other, service, other].map(async (one) => (await one.signal(email('fresh'), 'mfa_fatigue')).signalId),
    );
    await Promise.all([service.resolve(), other.resolve()]);
    for (const id of ids) expect(await rows(id)).toMatchObject([{ nth: 0 }, { nth: 1, state: 'decided' }]);
    expect(await world.query('select 1 from unresolved')).toEqual([]);
    await other.stop();
  });
});

describe('a process', () => {
  it('looks for them by itself', async () => {
    world.provider.addPerson('hidden');
    const { signalId } = await service.signal(email('hidden'));
    await world.timers.advance(2_000);
    await until('the second decision', async () => ((await rows(signalId)).length === 2 ? true : undefined));
  });
});
