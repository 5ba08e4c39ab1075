/** What the decision log asks of whatever stores it. */
import type { Instant } from '../model/clock.ts';
import type { EntryRow } from '../model/entry.ts';
import type { TreeHead } from './checkpoint.ts';
import type { TileRef, TileRow } from './tiles.ts';

/** The last signed head. */
export interface StoredHead extends TreeHead {
  readonly checkpoint: string;
  readonly signedAt: Instant;
}

/** Entries that wait for their place, in the order in which they will get it. */
export interface PendingEntries {
  readonly entries: readonly { readonly id: string; readonly body: string }[];
  /** Whether there is more to take after these. */
  readonly more: boolean;
}

/** One transaction of sequencing. No other round of any process runs at the same time. */
export interface SequencingRound {
  head(): Promise<StoredHead | undefined>;
  /** The tiles that exist of those asked for, in any order. */
  tiles(refs: readonly TileRef[]): Promise<readonly TileRow[]>;
  /** Takes whole pending rows, in order of their ids, until at least `limit` entries; throws AppError `ledger.broken` for one without a body. */
  take(limit: number): Promise<PendingEntries>;
  /** `firstIndex` is the leaf index of the first entry. */
  write(change: { firstIndex: number; entryIds: readonly string[]; tiles: readonly TileRow[]; head: StoredHead }): Promise<void>;
}

export interface SequencingStore {
  /** Runs `work` in a transaction that commits when it resolves; nothing is left when it rejects. */
  round<T>(work: (round: SequencingRound) => Promise<T>): Promise<T>;
}

/** At most one process holds it. It ends with the connection that holds it. */
export interface Leadership {
  /** True where this process now leads; asking again while it does costs nothing. */
  acquire(): Promise<boolean>;
  release(): Promise<void>;
}

export interface LedgerReadStore {
  head(): Promise<StoredHead | undefined>;
  tiles(refs: readonly TileRef[]): Promise<readonly TileRow[]>;
  /** Rows of consecutive leaves in order; fewer where the log ends or a row is missing. */
  leaves(firstIndex: number, count: number): Promise<readonly (EntryRow & { readonly index: number })[]>;
  /** Undefined where there is no such entry; index null while it waits for its place. */
  leafOf(entryId: string): Promise<(EntryRow & { readonly index: number | null }) | undefined>;
}
