/** The lines that a settle batch writes: what was decided on a signal, what became of its plans, what could not be decided. */
import { hash } from 'node:crypto';
import { toRfc3339 } from '../model/clock.ts';
import type { Decision, Plan } from '../model/decision.ts';
import type { Entry, SealOwner } from '../model/entry.ts';
import type { EntryId, SignalId } from '../model/ids.ts';
import type { Arrival } from '../model/signal.ts';

/** SHA-256 of the bytes as they came, in hex. */
export function bodyHash(raw: string): string {
  return hash('sha256', raw);
}

/** A score as whole 1/10,000: a core holds no fractions. */
export function inE4(score: number): number {
  return Math.round(score * 10_000);
}

/** The decision's entry has the decision's own id. `snapshot` is what judging saw; with the bytes as they came it is sealed. */
export function decidedEntry(
  arrival: Arrival,
  decision: Decision,
  state: 'decided' | 'unresolved' | 'quarantined',
  owner: SealOwner,
  snapshot: unknown,
): Entry<'signal.decided'> {
  return {
    id: decision.id as unknown as EntryId,
    type: 'signal.decided',
    at: decision.decidedAt,
    core: {
      signalId: decision.signalId,
      type: arrival.type,
      source: arrival.source,
      occurredAt: toRfc3339(arrival.occurredAt),
      receivedAt: toRfc3339(arrival.receivedAt),
      bodyHash: bodyHash(arrival.raw),
      decisionId: decision.id,
      supersedes: decision.supersedes ?? null,
      state,
      subject: decision.subject,
      identityId: decision.identityId,
      cause: decision.cause,
      engine: decision.engine,
      policyId: decision.policyId,
      policyVersion: decision.policyVersion,
      bundleHash: decision.bundleHash,
      configHash: decision.configHash,
      scoreE4: inE4(decision.score),
      baseE4: inE4(decision.base),
      level: decision.level,
      mode: decision.mode,
      rung: decision.rung,
      actions: decision.actions.map((action) => ({ ...action })),
      outcome: decision.outcome,
      reasons: decision.reasons.map((reason) => ({ ...reason })),
      decidedAt: toRfc3339(decision.decidedAt),
    },
    pii: { owner, value: { raw: arrival.raw, ...(arrival.provenBy === undefined ? {} : { provenBy: arrival.provenBy }), snapshot } },
  };
}

export function undecidedEntry(
  id: EntryId,
  signalId: SignalId,
  arrival: Arrival,
  reason: string,
  attempt: number,
  at: number,
): Entry<'signal.undecided'> {
  return {
    id,
    type: 'signal.undecided',
    at,
    core: {
      signalId,
      type: arrival.type,
      source: arrival.source,
      occurredAt: toRfc3339(arrival.occurredAt),
      receivedAt: toRfc3339(arrival.receivedAt),
      bodyHash: bodyHash(arrival.raw),
      reason,
      attempt,
    },
    pii: null,
  };
}

export function planEntry(
  id: EntryId,
  plan: Plan,
  profile: string,
  direct: boolean,
): Entry<'plan.released' | 'plan.held' | 'plan.refused'> {
  const facts = {
    planId: plan.id,
    decisionId: plan.decisionId,
    connection: plan.connection,
    actions: plan.actions.map((action) => action.type),
  };
  const at = plan.createdAt;
  switch (plan.state) {
    case 'released':
      return { id, type: 'plan.released', at, core: { ...facts, profile, direct }, pii: null };
    case 'held':
      return { id, type: 'plan.held', at, core: { ...facts, heldFor: plan.heldFor ?? '' }, pii: null };
    case 'refused':
      return { id, type: 'plan.refused', at, core: { ...facts, by: plan.heldFor ?? '' }, pii: null };
    default:
      return plan.state satisfies never;
  }
}
