/** A stateful provider in memory behind the adapter contract: counts calls and effects, answers as scripted, then as a good provider would. */
import type { ActionOrder, Adapter, Manifest, ReadBack, Receipt } from '../../src/adapters/contract.ts';
import type { ActionType } from '../../src/model/action.ts';

/** `lost`: the effect takes place, the answer does not arrive. `hang`: nothing comes until the signal. `deaf`: not even then. */
export type ActStep = Receipt | 'lost' | 'hang' | 'deaf' | 'throw';
export type ReadStep = ReadBack | 'hang' | 'throw';

export interface FakeCall {
  readonly type: ActionType;
  readonly account: string;
  readonly key: string;
  readonly intendedAt: number;
  readonly parameters: ActionOrder['parameters'];
}

export interface FakeAdapter extends Adapter {
  readonly calls: FakeCall[];
  readonly reads: FakeCall[];
  /** Effects by idempotency key: more than one is a fault. */
  readonly effects: Map<string, number>;
  /** Answers of the next calls, first in first out. */
  readonly acts: ActStep[];
  readonly readSteps: ReadStep[];
  /** Called at the beginning of each call. */
  onAct: (order: ActionOrder) => void | Promise<void>;
  /** Accounts on which every call hangs until its signal. */
  readonly hanging: Set<string>;
  /** Most calls that were under way at once. */
  peak: number;
}

export function createFakeAdapter(options: { concurrency?: number; readBack?: boolean; types?: readonly ActionType[] } = {}): FakeAdapter {
  const types = options.types ?? ['session.revoke', 'token.revoke', 'account.suspend'];
  const manifest: Manifest = {
    provider: 'fake',
    actions: Object.fromEntries(
      types.map((type) => [
        type,
        { support: 'full' as const, readBack: options.readBack ?? true, inverse: 'none' as const, residual: 'nothing' },
      ]),
    ),
    permissions: { read: [], write: [] },
    marks: [],
    concurrency: options.concurrency ?? 4,
  };
  const inForce = new Set<string>();
  const stateKey = (order: ActionOrder) => `${order.type} ${order.account}`;
  const seen = (order: ActionOrder): FakeCall => ({
    type: order.type,
    account: order.account,
    key: order.idempotencyKey,
    intendedAt: order.intendedAt,
    parameters: order.parameters,
  });
  const aborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  let underWay = 0;

  const fake: FakeAdapter = {
    manifest,
    calls: [],
    reads: [],
    effects: new Map(),
    acts: [],
    readSteps: [],
    onAct: () => {},
    hanging: new Set(),
    peak: 0,
    async act(order): Promise<Receipt> {
      fake.calls.push(seen(order));
      underWay += 1;
      fake.peak = Math.max(fake.peak, underWay);
      try {
        await fake.onAct(order);
        const step = fake.acts.shift();
        if (step === 'deaf') return await new Promise<never>(() => {});
        if (step === 'hang' || fake.hanging.has(order.account)) {
          await aborted(order.signal);
          return { outcome: 'unknown', code: 'aborted' };
        }
        if (step === 'throw') throw new Error('boom');
        if (step !== undefined && step !== 'lost' && step.outcome !== 'done') return step;
        if (fake.effects.has(order.idempotencyKey)) return { outcome: 'done', affected: 0 };
        if (inForce.has(stateKey(order))) return { outcome: 'already' };
        inForce.add(stateKey(order));
        fake.effects.set(order.idempotencyKey, (fake.effects.get(order.idempotencyKey) ?? 0) + 1);
        return step === 'lost' ? { outcome: 'unknown', code: 'timeout' } : (step ?? { outcome: 'done', affected: 1 });
      } finally {
        underWay -= 1;
      }
    },
    async readBack(order): Promise<ReadBack> {
      fake.reads.push(seen(order));
      const step = fake.readSteps.shift();
      if (step === 'hang') await aborted(order.signal);
      if (step === 'throw') throw new Error('boom');
      if (step !== undefined && step !== 'hang') return step;
      return inForce.has(stateKey(order)) ? { inForce: true, residualAccessMs: 300_000 } : { inForce: false, code: 'stillActive' };
    },
    async probe() {
      return [];
    },
  };
  return fake;
}
