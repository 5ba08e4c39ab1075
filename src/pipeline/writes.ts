/** Everything that a settled batch leaves in the database, as statements of one round trip. */
import type { Bundle } from '../engine/bundle.ts';
import { holdOf } from '../engine/holds.ts';
import type { Judged } from '../engine.ts';
import {
  decidedEntry,
  planEntry,
  prepareEntry,
  resealRandomBytes,
  resealText,
  sealRandomBytes,
  sealText,
  undecidedEntry,
} from '../ledger/index.ts';
import type { Instant } from '../model/clock.ts';
import type { CounterUse, Decision, Plan } from '../model/decision.ts';
import type { EntryRow } from '../model/entry.ts';
import type { ActionId, DecisionId, EntryId, PlanId } from '../model/ids.ts';
import { putBackType, undoType } from '../model/undo.ts';
import { type Verdict, verdictType } from '../model/verdict.ts';
import { serialiseEvidence } from '../risk/index.ts';
import { entryStatements } from '../store/ledger-append.ts';
import { insertLimitHits, judgeLimitHits } from '../store/limit-hits.ts';
import { insertPlans, type PlanRow, planDeadlineMs } from '../store/plan-insert.ts';
import { insertGuardUses, insertSignals, insertSources, insertUndecided, updateEvidence } from '../store/settle-write.ts';
import type { Statement } from '../store/statement.ts';
import { markPutBack, markUndoDecided, type OrderedReversal, readAgain } from '../store/undo-write.ts';
import { forgetUnresolved, handOver, insertUnresolved, type UnresolvedRow } from '../store/unresolved.ts';
import { insertVerdicts, type VerdictRow } from '../store/verdict-rows.ts';
import type { Considered, Failed, JudgedBatch } from './batch.ts';
import type { PipelineParts } from './parts.ts';

/** A signal whose decision is final: limits are counted. */
export interface Settled extends Considered {
  readonly judged: Judged;
  readonly decision: Decision;
  readonly plans: readonly PlanRow[];
}

/** An event of a provider that touches what is in force. */
const enabledType = 'account_enabled';

/** Back-off of an undecided signal: half a minute, doubled four times over; then a person must look. */
const undecidedBackOffMs = 30_000;
const undecidedAttempts = 5;

/** `bundle` is the one that was judged by. */
export function nameDecision(
  considered: Considered,
  judged: Judged,
  at: Instant,
  bundle: Bundle,
  { ids }: Pick<PipelineParts, 'ids'>,
): Settled {
  const id = ids.next<DecisionId>(at);
  const { signal } = considered.draft.situation;
  const supersedes = considered.amends?.decisionId as DecisionId | undefined;
  const decision: Decision = {
    id,
    signalId: signal.id,
    ...(supersedes === undefined ? {} : { supersedes }),
    ...judged.judgement,
    decidedAt: at,
  };
  const plans = judged.plans.map((draft): PlanRow => {
    const actions = draft.actions.map((action) => ({ ...action, id: ids.next<ActionId>(at) }));
    const plan: Plan = {
      id: ids.next<PlanId>(at),
      decisionId: id,
      identityId: decision.identityId,
      lane: draft.lane,
      connection: draft.connection,
      actions,
      state: draft.state,
      heldFor: draft.heldFor,
      createdAt: at,
    };
    const { cause, policyId } = decision;
    return {
      plan,
      signalId: signal.id,
      accountId: draft.accountId,
      cause,
      policyId,
      source: signal.source,
      profile: draft.profile,
      deadlineAt: at + planDeadlineMs,
      heldUntil: draft.state === 'held' ? at + holdOf(draft, decision, bundle).timeoutMs : null,
    };
  });
  return { ...considered, judged, decision, plans };
}

export async function composeWrites(
  settled: readonly Settled[],
  batch: JudgedBatch,
  newSources: readonly string[],
  at: Instant,
  parts: PipelineParts,
): Promise<readonly Statement[]> {
  const plans = settled.flatMap((one) => one.plans);
  const uses = settled.flatMap((one) => usesOf(one));
  const rows = entryRows(settled, batch.failed, at, parts);
  const changed = [...batch.evidence].map(([identityId, { state, heldLevel, lookAt }]) => ({
    identityId,
    evidence: serialiseEvidence(state),
    heldLevel,
    lookAt,
  }));
  const statements: Statement[] = [];
  if (settled.length > 0) statements.push(insertSignals(settled.map(signalRow)));
  if (rows.length > 0) statements.push(...entryStatements(rows, parts.ids.next(at)));
  if (changed.length > 0) statements.push(updateEvidence(changed));
  if (newSources.length > 0) statements.push(insertSources(newSources, at));
  if (plans.length > 0) statements.push(insertPlans(plans));
  if (uses.length > 0) statements.push(insertGuardUses(uses, at));
  const hits = settled.flatMap(({ judged, decision }) => judged.hits.map((scope) => ({ scope, decisionId: decision.id })));
  if (hits.length > 0) statements.push(insertLimitHits(hits, at));
  const released = plans.filter(({ plan }) => plan.state === 'released').map(({ plan }) => plan);
  if (released.length > 0) statements.push(...(await parts.jobs(released)));
  const unresolved = settled.filter((one) => one.draft.state === 'unresolved');
  if (unresolved.length > 0) statements.push(insertUnresolved(unresolved.map((one) => unresolvedRow(one, at, parts))));
  const resolved = settled.filter((one) => one.amends !== undefined);
  if (resolved.length > 0) statements.push(forgetUnresolved(resolved.map((one) => one.item.signalId)));
  for (const one of resolved) statements.push(...(await handOverFirst(one, parts)));
  const verdicts = settled.flatMap(verdictRow);
  if (verdicts.length > 0) statements.push(insertVerdicts(verdicts));
  // A word against a source leaves what it filled as full as it is.
  const right = verdicts.filter(({ verdict }) => verdict === 'true' || verdict === 'benign').map(({ decisionId }) => decisionId);
  if (right.length > 0) statements.push(judgeLimitHits(right, at));
  const undos = settled.flatMap((one) => reversalRow(one, undoType));
  if (undos.length > 0) statements.push(markUndoDecided(undos));
  const enabled = settled.flatMap(({ item, decision }) => (item.arrival.type === enabledType ? (decision.identityId ?? []) : []));
  if (enabled.length > 0) statements.push(readAgain(enabled, at));
  const putBacks = settled.flatMap((one) => reversalRow(one, putBackType));
  if (putBacks.length > 0) statements.push(markPutBack(putBacks));
  for (const failed of batch.failed) statements.push(await undecidedStatement(failed, at, parts));
  return statements;
}

