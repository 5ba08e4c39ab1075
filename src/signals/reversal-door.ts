/** Undoing and putting back as arrivals: settled like any other signal. The name of the event makes it one, whoever sends it first. */
import type { Instant } from '../model/clock.ts';
import type { IdentityId } from '../model/ids.ts';
import type { Arrival, Cause, Verified } from '../model/signal.ts';
import { putBackType, type ReversalFacts, timerSource, undoType } from '../model/undo.ts';
import { markVerified } from './verified.ts';

export interface Reversal {
  readonly identityId: IdentityId;
  readonly facts: ReversalFacts;
  /** Which attempt it is: of one attempt there is one signal. */
  readonly attempt: number;
  readonly receivedAt: Instant;
}

export function arriveUndo(undo: Reversal): Verified<Arrival> {
  return arrive(undo, undoType, 'undo');
}

/** `cause` is the one of the action that is done again: what bound that binds this. */
export function arrivePutBack(putBack: Reversal, cause: Cause): Verified<Arrival> {
  return arrive(putBack, putBackType, cause);
}

function arrive({ identityId, facts, attempt, receivedAt }: Reversal, type: string, cause: Cause): Verified<Arrival> {
  const isOrdered = facts.by !== undefined;
  return markVerified({
    type,
    source: isOrdered ? 'operators' : timerSource,
    sourceKind: 'operators',
    cause,
    severity: 'medium',
    occurredAt: receivedAt,
    receivedAt,
    claim: { kind: 'person', person: [{ format: 'alias', value: identityId }] },
    facts: { ...facts },
    circumstances: {},
    marks: [],
    dedupeKey: `${type}:${facts.actionId}:${attempt}`,
    raw: JSON.stringify(facts),
  });
}
