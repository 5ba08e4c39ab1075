/** Steps of held plans, as writes of one transaction: the change, the lines in the log, what counts against limits, the jobs. */
import type { HoldTerms } from '../guard/index.ts';
import type { Instant } from '../model/clock.ts';
import type { Core, Entry, EntryType } from '../model/entry.ts';
import type { DecisionId, EntryId, IdentityId, PlanId } from '../model/ids.ts';
import { type ApprovalRow, insertApprovals } from '../store/approval-rows.ts';
import type { Tx } from '../store/db.ts';
import { changePlans, type LockedPlan, type PlanChange } from '../store/held-plan-write.ts';
import { planDeadlineMs } from '../store/plan-insert.ts';
import { insertGuardUses } from '../store/settle-write.ts';
import { closeBegun, type EndedPlan } from './begun-plans.ts';
import type { HeldAgain } from './held-again.ts';
import { actionsOf, type HoldParts } from './held-plans.ts';

/** A person's word on plans. */
export interface Said {
  readonly said: 'approve' | 'release' | 'deny' | 'hold';
  /** May name people: it is sealed. */
  readonly reason: string;
  readonly by: string;
  /** The list that they saw. */
  readonly listHash: string | null;
}

/** `counts`: what a yes stands beside the plan for, each person once; absent for a word that is none, or that finds the plan lapsed. */
export type PlanStep = { readonly one: HeldAgain; readonly counts?: readonly string[] } & (
  | { readonly kind: 'released' | 'counted' }
  | { readonly kind: 'held'; readonly heldFor: string }
  | { readonly kind: 'refused'; readonly by: string }
  | { readonly kind: 'expired' }
);

/** Answers the plans that are released. `termsFor` says how long a plan waits that is held for something else from now on. */
export async function takeSteps(
  parts: HoldParts,
  tx: Tx,
  steps: readonly PlanStep[],
  said: Said | undefined,
  at: Instant,
  termsFor: (one: HeldAgain, heldFor: string) => Promise<HoldTerms>,
): Promise<readonly PlanId[]> {
  const entries: Entry[] = [];
  const changes: PlanChange[] = [];
  const approvals: ApprovalRow[] = [];
  for (const step of steps) {
    const { one, counts } = step;
    const { row } = one;
    if (said !== undefined) {
      const entry = saidEntry(parts, row, said, counts, at);
      entries.push(entry);
      if (counts !== undefined && row.heldFor !== null) {
        const { id: planId, heldFor: hold } = row;
        approvals.push({ planId, by: said.by, hold, meets: counts, listHash: said.listHash ?? '', entryId: entry.id, at });
      }
    }
    switch (step.kind) {
      case 'counted':
        break;
      case 'released':
        changes.push({ id: row.id, state: 'released', heldFor: null, deadlineAt: at + planDeadlineMs });
        entries.push(line(parts, 'plan.released', { ...factsOf(row), profile: row.profile, direct: one.direct }, at));
        break;
      case 'held': {
        const { heldFor } = step;
        changes.push({ id: row.id, state: 'held', heldFor, heldUntil: at + (await termsFor(one, heldFor)).timeoutMs });
        if (heldFor !== row.heldFor) entries.push(line(parts, 'plan.held', { ...factsOf(row), heldFor }, at));
        break;
      }
      case 'refused':
        changes.push({ id: row.id, state: 'refused', heldFor: step.by });
        entries.push(line(parts, 'plan.refused', { ...factsOf(row), by: step.by }, at));
        break;
      case 'expired':
        changes.push({ id: row.id, state: 'expired', heldFor: row.heldFor });
        entries.push(line(parts, 'plan.expired', { ...factsOf(row), heldFor: row.heldFor ?? '', onTimeout: one.terms.onTimeout }, at));
        break;
      default:
        step satisfies never;
    }
  }
  const ended = steps.flatMap((step): readonly EndedPlan[] => {
    const { id: planId, decisionId } = step.one.row;
    if (step.kind !== 'refused' && step.kind !== 'expired') return [];
    return [{ planId, decisionId: decisionId as DecisionId, code: step.kind === 'refused' ? step.by : step.kind }];
  });
  entries.push(...(await closeBegun(tx, parts.ids, ended, at)));
  const released = steps.filter(({ kind }) => kind === 'released').map(({ one }) => one);
  await changePlans(tx, changes, at);
  await insertApprovals(tx, approvals);
  await parts.append(tx, entries);
  const uses = released.flatMap(({ row, uses: used }) => used.map((use) => ({ ...use, planId: row.id })));
  const jobs = released.length === 0 ? [] : await parts.jobs(released.map(({ row }) => ({ id: row.id, connection: row.connection })));
  for (const { text, values } of [...(uses.length === 0 ? [] : [insertGuardUses(uses, at)]), ...jobs]) await tx.query(text, [...values]);
  return released.map(({ row }) => row.id);
}

const factsOf = (row: LockedPlan) => ({
  planId: row.id,
  decisionId: row.decisionId,
  connection: row.connection,
  actions: actionsOf(row).map(({ type }) => type),
});

export function line<T extends EntryType>({ ids }: Pick<HoldParts, 'ids'>, type: T, core: Core<T>, at: Instant): Entry {
  return { id: ids.next<EntryId>(at), type, at, core, pii: null } as Entry;
}

/** Sealed with the key of the person whom the plan is about: the reason goes when they are erased. */
function saidEntry(
  { ids }: HoldParts,
  row: LockedPlan,
  { said, reason, by, listHash }: Said,
  meets: readonly string[] = [],
  at: Instant,
): Entry<'approval.given'> {
  const { id: planId, decisionId, identityId } = row;
  return {
    id: ids.next<EntryId>(at),
    type: 'approval.given',
    at,
    core: { planId, decisionId, said, hold: row.heldFor ?? '', listHash, by, ...(meets.length === 0 ? {} : { meets: [...meets] }) },
    pii: {
      owner: identityId === null ? { connection: row.source } : { identityId: identityId as IdentityId },
      value: { reason },
    },
  };
}
