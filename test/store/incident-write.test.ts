/** One open incident a signal type, also where two transactions want to open it, and another one after a quiet day. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIdMaker } from '../../src/model/ids.ts';
import { type Gathering, type Hit, insertIncidentCauses } from '../../src/store/incident-write.ts';
import { createSettleConnection, type SettleConnection } from '../../src/store/settle-connection.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const ids = createIdMaker(systemRandom);
const at = Date.UTC(2026, 4, 4, 10);
const dayMs = 86_400_000;
let database: TestDatabase;
let settling: SettleConnection;
beforeAll(async () => {
  database = await testDatabase();
  settling = createSettleConnection(database.store);
});
afterAll(async () => {
  await settling?.close();
  await database?.drop();
});

const hit = (signalType: string, source = 'partner'): Hit => ({ id: ids.next(at), signalType, source, guard: 'people' });
const gather = (hits: readonly Hit[], when: number): Promise<readonly Gathering[]> =>
  settling.transaction(async (session) => {
    await session.open({ keys: [], retried: [], reopened: [], identifiers: [], still: false });
    const found = await session.gather(hits, when);
    const causes = hits.map(({ source, guard, signalType }) => ({
      incidentId: found.find((one) => one.signalType === signalType)?.id as string,
      source,
      guard,
    }));
    await session.commit([insertIncidentCauses(causes)]);
    return found;
  });

it('two transactions that open the same incident open one', async () => {
  const found = await Promise.all(Array.from({ length: 8 }, (_, n) => gather([hit('a'), hit('b')].slice(0, 1 + (n % 2)).reverse(), at)));
  const all = found.flat();
  for (const type of ['a', 'b']) {
    const own = all.filter(({ signalType }) => signalType === type);
    expect(new Set(own.map(({ id }) => id)).size).toBe(1);
    expect(own.filter(({ opened }) => opened)).toHaveLength(1);
  }
});

it('says which sources took part before', async () => {
  await gather([hit('c', 'one')], at);
  await gather([hit('c', 'two')], at);
  const [found] = await gather([hit('c', 'three')], at);
  expect(found).toMatchObject({ opened: false });
  expect([...(found?.sources ?? [])].sort()).toEqual(['one', 'two']);
});

it('after a quiet day the next hit is another incident, and the first is closed', async () => {
  const [first] = await gather([hit('d')], at);
  expect(await gather([hit('d')], at + dayMs)).toMatchObject([{ id: first?.id, opened: false }]);
  const [second] = await gather([hit('d')], at + 2 * dayMs + 1);
  expect(second).toMatchObject({ opened: true });
  const { rows } = await database.store.query<{ state: string }>(`select state from incident where signal_type = 'd' order by opened_at`);
  expect(rows.map(({ state }) => state)).toEqual(['closed', 'open']);
});
