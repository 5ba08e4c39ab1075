/** Held plans as people see them who must decide: what each waits for and until when, what it would change, why, and how far it reaches. */
import { holdOf } from '../engine/holds.ts';
import { type HoldTerms, lackingOf, type ProfileName, planListHash } from '../guard/index.ts';
import type { AppendEntries } from '../ledger/index.ts';
import { type Clock, toRfc3339 } from '../model/clock.ts';
import type { DecidedAction, PlannedAction } from '../model/decision.ts';
import type { AccountId, IdMaker, PlanId } from '../model/ids.ts';
import type { Cause } from '../model/signal.ts';
import type { PipelineParts } from '../pipeline/parts.ts';
import { type Caller, type Item, seesPeople, seesScores } from '../server/index.ts';
import type { Settings } from '../settings/index.ts';
import { readExternalIds } from '../store/action-read.ts';
import { type ApprovalRow, approvalsOf } from '../store/approval-rows.ts';
import type { Tx } from '../store/db.ts';
import type { Keyring } from '../store/keyring.ts';
import { type PlanListRow, readDecisionEntries } from '../store/list-records.ts';
import type { Store } from '../store/open.ts';
import type { Judging } from './judging.ts';
import type { Telling } from './telling.ts';
import { instant, planView } from './views.ts';

/** What of a decision's entry a hold is read from. */
export interface DecidedCore {
  readonly bundleHash: string;
  readonly cause: Cause;
  readonly policyId: string | null;
  readonly policyVersion: number | null;
  readonly scoreE4: number;
  readonly baseE4: number;
  readonly level: string;
  readonly actions: readonly DecidedAction[];
  readonly reasons: readonly { readonly code: string; readonly ref?: string; readonly detail?: string }[];
}

/** What deciding on held plans needs of a process. */
export interface HoldParts {
  readonly store: Store;
  readonly judging: Pick<Judging, 'state' | 'bundle'>;
  readonly keyring: Keyring;
  readonly settings: Pick<Settings, 'operators'>;
  readonly append: AppendEntries<Tx>;
  readonly telling: Pick<Telling, 'tell'>;
  readonly ids: IdMaker;
  readonly clock: Clock;
  /** Statements that send one job a plan, in the transaction that releases it. */
  readonly jobs: PipelineParts['jobs'];
  /** Begins with released plans at once; after the commit. */
  readonly begin: (released: readonly PlanId[]) => void;
}

type Row = Pick<PlanListRow, 'id' | 'decisionId' | 'identityId' | 'connection' | 'actions' | 'heldFor' | 'profile'>;

export const actionsOf = (row: Pick<PlanListRow, 'actions'>) => JSON.parse(row.actions) as readonly PlannedAction[];

const listed = (row: Pick<Row, 'id' | 'connection' | 'actions'>) => ({
  id: row.id,
  connection: row.connection,
  actions: actionsOf(row),
});

/** Plans as they are listed; a held one with all that its approver has to know. */
export async function planViews(
  core: Pick<HoldParts, 'store' | 'judging'>,
  rows: readonly PlanListRow[],
  caller: Caller,
): Promise<readonly Item[]> {
  const held = rows.filter(({ state }) => state === 'held');
  if (held.length === 0) return rows.map((row) => planView(row) as unknown as Item);
  const accountIds = held.flatMap((row) => actionsOf(row).flatMap(({ accountId }) => accountId ?? []));
  const [entries, given, names] = await Promise.all([
    readDecisionEntries(core.store, [...new Set(held.map(({ decisionId }) => decisionId))]),
    approvalsOf(
      core.store,
      held.map(({ id }) => id),
    ),
    seesPeople(caller) ? readExternalIds(core.store, [...new Set(accountIds)]) : new Map<AccountId, string>(),
  ]);
  const decided = new Map(entries.map(({ id, core: text }) => [id, JSON.parse(text) as DecidedCore]));
  return Promise.all(
    rows.map(async (row) => {
      const decision = decided.get(row.decisionId);
      if (row.state !== 'held' || decision === undefined) return planView(row) as unknown as Item;
      const terms = await termsOf(core, row, decision);
      const approvals = given.filter(({ planId }) => planId === row.id);
      return { ...planView(row), ...heldView(row, decision, terms, approvals, names, caller) } as unknown as Item;
    }),
  );
}

/** The terms of a hold, by the bundle that the plan was decided by, else by the active one. */
export async function termsOf({ judging }: Pick<HoldParts, 'judging'>, row: Row, decision: DecidedCore): Promise<HoldTerms> {
  const bundle = (await judging.bundle(decision.bundleHash).catch(() => undefined)) ?? judging.state().bundle;
  const { connection, heldFor } = row;
  return holdOf({ connection, heldFor, profile: row.profile as ProfileName, actions: actionsOf(row) }, decision, bundle);
}

function heldView(
  row: PlanListRow,
  decision: DecidedCore,
  terms: HoldTerms,
  approvals: readonly ApprovalRow[],
  names: ReadonlyMap<AccountId, string>,
  caller: Caller,
) {
  const { policyId, policyVersion, reasons, level, scoreE4, baseE4 } = decision;
  return {
    waitsFor: waitsFor(row.heldFor ?? '', terms, approvals),
    heldUntil: instant(row.heldUntil),
    approvals: approvals.map(({ by, hold, meets, at }) => ({ by, hold, meets: meets ?? [], at: toRfc3339(at) })),
    policyId,
    policyVersion,
    changes: actionsOf(row).map(({ type, accountId, parameters }) => ({
      type,
      connection: row.connection,
      accountId,
      ...(accountId !== null && names.has(accountId) ? { externalId: names.get(accountId) } : {}),
      parameters,
    })),
    reasons: seesScores(caller) ? reasons : [],
    ...(seesScores(caller) ? { score: scoreE4 / 10_000, base: baseE4 / 10_000, level } : {}),
    blastRadius: blastRadius([row]),
    hash: planListHash([listed(row)]),
  };
}

/** The members before `asks` tell of the first policy's approval and of the lists of all; `asks` tells of each by itself. */
function waitsFor(heldFor: string, { asks, onTimeout }: HoldTerms, given: readonly ApprovalRow[]) {
  const named = asks.filter(({ approval }) => approval !== null);
  const each = lackingOf(asks, heldFor, given, new Map());
  return {
    guard: heldFor,
    approval: named[0]?.approval?.replace(/^[^/]*\//, '') ?? null,
    approvers: named.map(({ approvers }) => approvers),
    required: Math.max(...asks.map(({ required }) => required)),
    onTimeout,
    asks: each,
    lacks: each.filter(({ missing }) => missing > 0).map(({ approval, guard }) => approval ?? guard),
  };
}

function blastRadius(rows: readonly Pick<Row, 'identityId' | 'connection' | 'actions'>[]) {
  const accounts = rows.flatMap((row) => actionsOf(row).flatMap(({ accountId }) => accountId ?? []));
  return {
    people: new Set(rows.flatMap(({ identityId }) => identityId ?? [])).size,
    accounts: new Set(accounts).size,
    connections: [...new Set(rows.map(({ connection }) => connection))].sort(),
  };
}

/** What is said of a page of held plans as a whole: the hash that approves exactly this list, and whom it touches. */
export function aboutHeld(items: readonly Item[]) {
  const rows = items.map((item) => ({ ...(item as unknown as PlanListRow), actions: JSON.stringify(item['actions']) }));
  return { hash: planListHash(rows.map(listed)), blastRadius: blastRadius(rows) };
}
