/** What the routes of undoing are given. */
import type { Cause } from '../model/signal.ts';
import type { Caller, Item } from './parts.ts';

/** Which actions a campaign takes; instants are RFC 3339. Every member that is given must fit. */
export interface UndoFilter {
  readonly cause?: Cause | undefined;
  readonly source?: string | undefined;
  readonly policy?: string | undefined;
  readonly signalType?: string | undefined;
  /** What the plans of an incident did. */
  readonly incident?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Undefined where there is no such action, incident or order. Each throws `conflict` where the state forbids it. */
export interface UndoPort {
  one(actionId: string, reason: string, caller: Caller): Promise<Item | undefined>;
  /** A later end of an action; null: it stays until a person lifts it. */
  end(actionId: string, until: { readonly at: string } | { readonly lasts: string } | null, caller: Caller): Promise<Item | undefined>;
  /** What the order would undo now; its hash binds the order to it. */
  preview(filter: UndoFilter, caller: Caller): Promise<unknown>;
  order(filter: UndoFilter, hash: string, reason: string, caller: Caller): Promise<Item | undefined>;
  progress(id: string): Promise<Item | undefined>;
}
