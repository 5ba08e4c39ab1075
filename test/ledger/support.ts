/** Entries, logs in memory and logs in a database, for the tests of the decision log. */
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  createAppender,
  createLedgerReader,
  createSequencer,
  type LedgerKeys,
  type LedgerReader,
  ledgerOrigin,
  type NoteSigner,
  type Sequencer,
  type SequencingStore,
} from '../../src/ledger/index.ts';
import { formatVerifierKey } from '../../src/ledger/note.ts';
import type { LogSource } from '../../src/ledger/verifier/verify.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Entry } from '../../src/model/entry.ts';
import { createIdMaker, type EntryId, type IdentityId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import type { Tx } from '../../src/store/db.ts';
import { createLeadership } from '../../src/store/leadership.ts';
import { insertEntries } from '../../src/store/ledger-append.ts';
import { createLedgerReadStore, createSequencingStore, sequencerLock } from '../../src/store/ledger-log.ts';
import type { Store } from '../../src/store/open.ts';
import { createManualClock } from '../support/clock.ts';

export const origin = ledgerOrigin('https://rescind.example/');
export const ids = createIdMaker(randomBytes);
export const startAt = Date.UTC(2026, 4, 4, 10);

export function createSigner(name = origin): NoteSigner {
  const pair = generateKeyPairSync('ed25519');
  return { name, privateKey: pair.privateKey, publicKey: Buffer.from(pair.publicKey.export({ format: 'jwk' }).x as string, 'base64url') };
}

export function pauseEntry(by = 'admin'): Entry<'pause.ended'> {
  return { id: ids.next<EntryId>(startAt), type: 'pause.ended', at: startAt, core: { pauseId: 'p', by }, pii: null };
}

export function personalEntry(identityId: IdentityId, value: Readonly<Record<string, unknown>>): Entry<'pause.ended'> {
  return { ...pauseEntry(), pii: { owner: { identityId }, value } };
}

export interface TestLog {
  readonly signer: NoteSigner;
  readonly verifierKeys: readonly string[];
  readonly sequencer: Sequencer;
  readonly reader: LedgerReader;
  /** One transaction with one pending row. */
  append(entries: readonly Entry[], key?: KeyObject): Promise<void>;
}

export interface TestLogOptions {
  readonly signer?: NoteSigner;
  readonly keys?: () => LedgerKeys;
  readonly clock?: Clock;
  /** Stands between the sequencer and the database. */
  readonly around?: (store: SequencingStore) => SequencingStore;
}

export function createTestLog(store: Store, options: TestLogOptions = {}): TestLog {
  const signer = options.signer ?? createSigner();
  const keys = options.keys ?? (() => ({ signers: [signer], known: [signer] }));
  const sequencing = createSequencingStore(store);
  return {
    signer,
    verifierKeys: [formatVerifierKey(signer)],
    sequencer: createSequencer({
      store: options.around?.(sequencing) ?? sequencing,
      leadership: createLeadership(store, sequencerLock),
      origin,
      keys: async () => keys(),
      clock: options.clock ?? createManualClock(startAt),
      log: silentLog,
    }),
    reader: createLedgerReader(createLedgerReadStore(store)),
    append(entries, key = createSecretKey(randomBytes(32))) {
      const append = createAppender<Tx>({
        insert: (tx, rows) => insertEntries(tx, rows, ids.next(startAt)),
        keyOf: async () => key,
        random: randomBytes,
      });
      return store.transaction((tx) => append(tx, entries));
    },
  };
}

export function sourceOf(reader: LedgerReader): Required<LogSource> {
  return { read: async (path) => (await reader.file(path))?.bytes, records: (firstIndex, count) => reader.leaves(firstIndex, count) };
}
