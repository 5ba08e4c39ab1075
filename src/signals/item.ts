/** An arrival on its way through settle: named, and keyed by what its source calls the event. */
import { hash } from 'node:crypto';
import type { IdMaker, SignalId } from '../model/ids.ts';
import { type Arrival, severities, type Verified } from '../model/signal.ts';

export interface Item {
  readonly arrival: Verified<Arrival>;
  readonly signalId: SignalId;
  /** SHA-256 over source and event name, in hex: what `dedupe` holds. */
  readonly key: string;
  /** Tells a repeat with other content from a true one; 16 hex digits. */
  readonly digest: string;
  /** 0 at first arrival; above, it is an undecided signal that is settled again. */
  readonly attempt: number;
  /** Decided before as unresolved: what is decided now supersedes that, or nothing is. */
  readonly reopened?: true;
  /** How far its source has been read once this one is settled, whatever becomes of it. */
  readonly feed?: FeedMove;
}

export interface FeedMove {
  readonly connection: string;
  readonly cursor: string;
}

/** `told`: what a repeat must say alike, where the same event comes by two ways in other words. */
export function toItem(arrival: Verified<Arrival>, ids: IdMaker, told = arrival.raw): Item {
  return {
    arrival,
    signalId: ids.next<SignalId>(arrival.receivedAt),
    key: hash('sha256', `${arrival.source}\u0000${arrival.dedupeKey}`),
    digest: hash('sha256', told).slice(0, 16),
    attempt: 0,
  };
}

/** The first item of each key; repeats inside one batch share its fate. */
export function firstOfEach(items: readonly Item[]): readonly Item[] {
  const seen = new Map<string, Item>();
  for (const item of items) if (!seen.has(item.key)) seen.set(item.key, item);
  return [...seen.values()];
}

/** Types that take something away count as more restrictive than those that give it back, whatever their evidence. */
const giving = new Set(['account_enabled', 'session_established', 'session_presented', 'opt_state_changed']);

function restriction(arrival: Arrival): number {
  return giving.has(arrival.type) ? -1 : severities.indexOf(arrival.severity);
}

/** Event time; on a tie the more restrictive last, so that it has the last word; then the id. */
export function inSettlingOrder(items: readonly Item[]): readonly Item[] {
  return [...items].sort(
    (a, b) =>
      a.arrival.occurredAt - b.arrival.occurredAt || restriction(a.arrival) - restriction(b.arrival) || (a.signalId < b.signalId ? -1 : 1),
  );
}

/** An undecided signal on its next way through settle: it keeps its name and does not pass the door again. */
export function itemAgain(arrival: Verified<Arrival>, signalId: SignalId, attempts: number): Item {
  return { arrival, signalId, key: signalId, digest: '', attempt: attempts };
}

/** A signal whose person was not known, on its way to be decided anew. */
export function itemReopened(arrival: Verified<Arrival>, signalId: SignalId): Item {
  return { ...itemAgain(arrival, signalId, 0), reopened: true };
}
