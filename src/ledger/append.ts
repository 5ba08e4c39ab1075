/** Writing entries outside the settle batch: in the caller's transaction, so that a fact and its line are one. */
import type { KeyObject } from 'node:crypto';
import { coreSchemas, type Entry, type EntryRow, type SealOwner } from '../model/entry.ts';
import { AppError } from '../model/errors.ts';
import type { RandomBytes } from '../model/ids.ts';
import { prepareEntry } from './prepare.ts';

export interface AppenderPorts<Transaction> {
  /** Inserts the rows and one pending row that names them, in order, in this transaction. */
  insert(transaction: Transaction, rows: readonly EntryRow[]): Promise<void>;
  /** The key of an owner; may make it. */
  keyOf(transaction: Transaction, owner: SealOwner): Promise<KeyObject>;
  readonly random: RandomBytes;
}

export type AppendEntries<Transaction> = (transaction: Transaction, entries: readonly Entry[]) => Promise<void>;

/**
 * Gives `appendEntries(tx, entries)`: the lines get their place in the log in the order given, once the transaction has committed.
 * Each core is held against the schema of its type first (AppError `internal`, naming the members).
 */
export function createAppender<Transaction>(ports: AppenderPorts<Transaction>): AppendEntries<Transaction> {
  return async (transaction, entries) => {
    if (entries.length === 0) return;
    const rows: EntryRow[] = [];
    for (const entry of entries) {
      checkCore(entry);
      const key = entry.pii === null ? null : await ports.keyOf(transaction, entry.pii.owner);
      rows.push(prepareEntry(entry, key, ports.random));
    }
    await ports.insert(transaction, rows);
  };
}

/** Throws AppError `internal` where a core is not what the table of entries says. */
export function checkCore(entry: Entry): void {
  const result = coreSchemas[entry.type].safeParse(entry.core);
  if (result.success) return;
  const members = result.error.issues.map((issue) => issue.path.map(String).join('.') || issue.code);
  throw new AppError('internal', `core of ${entry.type}: ${members.join(', ')}`);
}
