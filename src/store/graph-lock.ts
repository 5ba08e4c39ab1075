/** Who may change who is whom: writers of the identity graph take turns, so that what one has read of it is so until it commits. */
import type { Tx } from './db.ts';

/** `shared` is for those who only need it to stand still; it is held until the end of the transaction. */
export function graphLock(mode: 'exclusive' | 'shared'): string {
  return `select pg_advisory_xact_lock${mode === 'shared' ? '_shared' : ''}(hashtextextended('identity graph', 0))`;
}

export async function lockGraph(tx: Tx): Promise<void> {
  await tx.query(graphLock('exclusive'));
}
