/** What others are told of actions in force: that they end soon, and that undoing them has come to its end. */
import { toRfc3339 } from '../model/clock.ts';
import type { Entry } from '../model/entry.ts';
import type { EntryId } from '../model/ids.ts';
import type { Notice } from '../model/notice.ts';
import { takeFinishedCampaigns } from '../store/undo-campaign.ts';
import { takeUnannounced, takeUndone } from '../store/undo-due.ts';
import type { UndoParts } from './undo.ts';

type UndoNoticeParts = Pick<UndoParts, 'store' | 'append' | 'telling' | 'ids' | 'clock' | 'log'>;

const announceMs = 15 * 60_000;
/** That one look takes up. */
const atOnce = 64;

/** Actions that end soon, each once. */
export async function tellEnding({ store, append, telling, ids, clock, log }: UndoNoticeParts): Promise<void> {
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
export async function tellFinished({ store, telling, clock }: UndoNoticeParts): Promise<void> {
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
