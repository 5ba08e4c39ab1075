/** People become one while signals for them are settled: the batch never gives up for it. */
import { expect, it } from 'vitest';
import type { Log } from '../../src/model/log.ts';
import type { PipelineParts } from '../../src/pipeline/parts.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { markVerified, toItem } from '../../src/signals/index.ts';
import { graphLock } from '../../src/store/graph-lock.ts';
import type { IdentityRow, Opened, SettleSession } from '../../src/store/settle-session.ts';
import { createSettleSession } from '../../src/store/settle-session.ts';
import { createGroupRunner } from '../../src/store/statement-group.ts';
import { testDatabase } from '../support/database.ts';

const at = Date.UTC(2026, 4, 4, 10);
const signalId = '01900000-0000-7000-8000-000000000001';

it('is settled again while nobody may be merged, once somebody was merged away under it', async () => {
  const asked: boolean[] = [];
  const nothing: Opened = {
    at,
    fresh: new Set(),
    retried: new Set(),
    reopened: new Map(),
    identities: [],
    identifiers: [],
    accounts: [],
  };
  const session = {
    async open({ still }: { still: boolean }) {
      asked.push(still);
      const away = { id: 'a', mergedInto: 'b' } as unknown as IdentityRow;
      return still ? nothing : { ...nothing, fresh: new Set([item.key]), identities: [away] };
    },
    repeats: async () => [{ key: item.key, signalId, bodyDigest: item.digest, decisionIds: ['d'] }],
    commit: async () => {},
  } as unknown as SettleSession;
  const item = toItem(
    markVerified({
      type: 'admin_confirmed',
      source: 'operators',
      sourceKind: 'operators',
      cause: 'risk',
      severity: 'medium',
      occurredAt: at,
      receivedAt: at,
      claim: { kind: 'person', person: [{ format: 'alias', value: 'ann' }] },
      facts: {},
      circumstances: {},
      marks: [],
      dedupeKey: 'moved',
      raw: 'moved',
    }),
    { next: () => signalId as never },
  );
  const { settle } = createPipeline({
    judging: () => ({ sourceSince: () => at, bundle: { policies: { detections: [] } } }),
    transaction: (work: (session: SettleSession) => Promise<unknown>) => work(session),
    keys: { connectionKey: async () => undefined },
    committed() {},
    notices: () => [],
    log: { warn() {}, error() {} } as unknown as Log,
  } as unknown as PipelineParts);
  expect(await settle([item])).toEqual([{ signalId, decisionIds: ['d'], repeated: false }]);
  expect(asked).toEqual([false, true]);
});

it('then waits for who writes to the graph, and keeps the next writer waiting until its end', async () => {
  const database = await testDatabase();
  const { store } = database;
  const client = await store.connect();
  try {
    const session = createSettleSession(createGroupRunner(client));
    const order: string[] = [];
    let opening: Promise<unknown> | undefined;
    await store.transaction(async (tx) => {
      await tx.query(graphLock('exclusive'));
      opening = session.open({ keys: [], retried: [], reopened: [], identifiers: [], still: true }).then(() => order.push('settled'));
      await waiting(1);
      order.push('written');
    });
    await opening;
    const next = store.transaction(async (tx) => {
      await tx.query(graphLock('exclusive'));
      order.push('written next');
    });
    await waiting(1);
    order.push('committed');
    await session.commit([]);
    await next;
    expect(order).toEqual(['written', 'settled', 'committed', 'written next']);
  } finally {
    await client.end();
    await database.drop();
  }

  async function waiting(count: number): Promise<void> {
    const { rows } = await store.query<{ count: number }>(
      `select count(*)::int as count from pg_locks where not granted and locktype = 'advisory'
         and database = (select oid from pg_database where datname = current_database())`,
    );
    if (rows[0]?.count !== count) await waiting(count);
  }
});
