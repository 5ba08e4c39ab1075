/** Events through settle, on PostgreSQL: what they amount to is decided with them, once, and what is kept of them stays small. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Core, startCore } from '../../src/app/core.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { markVerified, toItem } from '../../src/signals/index.ts';
import { sweepRings } from '../../src/store/detection-rings.ts';
import { createManualClock } from '../support/clock.ts';
import { coreOptions } from '../support/core.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const minute = 60_000;
const people = ['alice', 'ben', 'cid', 'dan', 'eve'];
let database: TestDatabase;
/** Two processes on one database. */
let cores: readonly [Core, Core];
let now: number;

beforeAll(async () => {
  database = await testDatabase();
  // Settle takes the database's time, so that events are told relative to it.
  now = Math.floor(Date.now() / (10 * minute)) * 10 * minute - 30 * minute;
  const identities = people.map((id) => ({ id, emails: [`${id}@example.com`] }));
  const start = async () => startCore(await coreOptions(database, { identities }, createManualClock(now)));
  cores = [await start(), await start()];
});
afterAll(async () => {
  for (const core of cores ?? []) await core.stop();
  await database?.drop();
});

let count = 0;
function event(type: string, person: string, at: number, more: Partial<Arrival> = {}) {
  return markVerified<Arrival>({
    type,
    source: 'api:provider',
    sourceKind: 'api',
    cause: 'risk',
    severity: 'medium',
    occurredAt: at,
    receivedAt: at,
    claim: { kind: 'person', person: [{ format: 'email', value: `${person}@example.com` }] },
    facts: {},
    circumstances: {},
    marks: [],
    dedupeKey: `event ${++count}`,
    raw: `body ${count}`,
    ...more,
  });
}

const submit = (arrivals: readonly ReturnType<typeof event>[], core: Core = cores[0]) =>
  core.batcher.submit(arrivals.map((arrival) => toItem(arrival, core.ids)));
const denials = (person: string, minutes: readonly number[]) =>
  minutes.map((each) => event('mfa.push.denied', person, now + each * minute));

async function found(source: string, person?: string) {
  const { rows } = await database.store.query<{ type: string; severity: string; score_e4: number; subject_kind: string; core: string }>(
    `select s.type, s.severity, s.score_e4, s.subject_kind, e.core from signal s join ledger_entry e on e.id = s.decision_id
     where s.source = $1 and ($2::text is null or s.identity_id in (select identity_id from identity_alias where alias = $2)) order by s.id`,
    [source, person ?? null],
  );
  return rows;
}
const rings = async (detection: string) =>
  (
    await database.store.query<{ key_hash: string; state: string }>('select key_hash, state from detection_ring where detection = $1', [
      detection,
    ])
  ).rows;

it('what a detection finds is a signal of the person, believed as the detection says', async () => {
  await submit(denials('alice', [0, 2, 4, 6, 8]));
  // 60 points at a confidence of 0.9, as old as the last denial.
  expect(await found('DT-002', 'alice')).toMatchObject([{ type: 'mfa_fatigue', severity: 'medium', subject_kind: 'person' }]);
  const [{ score_e4: score } = { score_e4: 0 }] = await found('DT-002', 'alice');
  expect(score).toBeGreaterThan(540_000);
  expect(score).toBeLessThan(561_600);
});

it('two processes that see the events of one window at once find it once', async () => {
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    const events = denials('ben', [0, 1, 2, 3, 4, 5]).map((one) =>
      markVerified({ ...one, occurredAt: one.occurredAt - (rounds - round) * 70 * minute }),
    );
    await Promise.all(events.map((one, n) => submit([one], cores[(n % 2) as 0 | 1])));
  }
  expect(await found('DT-002', 'ben')).toHaveLength(rounds);
});

it('a window that was found is not found again after its ring is forgotten', async () => {
  const events = denials('cid', [0, 1, 2, 3, 4]);
  await submit(events);
  await database.store.query('delete from detection_ring');
  await submit(denials('cid', [0.5, 1.5, 2.5, 3.5, 4.5]));
  expect(await found('DT-002', 'cid')).toHaveLength(1);
});

it('a commit that fails at its last moment leaves nothing behind, and the batch that comes again finds the window once', async () => {
  const { store } = database;
  // The sequence remembers through the rollback.
  await store.query('create sequence failures');
  await store.query(`create function fail_once() returns trigger language plpgsql as $$ begin
    if nextval('failures') = 1 then raise exception 'the commit fails' using errcode = '40001'; end if; return null; end $$`);
  await store.query(`create constraint trigger fail_once after insert or update on detection_ring deferrable initially deferred
    for each row execute function fail_once()`);
  await submit(denials('eve', [0, 1, 2, 3, 4]));
  await store.query('drop trigger fail_once on detection_ring');
  expect((await store.query(`select last_value::int as times from failures`)).rows).toEqual([{ times: 2 }]);
  expect(await found('DT-002', 'eve')).toHaveLength(1);
  expect(
    (
      await store.query(
        `select 1 from ledger_entry where type = 'signal.decided' and core like '%"DT-002"%' and core like '%' || $1 || '%'`,
        [(await store.query<{ id: string }>(`select identity_id as id from identity_alias where alias = 'eve'`)).rows[0]?.id],
      )
    ).rowCount,
  ).toBe(1);
});

it('events of nobody we know, of a partner and from the detections themselves count for no person', async () => {
  await submit(denials('somebody-else', [0, 1, 2, 3, 4]));
  await submit(denials('dan', [0, 1, 2, 3, 4]).map((one) => markVerified({ ...one, cause: 'partner' as const })));
  await submit(denials('dan', [5, 6, 7, 8, 9]).map((one) => markVerified({ ...one, source: 'DT-003' })));
  expect(await found('DT-002', 'dan')).toEqual([]);
});

it('five thousand failures from one address leave a ring of bounded size, and nothing in it in clear', async () => {
  const address = '203.0.113.99';
  const failures = Array.from({ length: 5_000 }, (_, n) =>
    event('signin.failed', n % 3 === 0 ? `guess-${n}` : (people[n % people.length] as string), now + n * 200, {
      circumstances: { ip: address },
    }),
  );
  await submit(failures);
  const [ring] = await rings('DT-003');
  expect(await rings('DT-003')).toHaveLength(1);
  expect(Buffer.byteLength(ring?.state ?? '')).toBeLessThan(16_384);
  expect(ring?.state.split('\n')[1]?.split(' ')).toHaveLength(1 + 512);
  expect(`${ring?.key_hash} ${ring?.state}`).not.toMatch(/203\.0\.113|alice|guess|example/);
  // 1,000 seconds from the edge of a slice touch two of them.
  const signals = (await found('DT-003')).filter(({ type }) => type === 'signin_failures');
  expect(signals.map(({ type, subject_kind }) => [type, subject_kind])).toEqual([
    ['signin_failures', 'network'],
    ['signin_failures', 'network'],
  ]);
  for (const { core } of signals) expect(core).not.toContain(address);
});

it('a ring is forgotten once nothing in it matters, and not before', async () => {
  const reach = 48 * 3_600_000 + 10 * minute;
  await database.store.query('delete from detection_ring');
  await submit([event('signin.failed', 'eve', now, { circumstances: { ip: '198.51.100.4' } })]);
  expect(await sweepRings(database.store, now + reach - 1)).toBe(0);
  expect(await sweepRings(database.store, now + reach)).toBe(1);
});
