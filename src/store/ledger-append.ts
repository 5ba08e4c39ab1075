/** Lines of the decision log, written in the transaction of what they tell; their place in the tree comes later. */
import type { EntryRow } from '../model/entry.ts';
import type { Tx } from './db.ts';
import { joined, type Statement } from './statement.ts';

// The sealed texts travel as one binary value and are cut apart here: an array of them would be written in hexadecimal.
const insertRows = `insert into ledger_entry (id, type, body, core, sealed, sealed_for, sealed_by)
select r.id::uuid, r.type, r.body, r.core, substring($5::bytea from r.start::int for r.length::int), r.sealed_for::uuid, r.sealed_by
from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($4, E'\\x1e'),
  string_to_array($6, E'\\x1e', ''), string_to_array($7, E'\\x1e', ''), string_to_array($8, E'\\x1e', ''), string_to_array($9, E'\\x1e', ''))
  as r(id, type, body, core, start, length, sealed_for, sealed_by)`;

const insertPending = `insert into ledger_pending (id, entries) values ($1, string_to_array($2, ',')::uuid[])`;

/**
 * Inserts the rows and the one pending row that names them in order. `pendingId` is a fresh UUIDv7: rounds of sequencing go by it.
 * At least one row.
 */
export function entryStatements(rows: readonly EntryRow[], pendingId: string): Statement[] {
  const sealed: Uint8Array[] = [];
  const starts: (number | null)[] = [];
  const lengths: (number | null)[] = [];
  let start = 1;
  for (const row of rows) {
    starts.push(row.sealed === null ? null : start);
    lengths.push(row.sealed === null ? null : row.sealed.length);
    if (row.sealed === null) continue;
    sealed.push(row.sealed);
    start += row.sealed.length;
  }
  const values = [
    joined(rows.map((row) => row.id)),
    joined(rows.map((row) => row.type)),
    joined(rows.map((row) => row.body)),
    joined(rows.map((row) => row.core)),
    Buffer.concat(sealed),
    joined(starts),
    joined(lengths),
    joined(rows.map((row) => row.sealedFor)),
    joined(rows.map((row) => row.sealedBy)),
  ];
  return [
    { name: 'ledger-insert', text: insertRows, values },
    { name: 'ledger-pending', text: insertPending, values: [pendingId, rows.map((row) => row.id).join(',')] },
  ];
}

/** The same, outside a settle batch. */
export async function insertEntries(tx: Tx, rows: readonly EntryRow[], pendingId: string): Promise<void> {
  await Promise.all(entryStatements(rows, pendingId).map((statement) => tx.query({ ...statement, values: [...statement.values] })));
}
