/**
 * What is done to actions in force when their time comes: undone at their end, announced before it, read again while they last, put back
 * where somebody reversed them. All of it enters as signals; nothing here acts by itself.
 */
import type { ReadBack } from '../adapters/contract.ts';
import type { AppendEntries } from '../ledger/index.ts';
import type { ActionParameters, ActionType } from '../model/action.ts';
import { type Clock, type Instant, toRfc3339 } from '../model/clock.ts';
import type { Entry } from '../model/entry.ts';
import type { EntryId, IdMaker } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { Notice } from '../model/notice.ts';
import { type ReversalFacts, undoType } from '../model/undo.ts';
import type { Settings } from '../settings/index.ts';
import { arriveUndo, type Batcher, type Item, toItem } from '../signals/index.ts';
import type { Tx } from '../store/db.ts';
import type { Store } from '../store/open.ts';
import { takeFinishedCampaigns } from '../store/undo-campaign.ts';
import {
  type DueRead,
  type DueUndo,
  rearmUndos,
  takeDueReads,
  takeDueUndos,
  takeUnannounced,
  takeUndone,
  writeRead,
} from '../store/undo-due.ts';
import { forgetEnabled } from '../store/undo-enabled.ts';
import type { ConnectedAdapters } from './adapters.ts';
import { createReversals } from './reversals.ts';
import type { Telling } from './telling.ts';

export interface UndoParts {
  readonly settings: Pick<Settings, 'operators'>;
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
const announceMs = 15 * 60_000;
/** Beside the calls that plans make. */
const readsAtOnce = 8;
const readLeaseMs = 120_000;
const readTimeoutMs = 10_000;
/** A provider's event may come so long before its state shows it. */
const lagMs = 60_000;
/** Minutes from one reading to the next: 1, 5, 15 and 60 after the act, then each hour. */
const readMinutes = [1, 4, 10, 45, 60];
/** From here on somebody should look why it does not work. */
const alarmTries = 3;

export function createUndos(parts: UndoParts): Undos {
  const { store, batcher, append, adapters, telling, ids, clock, log } = parts;
  const reversals = createReversals(parts);

  async function undoSome(): Promise<number> {
    const at = clock.now();
    if (!parts.knows(undoType)) return 0;
    const due = await takeDueUndos(store, at, at + leaseMs, atOnce);
    if (due.length > 0) await batcher.submit(due.map((row) => toItem(undoOf(row, at), ids)));
    return due.length;
  }

  async function announce(): Promise<void> {
    const at = clock.now();
    const ending = await store.transaction(async (tx) => {
      const taken = await takeUnannounced(tx, at, at + announceMs, atOnce);
      const entries = taken.map(
        ({ actionId, planId, expiresAt }): Entry<'action.expiring'> => ({
          id: ids.next<EntryId>(at),
          type: 'action.expiring',
          at,
          core: { actionId, planId, until: toRfc3339(expiresAt) },
          pii: null,
        }),
      );
      if (entries.length > 0) await append(tx, entries);
      const told = taken.map(({ actionId, planId, expiresAt }) => ({
        type: 'undo.announced' as const,
        about: actionId,
        data: { actionId, planId, until: toRfc3339(expiresAt) },
        people: [],
      }));
      if (told.length > 0) await telling.tell(tx, told, at);
      return taken;
    });
    for (const { actionId, expiresAt } of ending) log.info({ actionId, until: toRfc3339(expiresAt) }, 'action.expiring');
  }

  /** What people ordered undone and is seen undone; of a campaign once, when no more of it goes on by itself. */
  async function tellFinished(): Promise<void> {
    const at = clock.now();
    await store.transaction(async (tx) => {
      const actions = await takeUndone(tx, at, atOnce);
      const told: Notice[] =
        actions.length === 0 ? [] : [{ type: 'undo.finished', about: null, data: { actions: [...actions] }, people: [] }];
      for (const campaign of await takeFinishedCampaigns(tx, at))
        told.push({ type: 'undo.finished', about: campaign.campaignId, data: campaign, people: [] });
      await telling.tell(tx, told, at);
    });
  }

  async function readOne(row: DueRead, stop: AbortSignal): Promise<void> {
    const seen = await readBack(row, stop);
    const at = clock.now();
    const nextAt = at + readDelayMs(row.reads + 1);
    if (seen.inForce === false) {
      if (await reversals.seen(row.actionId, at, at + readDelayMs(0))) return;
    }
    if (seen.inForce === true) await forgetEnabled(store, row.actionId, at - lagMs);
    await writeRead(store, row.actionId, seen.inForce === null ? row.reads : row.reads + 1, seen.inForce === null ? at + 60_000 : nextAt);
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

  return {
    async look() {
      if (!parts.knows(undoType)) log.error({ type: undoType }, 'undo.typeMissing');
      for (const { actionId, tries } of await rearmUndos(store, clock.now()))
        if (tries >= alarmTries) log.error({ actionId, tries }, 'undo.failing');
        else log.warn({ actionId, tries }, 'undo.again');
      await announce();
      let count = 0;
      for (let some = atOnce; some === atOnce; count += some) some = await undoSome();
      await tellFinished();
      return count;
    },
    async watch(stop) {
      const at = clock.now();
      const due = await takeDueReads(store, at, at + readLeaseMs, readsAtOnce);
      await Promise.all(due.map((row) => readOne(row, stop)));
      await reversals.putBack();
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
