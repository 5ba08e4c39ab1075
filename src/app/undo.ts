/**
 * What is done to actions in force when their time comes: undone at their end, announced before it, read again while they last, put back
 * where somebody reversed them. All of it enters as signals; nothing here acts by itself.
 */
import type { ReadBack } from '../adapters/contract.ts';
import type { AppendEntries } from '../ledger/index.ts';
import type { ActionParameters, ActionType } from '../model/action.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { EntryId, IdMaker } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import { putBackType, type ReversalFacts, undoType } from '../model/undo.ts';
import { arrivePutBack, arriveUndo, type Batcher, type Item, toItem } from '../signals/index.ts';
import type { Tx } from '../store/db.ts';
import type { Store } from '../store/open.ts';
import {
  countReversal,
  type DueRead,
  type DueUndo,
  endLifted,
  openReversals,
  rearmUndos,
  takeDueReads,
  takeDueUndos,
  writeRead,
} from '../store/undo-due.ts';
import type { ConnectedAdapters } from './adapters.ts';
import type { Telling } from './telling.ts';
import { tellEnding, tellFinished } from './undo-notices.ts';

export interface UndoParts {
  readonly store: Store;
  readonly batcher: Batcher<Item, unknown>;
  readonly append: AppendEntries<Tx>;
  readonly adapters: Pick<ConnectedAdapters, 'get'>;
  readonly telling: Pick<Telling, 'tell'>;
  /** Whether the active risk model has a signal type: without it nothing can be settled, and what is due waits. */
  knows(type: string): boolean;
  readonly ids: IdMaker;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Undos {
  /** Undoes and announces what is due; answers how many are undone. */
  look(): Promise<number>;
  /** Reads what is due and puts back what was reversed; answers how many were read. */
  watch(stop: AbortSignal): Promise<number>;
}

const atOnce = 64;
/** Another process takes up what one has left lying. */
const leaseMs = 5_000;
/** Beside the calls that plans make. */
const readsAtOnce = 8;
const readLeaseMs = 120_000;
const readTimeoutMs = 10_000;
/** Minutes from one reading to the next: 1, 5, 15 and 60 after the act, then each hour. */
const readMinutes = [1, 4, 10, 45, 60];
/** From here on somebody should look why it does not work. */
const alarmTries = 3;

export function createUndos(parts: UndoParts): Undos {
  const { store, batcher, append, adapters, telling, ids, clock, log } = parts;

  async function undoSome(): Promise<number> {
    const at = clock.now();
    if (!parts.knows(undoType)) return 0;
    const due = await takeDueUndos(store, at, at + leaseMs, atOnce);
    if (due.length > 0) await batcher.submit(due.map((row) => toItem(undoOf(row, at), ids)));
    return due.length;
  }

  async function readOne(row: DueRead, stop: AbortSignal): Promise<void> {
    const seen = await readBack(row, stop);
    const at = clock.now();
    const nextAt = at + readDelayMs(row.reads + 1);
    if (seen.inForce === false) {
      const done = await store.transaction((tx) => reversedBy(tx, row, at));
      if (done) return;
    }
    await writeRead(store, row.actionId, seen.inForce === null ? row.reads : row.reads + 1, seen.inForce === null ? at + 60_000 : nextAt);
  }

  async function reversedBy(tx: Tx, { actionId }: DueRead, at: Instant): Promise<boolean> {
    if (await endLifted(tx, actionId, at)) return true;
    const counted = await countReversal(tx, actionId, at, at + readDelayMs(0));
    if (counted === undefined) return false;
    const { planId, times } = counted;
    const facts = { actionId, planId, times };
    await append(tx, [{ id: ids.next<EntryId>(at), type: 'action.reversed', at, core: facts, pii: null }]);
    // The first time it is put back; from then on a person must look.
    await telling.tell(
      tx,
      [{ type: 'action.reversed', about: actionId, data: { ...facts, ...(times > 1 ? { page: true } : {}) }, people: [] }],
      at,
    );
    log.warn({ actionId, times }, 'action.reversed');
    return true;
  }

  async function readBack({ connection, type, parameters, account, doneAt }: DueRead, stop: AbortSignal): Promise<ReadBack> {
    const adapter = adapters.get(connection);
    if (adapter === undefined || account === null) return { inForce: null, code: 'noAccount' };
    const order = { idempotencyKey: '', type, account, parameters: JSON.parse(parameters) as ActionParameters, intendedAt: doneAt };
    const cut = new AbortController();
    const timer = clock.after(readTimeoutMs, () => cut.abort());
    try {
      return await adapter.readBack({ ...order, signal: AbortSignal.any([stop, cut.signal]) });
    } catch {
      return { inForce: null, code: 'threw' };
    } finally {
      timer.cancel();
    }
  }

  async function putBackSome(): Promise<void> {
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
  }

  return {
    async look() {
      if (!parts.knows(undoType)) log.error({ type: undoType }, 'undo.typeMissing');
      for (const { actionId, tries } of await rearmUndos(store, clock.now()))
        if (tries >= alarmTries) log.error({ actionId, tries }, 'undo.failing');
        else log.warn({ actionId, tries }, 'undo.again');
      await tellEnding(parts);
      let count = 0;
      for (let some = atOnce; some === atOnce; count += some) some = await undoSome();
      await tellFinished(parts);
      return count;
    },
    async watch(stop) {
      const at = clock.now();
      const due = await takeDueReads(store, at, at + readLeaseMs, readsAtOnce);
      await Promise.all(due.map((row) => readOne(row, stop)));
      await putBackSome();
      return due.length;
    },
  };
}

export function readDelayMs(reads: number): number {
  return (readMinutes[Math.min(reads, readMinutes.length - 1)] as number) * 60_000;
}

/** The order that undoes an action, of whoever asks for it. */
export function undoOf(
  row: Pick<DueUndo, 'actionId' | 'identityId' | 'accountId' | 'connection' | 'type' | 'inverse' | 'parameters' | 'tries'> &
    Partial<Pick<DueUndo, 'orderedBy' | 'campaignId' | 'reason'>>,
  at: Instant,
) {
  const { actionId, identityId, accountId, connection, type, inverse, parameters, tries, orderedBy, campaignId, reason } = row;
  const facts: ReversalFacts = {
    actionId,
    type: inverse,
    connection,
    accountId,
    parameters: JSON.stringify(parametersOf(type, JSON.parse(parameters) as ActionParameters)),
    ...(orderedBy == null ? {} : { by: orderedBy }),
    ...(reason == null ? {} : { reason }),
    ...(campaignId == null ? {} : { campaign: campaignId }),
  };
  return arriveUndo({ identityId, facts, attempt: tries, receivedAt: at });
}

/** What another action holds stays held; a group or role is given back by its name. */
function parametersOf(type: ActionType, { group, role }: ActionParameters): ActionParameters {
  return { undoes: type, ...(group === undefined ? {} : { group }), ...(role === undefined ? {} : { role }) };
}
