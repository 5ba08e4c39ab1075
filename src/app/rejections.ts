/** Of a sender whom we know, also what was refused stands in the log. */
import { bodyHash } from '../ledger/index.ts';
import type { EntryId } from '../model/ids.ts';
import type { Core } from './core.ts';

export interface Rejection {
  readonly source: string;
  readonly route: string;
  readonly status: number;
  readonly code: string;
}

/** Of the body only the hash is kept; of one that was not read whole, that of nothing. */
export async function recordRejection(
  { store, append, ids, clock }: Pick<Core, 'store' | 'append' | 'ids' | 'clock'>,
  rejection: Rejection,
  body: Uint8Array | 'tooLarge',
): Promise<void> {
  const at = clock.now();
  const hashed = bodyHash(body === 'tooLarge' ? '' : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'));
  await store.transaction((tx) =>
    append(tx, [{ id: ids.next<EntryId>(at), type: 'signal.rejected', at, core: { ...rejection, bodyHash: hashed }, pii: null }]),
  );
}
