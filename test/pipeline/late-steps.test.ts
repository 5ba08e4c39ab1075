/** What goes wrong behind judging, where several signals are already one write: still only the culprit pays. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Core, startCore } from '../../src/app/core.ts';
import type { Arrival } from '../../src/model/signal.ts';
import { itemAgain, markVerified, toItem } from '../../src/signals/index.ts';
import { createManualClock } from '../support/clock.ts';
import { coreOptions } from '../support/core.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const clock = createManualClock(Date.UTC(2026, 4, 4, 10));
let database: TestDatabase;
let core: Core;
beforeAll(async () => {
  database = await testDatabase();
  core = await startCore(await coreOptions(database, {}, clock));
});
afterAll(async () => {
  await core?.stop();
  await database?.drop();
});

let count = 0;
function arrival(more: Partial<Arrival> = {}) {
  const at = clock.now();
  return markVerified<Arrival>({
    type: 'admin_confirmed',
    source: 'operators',
    sourceKind: 'operators',
    cause: 'risk',
    severity: 'medium',
    occurredAt: at,
    receivedAt: at,
    claim: { kind: 'person', person: [{ format: 'email', value: 'nobody@example.com' }] },
    facts: {},
    circumstances: {},
    marks: [],
    dedupeKey: `late ${++count}`,
    raw: `body ${count}`,
    ...more,
  });
}

const undecided = async () =>
  (
    await database.store.query<{ id: string; reason: string; attempts: number }>(
      `select signal_id as id, reason, attempts from undecided order by id`,
    )
  ).rows;

it('a signal whose entry cannot be written is stored as undecided, and its neighbours are decided', async () => {
  const bad = arrival({ facts: { count: Number.NaN } });
  const items = [arrival(), arrival(), bad, arrival(), arrival()].map((one) => toItem(one, core.ids));
  const answers = await core.batcher.submit(items);
  expect(answers.map((answer) => answer.decisionIds.length)).toEqual([1, 1, 0, 1, 1]);
  expect(await undecided()).toEqual([{ id: items[2]?.signalId, reason: 'step failed: ledger.notCanonical', attempts: 1 }]);
});

it('an undecided signal that another process has settled meanwhile is left as it is, whatever became of ours', async () => {
  const bad = arrival({ facts: { count: Number.NaN } });
  const item = toItem(bad, core.ids);
  await core.batcher.submit([item]);
  await database.store.query('delete from undecided where signal_id = $1', [item.signalId]);
  const neighbour = toItem(arrival(), core.ids);
  const [late, decided] = await core.batcher.submit([itemAgain(bad, item.signalId, 1), neighbour]);
  expect(late?.decisionIds).toEqual([]);
  expect(decided?.decisionIds.length).toBe(1);
  expect((await undecided()).map(({ id }) => id)).not.toContain(item.signalId);
});

it('an undecided signal that the database refuses again counts a further attempt', async () => {
  await database.store.query(`alter table signal add constraint planted check (source <> 'api:planted')`);
  const item = toItem(arrival({ source: 'api:planted', sourceKind: 'api' }), core.ids);
  expect((await core.batcher.submit([item]))[0]?.decisionIds).toEqual([]);
  await core.batcher.submit([itemAgain(item.arrival, item.signalId, 1), toItem(arrival(), core.ids)]);
  expect((await undecided()).find(({ id }) => id === item.signalId)).toEqual({
    id: item.signalId,
    reason: 'database refused: 23514',
    attempts: 2,
  });
  // Another process took it, and its word stands: ours must not be a second row.
  await database.store.query('delete from undecided where signal_id = $1', [item.signalId]);
  await core.batcher.submit([itemAgain(item.arrival, item.signalId, 2)]);
  expect((await undecided()).map(({ id }) => id)).not.toContain(item.signalId);
});
