/** What of a run can be undone, and what a run undid. */
import type { Manifest } from '../adapters/contract.ts';
import type { ActionState, ActionType } from '../model/action.ts';
import type { Instant } from '../model/clock.ts';
import { parseDuration } from '../model/duration.ts';
import type { Entry } from '../model/entry.ts';
import type { EntryId, IdMaker } from '../model/ids.ts';
import type { Reversible, UndoneAction } from '../model/undo.ts';
import type { PlanView } from './contract.ts';
import type { Course } from './course.ts';

/** States in which an action has, or may have, taken effect by us. `already` is somebody else's doing, and theirs to undo. */
const inEffect: ReadonlySet<ActionState> = new Set<ActionState>(['done', 'unverified', 'unknown']);

/** Those that ended in this run; each owns its end from then on. `defaultMs`: where the call named no end and must have one. */
export function reversibleOf(
  courses: readonly Course[],
  manifest: Manifest | undefined,
  defaultMs: (type: ActionType) => number | undefined,
  at: Instant,
): readonly Reversible[] {
  return courses.flatMap(({ action, record, phase, endedBefore }) => {
    const inverse = manifest?.actions[action.type]?.inverse ?? 'none';
    if (inverse === 'none' || phase !== 'ended' || endedBefore || action.accountId === null || !inEffect.has(record.state)) return [];
    const { type, accountId, parameters } = action;
    const doneAt = record.finishedAt ?? at;
    const lastsMs = parseDuration(String(parameters['expires'] ?? parameters['for'] ?? '')) ?? defaultMs(type);
    return [
      { actionId: action.id, accountId, type, inverse, parameters, doneAt, expiresAt: lastsMs === undefined ? null : doneAt + lastsMs },
    ];
  });
}

/** What the plan undoes, once its own action is seen in force, or was accepted where nothing can be seen. */
export function undoneBy({ undoes }: PlanView, courses: readonly Course[]): readonly UndoneAction[] {
  const seen = courses.every(
    ({ record: { state, verifiedAt, code } }) =>
      ((state === 'done' || state === 'already') && verifiedAt !== null) || (state === 'unverified' && code === 'noReadBack'),
  );
  return seen ? undoes : [];
}

export function undoneEntries(view: PlanView, undone: readonly UndoneAction[], ids: IdMaker, at: Instant): readonly Entry[] {
  const [by] = view.plan.actions;
  if (by === undefined) return [];
  return undone.map(
    ({ actionId, planId }): Entry<'action.undone'> => ({
      id: ids.next<EntryId>(at),
      type: 'action.undone',
      at,
      core: { actionId, planId, undoActionId: by.id, undoPlanId: view.plan.id },
      pii: null,
    }),
  );
}
