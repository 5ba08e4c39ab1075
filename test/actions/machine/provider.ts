/** A provider with a state: what has reached it took effect, whoever heard the answer. */
import type { ActionOrder, Manifest, ReadBack, Receipt } from '../../../src/adapters/contract.ts';
import type { ActionType } from '../../../src/model/action.ts';

export interface ProviderSettings {
  /** Whether a call that is repeated under its key is known again; providers that take no key do the thing twice. */
  readonly keys: boolean;
  readonly readBack: boolean;
}

export type Order = Pick<ActionOrder, 'idempotencyKey' | 'type' | 'account'>;

export interface Provider {
  readonly manifest: Manifest;
  /** Effects by key. */
  readonly effects: Map<string, number>;
  /** What holds now, and by which key. */
  readonly inForce: Map<string, string>;
  /** A call reaches it. */
  arrive(order: Order): Receipt;
  read(order: Order): ReadBack;
}

const inverses: Readonly<Partial<Record<ActionType, ActionType>>> = { 'account.suspend': 'account.restore', 'group.remove': 'group.add' };
const types: readonly ActionType[] = ['session.revoke', 'account.suspend', 'group.remove', 'account.restore', 'group.add'];
const undoneBy = (type: ActionType) => types.find((each) => inverses[each] === type);

export function createProvider({ keys, readBack }: ProviderSettings): Provider {
  const effects = new Map<string, number>();
  const inForce = new Map<string, string>();
  const place = (type: ActionType, account: string) => `${type} ${account}`;
  return {
    manifest: {
      provider: 'stateful',
      actions: Object.fromEntries(
        types.map((type) => [type, { support: 'full' as const, readBack, inverse: inverses[type] ?? ('none' as const), residual: 'none' }]),
      ),
      permissions: { read: [], write: [] },
      marks: [],
      concurrency: 4,
    },
    effects,
    inForce,
    arrive({ idempotencyKey, type, account }) {
      if (keys && effects.has(idempotencyKey)) return { outcome: 'done', affected: 0 };
      effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1);
      const taken = undoneBy(type);
      if (taken !== undefined) inForce.delete(place(taken, account));
      inForce.set(place(type, account), idempotencyKey);
      const inverse = inverses[type];
      if (inverse !== undefined) inForce.delete(place(inverse, account));
      return { outcome: 'done', affected: 1 };
    },
    read: ({ type, account }) =>
      inForce.has(place(type, account)) ? { inForce: true, residualAccessMs: 0 } : { inForce: false, code: 'notInForce' },
  };
}
