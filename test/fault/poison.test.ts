import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { adminToken, type FaultWorld, openWorld, type Service, until } from './world.ts';

const established = 'https://schemas.openid.net/secevent/caep/event-type/session-established';
const assurance = 'https://schemas.openid.net/secevent/caep/event-type/assurance-level-change';

let world: FaultWorld;
let service: Service;
beforeAll(async () => {
  world = await openWorld(await testDatabase(), 256);
  service = await world.start();
});
afterAll(() => world?.close());

const query = async <T extends Record<string, unknown>>(text: string) => (await world.database.store.query<T>(text)).rows;

describe('256 pushes at once, with two that cannot be decided and an oversized body beside them', () => {
  it('254 are decided, two are undecided with their reason, one is answered 413', async () => {
    // A step throws for the first: its person's evidence is damaged. The database refuses the second: a constraint that no door knows.
    await query(`update identity set evidence = '{damaged' where id in (select identity_id from account where external_id = 'person-7')`);
    await query(`alter table signal add constraint planted check (type <> 'assurance_level_change')`);
    const tokens = await Promise.all(
      world.people.map((person, n) =>
        n === 9
          ? world.sign(person, assurance, { namespace: 'NIST-AAL', current_level: 'nist-aal2' })
          : world.sign(person, established, {}),
      ),
    );
    // One batch is held up, so that all others gather behind it.
    const blocker = await world.database.store.connect();
    await blocker.query('begin');
    await blocker.query('lock table dedupe in exclusive mode');
    const first = world.push(service.origin, await world.sign('person-0', established, {}));
    await until('the batch that waits', async () =>
      (await query(`select 1 from pg_locks where not granted limit 1`)).length > 0 ? true : undefined,
    );
    const answers = tokens.map((token) => world.push(service.origin, token));
    const oversized = world.push(service.origin, 'x'.repeat(1_000_000));
    expect(await oversized).toBe(413);
    await blocker.query('rollback');
    await blocker.end();
    expect(await first).toBe(202);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([202]));

    const [counts] = await query<{ decided: number; undecided: number }>(
      `select (select count(*)::int from signal where type = 'session_established') as decided, (select count(*)::int from undecided) as undecided`,
    );
    expect(counts).toEqual({ decided: 255, undecided: 2 });
    const reasons = await query<{ reason: string; attempts: number }>('select reason, attempts from undecided order by reason');
    expect(reasons).toEqual([
      { reason: 'database refused: 23514', attempts: 1 },
      { reason: 'step failed: Error', attempts: 1 },
    ]);
    expect((await query(`select 1 from ledger_entry where type = 'signal.undecided'`)).length).toBe(2);
  });

  it('and they stand in the list of signals as undecided', async () => {
    const response = await fetch(`${service.origin}/api/v1/signals?state=undecided`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const { items } = (await response.json()) as { items: { state: string; reason: string; decisionId: null }[] };
    expect(items.map(({ state, decisionId }) => ({ state, decisionId }))).toEqual([
      { state: 'undecided', decisionId: null },
      { state: 'undecided', decisionId: null },
    ]);
  });

  it('once the cause is mended, they are settled again under their old names', async () => {
    const before = await query<{ id: string }>('select signal_id as id from undecided order by 1');
    await query(`update identity set evidence = '' where evidence = '{damaged'`);
    await query('alter table signal drop constraint planted');
    await query(`update undecided set next_at = created_at`);
    await until('nothing undecided', async () => ((await query('select 1 from undecided')).length === 0 ? true : undefined));
    const after = await query<{ id: string }>(
      `select id from signal where id = any (array['${before.map((row) => row.id).join("','")}']::uuid[]) and state = 'decided' order by 1`,
    );
    expect(after).toEqual(before);
  });
});

it('after the fifth attempt a signal is left for a person', async () => {
  await query(`update identity set evidence = '{damaged' where id in (select identity_id from account where external_id = 'person-11')`);
  expect(await world.push(service.origin, await world.sign('person-11', established, {}))).toBe(202);
  await query('update undecided set attempts = 4, next_at = created_at');
  const [row] = await until('the fifth attempt', async () => {
    const rows = await query<{ attempts: number; next: number | null }>('select attempts, next_at as next from undecided');
    return rows[0]?.attempts === 5 ? rows : undefined;
  });
  expect(row).toEqual({ attempts: 5, next: null });
});

it('while the database is away nothing is accepted, and the sender is told when to come again', async () => {
  const token = await world.sign('person-20', established, {});
  await world.postgres.close();
  const response = await fetch(`${service.origin}/ssf/events/partner`, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt', authorization: 'Bearer partner-secret' },
    body: token,
  });
  expect(response.status).toBe(503);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  // Only the push of the batch above.
  expect(
    (await query(`select 1 from signal s join account a on a.identity_id = s.identity_id where a.external_id = 'person-20'`)).length,
  ).toBe(1);
});
