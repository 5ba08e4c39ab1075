/**
 * Many orders at once against an organisation that allows few calls: `node test/adapters/okta/flood.ts --calls 10 --orders 50` prints what
 * became of them, and how many calls of a kind the busiest second saw.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startOkta } from '../../fakes/okta.ts';
import { connect } from './bench.ts';

export interface FloodResult {
  readonly done: number;
  readonly others: number;
  /** Calls that the organisation refused for being too many. */
  readonly above: number;
  /** Most calls of one kind in a window. */
  readonly busiest: number;
  /** How many of the orders' calls went out after the first of a directory reading that was asked for in their midst. */
  readonly afterDirectory: number;
  readonly elapsedMs: number;
}

/** `calls` a second for each kind of call; every order is a reading and a write. */
export async function flood({ calls, orders }: { readonly calls: number; readonly orders: number }): Promise<FloodResult> {
  const standIn = await startOkta({ people: orders });
  standIn.limits.share = 1;
  standIn.limits.set('all', { calls, perMs: 1_000 });
  const connection = await connect(standIn);
  const begun = performance.now();
  const signal = AbortSignal.timeout(300_000);
  const order = (n: number) => ({
    idempotencyKey: randomUUID(),
    type: 'account.suspend' as const,
    account: standIn.person(`p${n + 1}@example.com`).id,
    parameters: {},
    intendedAt: Date.now(),
    signal,
  });
  const acting = Array.from({ length: orders }, (_, n) => connection.adapter.act(order(n)));
  const first = standIn.person('p1@example.com').id;
  // The same kind of call as the orders' own readings, and less urgent; asked for while most of them wait.
  while (standIn.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const finding = connection.adapter.find?.({ format: 'provider_id', value: `okta-main ${first}` }, signal);
  const receipts = await Promise.all(acting);
  await finding;
  const elapsedMs = Math.round(performance.now() - begun);
  const done = receipts.filter(({ outcome }) => outcome === 'done').length;
  // The first order's account is read twice: for the order, and for the directory.
  const reads = standIn.calls.filter(({ route }) => route === '/api/v1/users/{userId}');
  const windows = Map.groupBy(standIn.calls, ({ at, route }) => `${Math.floor(at / 1_000)} ${route}`);
  const above = Object.values(standIn.limits.above).reduce((sum, n) => sum + n, 0);
  await connection.close();
  await standIn.close();
  return {
    done,
    others: receipts.length - done,
    above,
    busiest: Math.max(...[...windows.values()].map((window) => window.length)),
    afterDirectory: reads.length - 1 - reads.findLastIndex(({ path }) => path === `/api/v1/users/${first}`),
    elapsedMs,
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { calls: { type: 'string', default: '10' }, orders: { type: 'string', default: '50' } } });
  process.stdout.write(`${JSON.stringify(await flood({ calls: Number(values.calls), orders: Number(values.orders) }))}\n`);
}
