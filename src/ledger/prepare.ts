/** Turns an entry into the row that is stored: canonical core with its nonce, sealed pii, and the envelope that becomes the leaf. */
import { hash, type KeyObject } from 'node:crypto';
import { toRfc3339 } from '../model/clock.ts';
import type { Entry, EntryRow } from '../model/entry.ts';
import { AppError } from '../model/errors.ts';
import type { RandomBytes } from '../model/ids.ts';
import { canonicalise } from './canonical.ts';
import { type Disclosure, openText, sealRandomBytes, sealText } from './seal.ts';

/** Version of the envelope: its `v`. */
export const envelopeVersion = 1;
const nonceBytes = 16;
/** A C2SP entry bundle counts an entry's length in 16 bits. */
const maxBodyBytes = 0xffff;

/**
 * Seals, commits and hashes; made for the hot path, so the core is not held against its schema here. `key` is the key of
 * `entry.pii.owner` and may be null only where there is no pii. Throws AppError `ledger.notCanonical` for a value without one form.
 */
export function prepareEntry(entry: Entry, key: KeyObject | null, random: RandomBytes): EntryRow {
  const bytes = random(entry.pii === null ? nonceBytes : nonceBytes + sealRandomBytes);
  const nonce = Buffer.from(bytes.buffer, bytes.byteOffset, nonceBytes).toString('base64url');
  const core = canonicalise({ ...entry.core, nonce }, 'whole');
  let sealed: Uint8Array | null = null;
  let commitment = 'null';
  if (entry.pii !== null) {
    if (key === null) throw new AppError('internal', 'an entry with pii needs the key of its owner');
    const seal = sealText(canonicalise(entry.pii.value, 'finite'), entry.id, key, bytes.subarray(nonceBytes));
    sealed = seal.sealed;
    commitment = `"${seal.commitment}"`;
  }
  const previous = entry.previous === undefined ? '' : `"prev":"${entry.previous}",`;
  // In canonical order of names; every value is an id, base64url, an instant or a name of the table, none of which needs escaping.
  const body = `{"core":"${hash('sha256', core, 'base64url')}","id":"${entry.id}","pii":${commitment},${previous}"t":"${entry.type}","ts":"${toRfc3339(entry.at)}","v":${envelopeVersion}}`;
  if (body.length > maxBodyBytes) throw new AppError('internal', 'a leaf is over 65535 bytes');
  const owner = entry.pii?.owner;
  return {
    id: entry.id,
    type: entry.type,
    body,
    core,
    sealed,
    sealedFor: owner && 'identityId' in owner ? owner.identityId : null,
    sealedBy: owner && 'connection' in owner ? owner.connection : null,
  };
}

/** The personal data of a row, with its salt; null where the row has none, undefined where this key does not open it. */
export function discloseEntry(row: Pick<EntryRow, 'id' | 'sealed'>, key: KeyObject): Disclosure | null | undefined {
  return row.sealed === null ? null : openText(row.sealed, row.id, key);
}
