/** A person's orders about actions in force: undo one, undo a campaign, put an end off, let it stay. */
import { createHash } from 'node:crypto';
import { lastingOf, type ProfileName } from '../guard/index.ts';
import { actionTypes } from '../model/action.ts';
import { fromRfc3339, type Instant, toRfc3339 } from '../model/clock.ts';
import { parseDuration } from '../model/duration.ts';
import { AppError } from '../model/errors.ts';
import { type ActionId, type EntryId, type Id, isId } from '../model/ids.ts';
import { redoOf, undoType } from '../model/undo.ts';
import type { Caller, Item, UndoFilter, UndoPort } from '../server/index.ts';
import { toItem } from '../signals/index.ts';
import { incidentSummary } from '../store/incident-read.ts';
import {
  type CampaignAction,
  type CampaignFilter,
  listCampaign,
  listIrreversible,
  orderCampaign,
  readCampaign,
} from '../store/undo-campaign.ts';
import { plansOfDecision, readActionKind, readUndo, type StoredUndo, writeEnd } from '../store/undo-read.ts';
import type { Core } from './core.ts';
import { undoOf } from './undo.ts';
import { progressView } from './views.ts';

/** More than this is not looked through by anybody: narrow it. */
const campaignAtMost = 5_000;

export function undoPort(core: Core): UndoPort {
  return {
    one: (id, reason, caller) => undoOne(core, id, reason, caller),
    end: (id, until, caller) => setEnd(core, id, until, caller),
    preview: (given) => previewMany(core, given),
    order: (given, hash, reason, caller) => orderMany(core, given, hash, reason, caller),
    async progress(id) {
      const found = isId(id) ? await readCampaign(core.store, id) : undefined;
      return found && progressView(found);
    },
  };
}

async function undoOne(core: Core, id: string, reason: string, caller: Caller): Promise<Item | undefined> {
  refuseUnfit(core, caller);
  const row = await openAction(core, id);
  if (row === undefined) return undefined;
  const decisionId = row.undoDecisionId ?? (await decideUndo(core, row, reason, caller));
  const plans = await plansOfDecision(core.store, decisionId);
  const refused = plans.find(({ state }) => state === 'refused');
  if (plans.length === 0 || refused !== undefined)
    throw new AppError('conflict', `It cannot be undone here: ${refused?.heldFor ?? 'the person is not known any more'}.`);
  return {
    id,
    decisionId,
    planIds: plans.map((plan) => plan.id),
    state: plans.some(({ state }) => state === 'held') ? 'held' : 'released',
    heldFor: plans.find(({ heldFor }) => heldFor !== null)?.heldFor ?? null,
  };
}

function refuseUnfit({ judging }: Core, { types }: Caller): void {
  if (types && !types.includes(undoType)) throw new AppError('auth.forbidden', 'The credential may not send this signal type.');
  if (!judging.state().bundle.risk.types.has(undoType))
    throw new AppError('conflict', `The active risk.yaml has no signal type ${undoType}: add it, with standalone 0.`);
}

async function decideUndo(core: Core, row: StoredUndo, reason: string, caller: Caller): Promise<string> {
  const at = core.clock.now();
  const [settled] = await core.batcher.submit([toItem(undoOf({ ...row, orderedBy: caller.name, campaignId: null, reason }, at), core.ids)]);
  const decisionId = settled?.decisionIds.at(-1);
  // Stored and undecided: it is settled again by itself.
  if (decisionId === undefined)
    throw new AppError('conflict', 'The order is stored and not decided yet; look at the action again in a while.');
  return decisionId;
}

/** The action where it can still be ended; throws why not where it cannot. */
async function openAction(core: Core, id: string): Promise<StoredUndo | undefined> {
  if (!isId(id)) return undefined;
  const row = await readUndo(core.store, id as ActionId);
  if (row?.endedAt != null) throw new AppError('conflict', 'It is not in force any more.');
  if (row !== undefined) return row;
  const action = await readActionKind(core.store, id as ActionId);
  if (action === undefined) return undefined;
  const redo = redoOf(action.type);
  if (!actionTypes[action.type].reversible)
    throw new AppError('conflict', `${action.type} cannot be undone${redo === undefined ? '' : `: the person must ${redo}`}.`);
  throw new AppError('conflict', `There is nothing of it to undo: its state is ${action.state}.`);
}

async function setEnd(
  core: Core,
  id: string,
  given: { readonly at: string } | { readonly lasts: string } | null,
  caller: Caller,
): Promise<Item | undefined> {
  const row = await openAction(core, id);
  if (row === undefined) return undefined;
  const at = core.clock.now();
  const until = given === null ? null : endOf(given, at);
  if (until !== null) refuseUnfitEnd(core, row, until);
  const changed = await core.store.transaction(async (tx) => {
    if (!(await writeEnd(tx, row.actionId, until))) return false;
    const shown = until === null ? null : toRfc3339(until);
    const facts = { actionId: row.actionId, planId: row.planId, until: shown, by: caller.name };
    await core.append(tx, [{ id: core.ids.next<EntryId>(at), type: 'action.extended', at, core: facts, pii: null }]);
    return true;
  });
  if (!changed) throw new AppError('conflict', 'It is being undone already.');
  return { id, until: until === null ? null : toRfc3339(until) };
}

