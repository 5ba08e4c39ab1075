/** Which session or device a plan is about. Plans hold no personal data, so it is read from the decision's sealed snapshot. */
import type { KeyObject } from 'node:crypto';
import type { Snapshot } from '../engine.ts';
import { openText } from '../ledger/index.ts';
import type { IdentityId } from '../model/ids.ts';
import type { Db } from '../store/db.ts';
import type { Keyring } from '../store/keyring.ts';

export interface SealedRow {
  readonly id: string;
  readonly sealed: Buffer | null;
  readonly sealedFor: IdentityId | null;
  readonly sealedBy: string | null;
}

export interface Disclosed {
  readonly raw: string;
  readonly provenBy?: string;
  readonly snapshot: Snapshot;
}

/** What a decision was made of; undefined where the key is gone, or nothing was sealed. */
export async function disclose(db: Db, row: SealedRow, keyring: Keyring): Promise<Disclosed | undefined> {
  if (row.sealed === null) return undefined;
  const key: KeyObject | undefined =
    row.sealedFor !== null ? await keyring.personKey(db, row.sealedFor) : await keyring.connectionKey(row.sealedBy as string);
  const opened = key && openText(row.sealed, row.id, key);
  return opened && (JSON.parse(opened.pii) as Disclosed);
}

export async function readTargets(
  db: Db,
  decisionId: string,
  keyring: Keyring,
): Promise<{ readonly sessionId?: string; readonly deviceId?: string }> {
  const { rows } = await db.query<SealedRow & { [column: string]: unknown }>(
    `select id, sealed, sealed_for as "sealedFor", sealed_by as "sealedBy" from ledger_entry where id = $1`,
    [decisionId],
  );
  const disclosed = rows[0] && (await disclose(db, rows[0], keyring));
  const claim = disclosed?.snapshot.situation.signal.claim;
  const deviceId = claim?.device ?? (claim?.kind === 'device' ? claim.id : undefined);
  return {
    ...(claim?.session === undefined ? {} : { sessionId: claim.session }),
    ...(deviceId === undefined ? {} : { deviceId }),
  };
}
