/** What a settled signal is in each table. */
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
import type { CounterUse } from '../model/decision.ts';
import type { EntryRow } from '../model/entry.ts';
import type { DecisionId, EntryId, IdentityId, PlanId } from '../model/ids.ts';
import { type Verdict, verdictType } from '../model/verdict.ts';
import { serialiseEvidence } from '../risk/index.ts';
import { type EvidenceRow, insertUndecided } from '../store/settle-write.ts';
import type { Statement } from '../store/statement.ts';
import type { EnabledRow } from '../store/undo-enabled.ts';
import type { OrderedReversal } from '../store/undo-write.ts';
import { handOver, type UnresolvedRow } from '../store/unresolved.ts';
import type { VerdictRow } from '../store/verdict-rows.ts';
import type { Carried, Failed } from './batch.ts';
import type { Settled } from './naming.ts';
import type { PipelineParts } from './parts.ts';

/** An event of a provider that touches what is in force. */
const enabledType = 'account_enabled';

/** Back-off of an undecided signal: half a minute, doubled four times over; then a person must look. */
const undecidedBackOffMs = 30_000;
const undecidedAttempts = 5;

export function usesOf({ judged, plans }: Settled): readonly (CounterUse & { readonly planId: PlanId })[] {
  const released = plans.filter(({ plan }) => plan.state === 'released').map(({ plan }) => plan);
  return judged.uses.flatMap((use) => {
    const plan = released.find(({ lane }) => lane === use.lane) ?? released[0];
    return plan === undefined ? [] : [{ ...use, planId: plan.id }];
  });
}

export function signalRow({ item, draft, decision, amends }: Settled) {
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

export function evidenceRow([identityId, { state, heldLevel, lookAt }]: [IdentityId, Carried]): EvidenceRow {
  return { identityId, evidence: serialiseEvidence(state), heldLevel, lookAt };
}

export function hitRows({ judged, decision }: Settled) {
  return judged.hits.map((scope) => ({ scope, decisionId: decision.id }));
}

export function enabledPeople({ item, decision }: Settled): readonly IdentityId[] {
  return item.arrival.type === enabledType && decision.identityId !== null ? [decision.identityId] : [];
}

/** An actor's name is at most as long as an address may be. */
const namePattern = /^[^\p{Cc}]{1,320}$/u;

/**
 * Who enabled an account: whom the connection itself names about its own account, or the operator who says so. Nobody else's word names
 * anybody, whatever its facts say.
 */
export function enabledRow({ item, draft, decision: { identityId } }: Settled): readonly EnabledRow[] {
  const { type, source, sourceKind, by, facts, claim, occurredAt, receivedAt } = item.arrival;
  if (type !== enabledType || identityId === null || draft.aside !== null) return [];
  const at = Math.min(occurredAt, receivedAt);
  const isMachine = facts['initiator'] === 'policy' || facts['initiator'] === 'system';
  if (sourceKind === 'operators')
    return by === undefined || isMachine ? [] : [{ identityId, at, connection: null, accounts: [], actor: null, by }];
  if (sourceKind !== 'idp') return [];
  const own = `${source} `;
  const accounts = claim.person.flatMap(({ format, value }) =>
    format === 'provider_id' && value.startsWith(own) ? [value.slice(own.length)] : [],
  );
  const { actor } = facts;
  const named = !isMachine && typeof actor === 'string' && namePattern.test(actor);
  return [{ identityId, at, connection: source, accounts, actor: named ? actor : null, by: null }];
}

export function unresolvedRow({ item, draft, key, candidates }: Settled, at: Instant, { random }: PipelineParts): UnresolvedRow {
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

export function verdictRow({ item }: Settled): readonly VerdictRow[] {
  const { type, facts } = item.arrival;
  if (type !== verdictType) return [];
  return [{ signalId: item.signalId, decisionId: facts['decisionId'] as DecisionId, verdict: facts['verdict'] as Verdict }];
}

export function reversalRow({ item, decision }: Settled, wanted: string): readonly OrderedReversal[] {
  const { type, facts } = item.arrival;
  if (type !== wanted) return [];
  return [{ actionId: String(facts['actionId']), decisionId: decision.id, by: facts['by'] === undefined ? null : String(facts['by']) }];
}

/** Sealed with the connection's key, the first decision would outlive the erasure of the person whom it turned out to be about. */
export async function handOverFirst({ item, owner, key, amends }: Settled, { keys, random }: PipelineParts): Promise<readonly Statement[]> {
  if (amends === undefined || amends.sealed === null || !('identityId' in owner)) return [];
  const from = await keys.connectionKey(item.arrival.source);
  const sealed = resealText(amends.sealed, amends.decisionId, { from, to: key }, random(resealRandomBytes));
  return sealed === undefined ? [] : [handOver(amends.decisionId, owner.identityId, sealed)];
}

export function entryRows(
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

export async function undecidedStatement({ item, reason }: Failed, at: Instant, { keys, random }: PipelineParts): Promise<Statement> {
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