function endOf(given: { readonly at: string } | { readonly lasts: string }, at: Instant): Instant {
  if ('at' in given) return fromRfc3339(given.at) as Instant;
  const lastsMs = parseDuration(given.lasts);
  if (lastsMs === undefined) throw new AppError('request.invalid', 'for: must be a duration like 8h');
  return at + lastsMs;
}

/** An earlier end would undo it by itself, past the second person whom undoing may need. */
function refuseUnfitEnd({ judging }: Core, { type, profile, doneAt, expiresAt }: StoredUndo, until: Instant): void {
  if (expiresAt === null || until <= expiresAt) throw new AppError('conflict', 'It would end earlier than now; undo it instead.');
  const span = lastingOf(type, judging.state().bundle.guards, profile as ProfileName);
  if (span !== undefined && until > doneAt + span.maxMs)
    throw new AppError('conflict', `It may last until ${toRfc3339(doneAt + span.maxMs)} at most; confirm it to let it stay.`);
}

async function previewMany(core: Core, given: UndoFilter) {
  if (!(await isChosenFrom(core, given))) return undefined;
  const filter = filterOf(given, core.clock.now());
  const actions = await listCampaign(core.store, filter, campaignAtMost + 1);
  refuseTooMany(actions.length);
  const irreversible = await listIrreversible(core.store, filter, campaignAtMost);
  const remaining = [...Map.groupBy(irreversible, ({ identityId }) => identityId)].map(([identityId, rows]) => ({
    identityId,
    types: rows.map(({ type }) => type),
    redo: [...new Set(rows.flatMap(({ type }) => redoOf(type) ?? []))],
  }));
  return {
    hash: hashOf(actions),
    from: toRfc3339(filter.from),
    to: toRfc3339(filter.to),
    people: peopleOf(actions),
    actions: actions.map(({ actionId, identityId, connection, type, inverse, doneAt }) => ({
      id: actionId,
      identityId,
      connection,
      type,
      undoneBy: inverse,
      doneAt: toRfc3339(doneAt),
    })),
    remaining,
  };
}

/** False where the incident that is named is none. */
async function isChosenFrom({ store }: Core, { incident }: UndoFilter): Promise<boolean> {
  return incident === undefined || (isId(incident) && (await incidentSummary(store, incident)) !== undefined);
}

async function orderMany(core: Core, given: UndoFilter, hash: string, reason: string, caller: Caller): Promise<Item | undefined> {
  refuseUnfit(core, caller);
  if (!(await isChosenFrom(core, given))) return undefined;
  const at = core.clock.now();
  const filter = filterOf(given, at);
  const changed = new AppError('conflict', 'The list is not the one of the preview any more; look at it again.');
  return core.store.transaction(async (tx) => {
    const actions = await listCampaign(tx, filter, campaignAtMost + 1);
    refuseTooMany(actions.length);
    if (hashOf(actions) !== hash) throw changed;
    if (actions.length === 0) throw new AppError('conflict', 'There is nothing to undo.');
    const id = core.ids.next<Id<'campaign'>>(at);
    const order = { id, hash, filter: JSON.stringify(given), reason, by: caller.name, incidentId: given.incident ?? null };
    const actionIds = actions.map(({ actionId }) => actionId);
    if ((await orderCampaign(tx, order, actionIds, at)) !== actions.length) throw changed;
    const facts = {
      campaignId: id,
      ...(given.incident === undefined ? {} : { incidentId: given.incident }),
      hash,
      actions: actions.length,
      people: peopleOf(actions),
      by: caller.name,
    };
    await core.append(tx, [{ id: core.ids.next<EntryId>(at), type: 'undo.ordered', at, core: facts, pii: null }]);
    return { id, hash, actions: actions.length, people: peopleOf(actions), undone: 0, held: 0, open: actions.length, left: 0 };
  });
}

function filterOf({ from, to, ...rest }: UndoFilter, at: Instant): CampaignFilter {
  return { ...rest, from: (from && fromRfc3339(from)) || 0, to: (to && fromRfc3339(to)) || at };
}

function refuseTooMany(count: number): void {
  if (count > campaignAtMost) throw new AppError('request.unprocessable', `more than ${campaignAtMost} actions: narrow the window`);
}

/** Over exactly the actions, and what undoes each. */
function hashOf(actions: readonly CampaignAction[]): string {
  const lines = actions.map(({ actionId, inverse }) => `${actionId} ${inverse}`);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

function peopleOf(actions: readonly CampaignAction[]): number {
  return new Set(actions.map(({ identityId }) => identityId)).size;
}