/** A culprit alone: its bytes, its reason and a line in the log; nothing of it reaches a column that refused it. */
export async function composeBurial(failed: Failed, at: Instant, parts: PipelineParts): Promise<readonly Statement[]> {
  return [...entryStatements(entryRows([], [failed], at, parts), parts.ids.next(at)), await undecidedStatement(failed, at, parts)];
}

function usesOf({ judged, plans }: Settled): readonly (CounterUse & { readonly planId: PlanId })[] {
  const released = plans.filter(({ plan }) => plan.state === 'released').map(({ plan }) => plan);
  return judged.uses.flatMap((use) => {
    const plan = released.find(({ lane }) => lane === use.lane) ?? released[0];
    return plan === undefined ? [] : [{ ...use, planId: plan.id }];
  });
}

function signalRow({ item, draft, decision, amends }: Settled) {
  return {
    id: item.signalId,
    nth: amends?.nth ?? 0,
    state: draft.state,
    arrival: item.arrival,
    subjectId: decision.subject.id,
    identityId: decision.identityId,
    decision,
  };
}

function unresolvedRow({ item, draft, key, candidates }: Settled, at: Instant, { random }: PipelineParts): UnresolvedRow {
  const { signalId, arrival } = item;
  const reason = draft.aside?.reason.code ?? '';
  // What is blocked stays so, whoever is meant; and of a claim without identifiers nobody can be asked.
  const canResolve = reason !== 'blocked' && arrival.claim.person.length > 0;
  return {
    signalId,
    source: arrival.source,
    reason,
    sealed: canResolve ? sealText(JSON.stringify(arrival), signalId, key, random(sealRandomBytes)).sealed : null,
    candidates,
    nextAt: canResolve ? at : null,
    receivedAt: arrival.receivedAt,
  };
}

function verdictRow({ item }: Settled): readonly VerdictRow[] {
  const { type, facts } = item.arrival;
  if (type !== verdictType) return [];
  return [{ signalId: item.signalId, decisionId: facts['decisionId'] as DecisionId, verdict: facts['verdict'] as Verdict }];
}

function reversalRow({ item, decision }: Settled, wanted: string): readonly OrderedReversal[] {
  const { type, facts } = item.arrival;
  if (type !== wanted) return [];
  return [{ actionId: String(facts['actionId']), decisionId: decision.id, by: facts['by'] === undefined ? null : String(facts['by']) }];
}

/** Sealed with the connection's key, the first decision would outlive the erasure of the person whom it turned out to be about. */
async function handOverFirst({ item, owner, key, amends }: Settled, { keys, random }: PipelineParts): Promise<readonly Statement[]> {
  if (amends === undefined || amends.sealed === null || !('identityId' in owner)) return [];
  const from = await keys.connectionKey(item.arrival.source);
  const sealed = resealText(amends.sealed, amends.decisionId, { from, to: key }, random(resealRandomBytes));
  return sealed === undefined ? [] : [handOver(amends.decisionId, owner.identityId, sealed)];
}

function entryRows(
  settled: readonly Settled[],
  failed: readonly Failed[],
  at: Instant,
  { ids, random }: PipelineParts,
): readonly EntryRow[] {
  const rows: EntryRow[] = [];
  for (const one of settled) {
    rows.push(prepareEntry(decidedEntry(one.item.arrival, one.decision, one.draft.state, one.owner, one.judged.snapshot), one.key, random));
    for (const { plan, profile } of one.plans)
      rows.push(prepareEntry(planEntry(ids.next<EntryId>(at), plan, profile, one.judged.direct), null, random));
  }
  for (const { item, reason } of failed) {
    rows.push(prepareEntry(undecidedEntry(ids.next<EntryId>(at), item.signalId, item.arrival, reason, item.attempt + 1, at), null, random));
  }
  return rows;
}

async function undecidedStatement({ item, reason }: Failed, at: Instant, { keys, random }: PipelineParts): Promise<Statement> {
  const attempts = item.attempt + 1;
  const key = await keys.connectionKey(item.arrival.source);
  return insertUndecided({
    signalId: item.signalId,
    type: item.arrival.type,
    source: item.arrival.source,
    sealed: sealText(JSON.stringify(item.arrival), item.signalId, key, random(sealRandomBytes)).sealed,
    reason,
    attempts,
    nextAt: attempts >= undecidedAttempts ? null : at + undecidedBackOffMs * 2 ** (attempts - 1),
    createdAt: item.arrival.receivedAt,
  });
}
