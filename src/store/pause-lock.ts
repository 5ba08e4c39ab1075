/**
 * Puts every intention on one side of a pause: those who are about to record one share this lock before they look, and who sets a pause
 * has it alone. Once a pause is set, no intention that did not see it can still be committed, in any process.
 */
import type { Tx } from './db.ts';

/** Not the class of the lane locks. */
const pauseLock = `hashtextextended('pause', 0)`;

/** First in its transaction, and in a statement of its own: what follows must look with a later snapshot. */
export const sharePauseLock = { name: 'pause-share', text: `select pg_advisory_xact_lock_shared(${pauseLock})`, values: [] };

export async function takePauseLock(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(${pauseLock})`);
}
