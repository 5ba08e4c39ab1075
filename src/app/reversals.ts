/** What becomes of an action in force that was found reversed behind our back: respected, put back once, or held. */
import { type Reverser, respectedWordOf } from '../guard/index.ts';
import type { Instant } from '../model/clock.ts';
import type { ActionId, DecisionId } from '../model/ids.ts';
import { putBackType, type ReversalFacts } from '../model/undo.ts';
import { arrivePutBack, toItem } from '../signals/index.ts';
import { again } from '../store/again.ts';
import type { Tx } from '../store/db.ts';
import { changePlans, type LockedPlan, lockPeopleOf, lockPlans, PersonMoved } from '../store/held-plan-write.ts';
import { countReversal, endLifted, openReversals } from '../store/undo-due.ts';
import { endRespected, type FoundReversed, heldPutBacks, lockReversed } from '../store/undo-enabled.ts';
import { closeBegun } from './begun-plans.ts';
import { operatorNames, operatorsBehind } from './operators.ts';
import { factsOf, line } from './plan-steps.ts';
import type { UndoParts } from './undo.ts';

export interface Reversals {
  /** Of an action that was just read as not in force. False where nothing follows now: it is looked at again. */
  seen(actionId: ActionId, at: Instant, readAgainAt: Instant): Promise<boolean>;
  /** Puts back what is to be put back. */
  putBack(): Promise<void>;
}

const atOnce = 64;

export function createReversals(parts: UndoParts): Reversals {
  const { store, batcher, append, telling, ids, clock, log } = parts;

  /** A put-back that waits for a person waits in vain where the reversal stays. */
  async function refuse(tx: Tx, plans: readonly LockedPlan[], at: Instant): Promise<void> {
    const held = plans.filter(({ state }) => state === 'held');
    if (held.length === 0) return;
    await changePlans(
      tx,
      held.map(({ id }) => ({ id, state: 'refused', heldFor: 'respected' })),
      at,
    );
    const ended = held.map(({ id, decisionId }) => ({ planId: id, decisionId: decisionId as DecisionId, code: 'respected' }));
    const refused = held.map((row) => line(parts, 'plan.refused', { ...factsOf(row), by: 'respected' }, at));
    await append(tx, [...(await closeBegun(tx, ids, ended, at)), ...refused]);
  }

  async function respect(tx: Tx, actionId: ActionId, found: FoundReversed, respected: Exclude<Reverser, 'unknown'>, at: Instant) {
    const { planId, by, actor } = found;
    // What waits for a person was counted when it was reversed.
    const times = found.putBack === null || found.putBack === 'done' ? found.times + 1 : found.times;
    await endRespected(tx, actionId, times, at);
    const facts = { actionId, planId, times, respected };
    const who = by === null ? { byIdentityId: String(actor) } : { by };
    await append(tx, [line(parts, 'action.reversed', { ...facts, ...who }, at)]);
    await telling.tell(tx, [{ type: 'action.reversed', about: actionId, data: facts, people: [] }], at);
  }

  async function count(tx: Tx, actionId: ActionId, at: Instant, readAgainAt: Instant): Promise<number | undefined> {
    const counted = await countReversal(tx, actionId, at, readAgainAt);
    if (counted === undefined) return undefined;
    const facts = { actionId, ...counted };
    await append(tx, [line(parts, 'action.reversed', facts, at)]);
    // The first time it is put back; from then on a person must look.
    const data = { ...facts, ...(counted.times > 1 ? { page: true as const } : {}) };
    await telling.tell(tx, [{ type: 'action.reversed', about: actionId, data, people: [] }], at);
    return counted.times;
  }

  async function seenIn(tx: Tx, actionId: ActionId, at: Instant, readAgainAt: Instant): Promise<(() => void) | undefined> {
    if (await endLifted(tx, actionId, at)) return () => {};
    const waiting = await lockWaiting(tx, actionId);
    const found = await lockReversed(tx, actionId, at);
    // What is being put back comes to its end first; a word that comes too late for it is heard when it is said again.
    if (found === undefined || found.deciding || found.putBack === 'released') return undefined;
    if (found.putBack === 'held' && !waiting.some(({ state }) => state === 'held')) return undefined;
    const names = await operatorNames(parts.settings, tx, at);
    const people = await operatorsBehind(parts.settings, tx, found.by === null ? names : [...names, found.by]);
    const respected = respectedWordOf(found, people);
    if (respected !== undefined) {
      await refuse(tx, waiting, at);
      await respect(tx, actionId, found, respected, at);
      return () => log.info({ actionId, respected }, 'action.reversalRespected');
    }
    const times = await count(tx, actionId, at, readAgainAt);
    return times === undefined ? undefined : () => log.warn({ actionId, times }, 'action.reversed');
  }

  async function lockWaiting(tx: Tx, actionId: ActionId): Promise<readonly LockedPlan[]> {
    const planIds = await heldPutBacks(tx, actionId);
    if (planIds.length === 0) return [];
    await lockPeopleOf(tx, planIds);
    return lockPlans(tx, planIds);
  }

  return {
    async seen(actionId, at, readAgainAt) {
      const tell = await again(
        () => store.transaction((tx) => seenIn(tx, actionId, at, readAgainAt)),
        (error) => error instanceof PersonMoved,
      );
      tell?.();
      return tell !== undefined;
    },
    async putBack() {
      const at = clock.now();
      if (!parts.knows(putBackType)) return;
      const reversed = await openReversals(store, atOnce);
      if (reversed.length === 0) return;
      await batcher.submit(
        reversed.map(({ actionId, identityId, accountId, connection, type, parameters, cause, times }) => {
          const facts: ReversalFacts = { actionId, type, connection, accountId, parameters, reversed: times };
          return toItem(arrivePutBack({ identityId, facts, attempt: times, receivedAt: at }, cause), ids);
        }),
      );
    },
  };
}
