/** How every action on Okta goes: read fresh, leave alone what is there already, act, and where Okta refuses look once more. */
import type { Clock } from '../../../model/clock.ts';
import type { ActionOrder, AdapterStorage, ReadBack, Receipt } from '../../contract.ts';
import type { OktaClient } from '../client.ts';
import { OktaFailure, receiptOf, toFailure, unseen } from '../failure.ts';
import type { LogProofs } from '../log-proofs.ts';
import type { OktaSettings } from '../settings.ts';
import type { Errand } from '../transport.ts';
import type { BlockZone } from './ip-block.ts';

export interface Tools {
  readonly okta: OktaClient;
  readonly proofs: LogProofs;
  readonly zone: BlockZone;
  readonly settings: OktaSettings;
  readonly storage: AdapterStorage;
  readonly clock: Clock;
}

export interface VerbParts<State> {
  /** Why it cannot be carried out as it was ordered; then nothing is asked. */
  fault?(order: ActionOrder, settings: OktaSettings): string | undefined;
  read(order: ActionOrder, errand: Errand, tools: Tools): Promise<State>;
  /** Why it is not in force; undefined where it is. */
  open(state: State, order: ActionOrder): string | undefined;
  /** Why it must not or cannot be done in this state; then nothing is written. */
  bar?(state: State, order: ActionOrder): string | undefined;
  /** Answers how many things it changed. */
  write(state: State, order: ActionOrder, errand: Errand, tools: Tools): Promise<number>;
  /** How long access lives on that it does not end, in milliseconds. Default 0. */
  residualMs?(state: State, order: ActionOrder, errand: Errand, tools: Tools): Promise<number>;
}

export interface Verb {
  act(order: ActionOrder, tools: Tools): Promise<Receipt>;
  readBack(order: ActionOrder, tools: Tools): Promise<ReadBack>;
}

/** Okta takes no idempotency key, so what was done under one is kept as long as any plan may live. */
const doneKind = 'done';
const keptMs = 8 * 86_400_000;

export function defineVerb<State>(parts: VerbParts<State>): Verb {
  const isInForce = async (order: ActionOrder, errand: Errand, tools: Tools) => {
    const state = await parts.read(order, errand, tools).catch(() => undefined);
    return state !== undefined && parts.open(state, order) === undefined;
  };

  return {
    async act(order, tools) {
      if (order.signal.aborted) return { outcome: 'failed', code: 'aborted' };
      const fault = parts.fault?.(order, tools.settings);
      if (fault !== undefined) return { outcome: 'refused', code: fault };
      if (await tools.storage.get(doneKind, order.idempotencyKey)) return { outcome: 'already' };
      const errand: Errand = { urgency: 'action', signal: order.signal };
      let affected: number;
      try {
        const state = await parts.read(order, errand, tools);
        if (parts.open(state, order) === undefined) return { outcome: 'already' };
        const bar = parts.bar?.(state, order);
        if (bar !== undefined) return { outcome: 'refused', code: bar };
        affected = await parts.write(state, order, errand, tools);
      } catch (error) {
        const failure = toFailure(error);
        const { status } = failure.facts;
        // Somebody may have done it since it was read: then Okta refuses to do it twice.
        if ((status === 400 || status === 403) && (await isInForce(order, errand, tools))) return { outcome: 'already' };
        return receiptOf(failure);
      }
      await tools.storage.put(doneKind, order.idempotencyKey, { value: {}, expiresAt: tools.clock.now() + keptMs });
      return { outcome: 'done', affected };
    },

    async readBack(order, tools) {
      const fault = parts.fault?.(order, tools.settings);
      if (fault !== undefined) return { inForce: null, code: fault };
      const errand: Errand = { urgency: 'readBack', signal: order.signal };
      try {
        const state = await parts.read(order, errand, tools);
        const code = parts.open(state, order);
        if (code !== undefined) return { inForce: false, code };
        return { inForce: true, residualAccessMs: (await parts.residualMs?.(state, order, errand, tools)) ?? 0 };
      } catch (error) {
        return unseen(toFailure(error));
      }
    },
  };
}

/** For a write that follows another of the same action: when it fails the action has had part of its effect, and is to be looked at. */
export async function following<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw new OktaFailure({ ...toFailure(error).facts, outcome: 'unknown' });
  }
}
