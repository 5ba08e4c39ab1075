import { createSecretKey, randomBytes } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { canonicalise } from '../../src/ledger/canonical.ts';
import { discloseEntry, exportLedger, prepareEntry, type SequencingStore } from '../../src/ledger/index.ts';
import { provesConsistency } from '../../src/ledger/verifier/primitives.ts';
import { verifyLedger, verifyTlogProof } from '../../src/ledger/verifier/verify.ts';
import type { IdentityId } from '../../src/model/ids.ts';
import { createLeadership } from '../../src/store/leadership.ts';
import { entryStatements } from '../../src/store/ledger-append.ts';
import { sequencerLock } from '../../src/store/ledger-log.ts';
import { readBacklog, readGaps } from '../../src/store/ledger-state.ts';
import { createManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { createSigner, createTestLog, ids, origin, pauseEntry, personalEntry, sourceOf, startAt } from './support.ts';

let database: TestDatabase;
const opened: TestDatabase[] = [];

beforeEach(async () => {
  database = await testDatabase();
  opened.push(database);
});
afterAll(async () => {
  for (const each of opened) await each.drop();
});

const wholeLog = { lost: 0, hollow: 0, missing: 0, headOff: 0 };
const pauses = (count: number) => Array.from({ length: count }, (_, i) => pauseEntry(`admin ${i}`));

describe('the sequencer', () => {
  it('gives committed entries contiguous places in the order in which they were pending', async () => {
    const log = createTestLog(database.store);
    const entries = pauses(7);
    await log.append(entries.slice(0, 3));
    await log.append(entries.slice(3));
    const head = await log.sequencer.flush();
    expect(head).toMatchObject({ size: 7, signedAt: startAt });
    const leaves = await log.reader.leaves(0, 10);
    expect(leaves.map((leaf) => [leaf.index, leaf.id])).toEqual(entries.map((entry, i) => [i, entry.id]));
    expect(await readGaps(database.store)).toEqual(wholeLog);
    expect(await readBacklog(database.store)).toEqual({ waiting: 0, oldestAt: null });
  });

  it('signs nothing while the log is empty and nothing new is pending', async () => {
    const log = createTestLog(database.store);
    expect(await log.sequencer.flush()).toBeUndefined();
    expect(await log.reader.checkpoint()).toBeUndefined();
    expect(await log.reader.file('checkpoint')).toBeUndefined();
    await log.append(pauses(1));
    const first = await log.sequencer.flush();
    expect(await log.sequencer.flush()).toEqual(first);
  });

  it('leaves out what was rolled back', async () => {
    const log = createTestLog(database.store);
    const [kept, lost] = pauses(2);
    await log.append([kept as never]);
    const rows = [prepareEntry(lost as never, null, randomBytes)];
    await database.store
      .transaction(async (tx) => {
        for (const statement of entryStatements(rows, ids.next(startAt))) await tx.query({ ...statement, values: [...statement.values] });
        throw new Error('changed my mind');
      })
      .catch(() => {});
    expect(await log.sequencer.flush()).toMatchObject({ size: 1 });
    expect(await readGaps(database.store)).toEqual(wholeLog);
  });

  it('keeps places contiguous and the log whole when a round is cut off before its commit', async () => {
    let cuts = 0;
    const around = (store: SequencingStore): SequencingStore => ({
      round: (work) =>
        store.round(async (round) => {
          const result = await work(round);
          if (cuts++ < 2) throw new Error('killed');
          return result;
        }),
    });
    const log = createTestLog(database.store, { around });
    await log.append(pauses(300));
    await expect(log.sequencer.flush()).rejects.toThrow('killed');
    expect(await readBacklog(database.store)).toEqual({ waiting: 300, oldestAt: startAt });
    await log.append(pauses(5));
    await expect(log.sequencer.flush()).rejects.toThrow('killed');
    expect(await log.sequencer.flush()).toMatchObject({ size: 305 });
    expect(await readGaps(database.store)).toEqual(wholeLog);
    expect(await verifyLedger(sourceOf(log.reader), log)).toMatchObject({ ok: true, size: 305, records: 305 });
  });

  it('takes up the log of a process before it, also where that signed with a key that is now retired', async () => {
    const [old, fresh] = [createSigner(), createSigner()];
    const first = createTestLog(database.store, { signer: old });
    await first.append(pauses(259));
    await first.sequencer.flush();
    const second = createTestLog(database.store, { signer: fresh, keys: () => ({ signers: [fresh], known: [fresh, old] }) });
    await second.append(pauses(10));
    expect(await second.sequencer.flush()).toMatchObject({ size: 269 });
    expect(await verifyLedger(sourceOf(second.reader), second)).toMatchObject({ ok: true, size: 269 });
  });

  it('gives each entry one place when two sequencers work at once', async () => {
    const signer = createSigner();
    const logs = [createTestLog(database.store, { signer }), createTestLog(database.store, { signer })] as const;
    for (let turn = 0; turn < 5; turn++) {
      await Promise.all(logs.map((log) => log.append(pauses(40))));
      await Promise.all(logs.map((log) => log.sequencer.flush()));
    }
    expect(await readGaps(database.store)).toEqual(wholeLog);
    expect(await verifyLedger(sourceOf(logs[0].reader), logs[0])).toMatchObject({ ok: true, size: 400 });
  });

  it('lets one of two processes lead, and the other when that one stops', async () => {
    const clock = createManualClock(startAt);
    const signer = createSigner();
    const [a, b] = [createTestLog(database.store, { signer, clock }), createTestLog(database.store, { signer, clock })];
    a.sequencer.start();
    await until(clock, () => a.sequencer.status().leading);
    b.sequencer.start();
    await a.append(pauses(3));
    await until(clock, () => a.sequencer.status().size === 3);
    expect(b.sequencer.status().leading).toBe(false);
    await a.sequencer.stop();
    await b.append(pauses(1));
    await until(clock, () => b.sequencer.status().size === 4);
    expect(a.sequencer.status().leading).toBe(false);
    await b.sequencer.stop();
    expect(clock.pending).toBe(0);
  });

  it('loses its lead with the connection that holds it', async () => {
    const [a, b] = [createLeadership(database.store, sequencerLock), createLeadership(database.store, sequencerLock)];
    expect([await a.acquire(), await a.acquire(), await b.acquire()]).toEqual([true, true, false]);
    await database.store.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database =
      (select oid from pg_database where datname = current_database())`);
    await expect.poll(() => b.acquire(), { timeout: 15_000 }).toBe(true);
    expect(await a.acquire()).toBe(false);
    await Promise.all([a.release(), b.release()]);
  });

  describe('refuses to sign (C2SP tlog-checkpoint: no head inconsistent with an earlier one)', () => {
    const spoil = (sql: string) => database.store.query(sql);
    async function broken(sql: string, sameProcess: boolean) {
      await spoil('truncate ledger_entry, ledger_pending, ledger_leaf, ledger_tile, ledger_head');
      const signer = createSigner();
      const log = createTestLog(database.store, { signer });
      await log.append(pauses(5));
      await log.sequencer.flush();
      await spoil(sql);
      await log.append(pauses(1));
      const next = sameProcess ? log : createTestLog(database.store, { signer });
      await expect(next.sequencer.flush()).rejects.toMatchObject({ code: 'ledger.broken' });
    }

    it('when the head lost its last entries under a running process', async () => {
      await broken(`update ledger_head set size = 3`, true);
      await broken(`delete from ledger_head`, true);
    });
    it('when the stored root is another', async () => {
      await broken(`update ledger_head set root = sha256('x')`, true);
      await broken(`update ledger_head set root = sha256('x')`, false);
    });
    it('when a tile at the right edge was changed or is gone', async () => {
      await broken(`update ledger_tile set hashes = sha256('x') || substring(hashes from 33)`, false);
      await broken(`delete from ledger_tile`, false);
    });
    it('when the stored checkpoint was not signed by a key of this log', async () => {
      await broken(`update ledger_head set checkpoint = replace(checkpoint, E'\\n5\\n', E'\\n6\\n')`, false);
      const log = createTestLog(database.store, { signer: createSigner() });
      await expect(log.sequencer.flush()).rejects.toMatchObject({ code: 'ledger.broken' });
      expect(log.sequencer.status()).toMatchObject({ size: 0 });
    });
    it('when an entry that waits is not stored', async () => {
      const log = createTestLog(database.store);
      const [entry] = pauses(1);
      await log.append([entry as never]);
      await database.store.query({ text: 'delete from ledger_entry where id = $1', values: [entry?.id] });
      await expect(log.sequencer.flush()).rejects.toMatchObject({ code: 'ledger.broken' });
    });
    it('and says so in its status, without signing anything new', async () => {
      const clock = createManualClock(startAt);
      const log = createTestLog(database.store, { clock });
      log.sequencer.start();
      await log.append(pauses(2));
      await until(clock, () => log.sequencer.status().size === 2);
      const before = await log.reader.checkpoint();
      await spoil(`update ledger_head set size = 1`);
      await until(clock, () => log.sequencer.status().broken !== null);
      expect(log.sequencer.status().broken).toBe('the head went back from 2 to 1 entries');
      expect((await log.reader.checkpoint())?.checkpoint).toBe(before?.checkpoint);
      await log.sequencer.stop();
    });
  });
});

describe('the reader', () => {
  it('proves an entry with a text that the checker accepts offline, and nothing else', async () => {
    const log = createTestLog(database.store);
    const entries = pauses(300);
    await log.append(entries);
    const id = entries[257]?.id as string;
    expect(await log.reader.proofOf(id)).toBeUndefined();
    await log.sequencer.flush();
    const proof = await log.reader.proofOf(id);
    const [leaf] = await log.reader.leaves(257, 1);
    expect(proof).toMatchObject({ index: 257, treeSize: 300 });
    const text = proof?.text as string;
    expect(verifyTlogProof(text, log.verifierKeys, leaf?.body)).toMatchObject({
      ok: true,
      index: 257,
      size: 300,
      origin,
      core: leaf?.core,
      pii: null,
    });
    expect(verifyTlogProof(text, log.verifierKeys)).toMatchObject({ ok: true, body: leaf?.body });
    expect(verifyTlogProof(text, log.verifierKeys, `${leaf?.body} `)).toEqual({ ok: false, fault: 'the proof is of another entry' });
    expect(verifyTlogProof(text, createTestLog(database.store).verifierKeys)).toMatchObject({ ok: false });
    expect(await log.reader.proofOf(pauseEntry().id)).toBeUndefined();
    // Each character, so that no part of the text goes unread; base64 at a line's end has bits of padding that must be zero.
    for (let i = 0; i < text.length; i += 3) {
      const changed = `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`;
      expect(verifyTlogProof(changed, log.verifierKeys, leaf?.body).ok, `character ${i}`).toBe(false);
    }
  });

  it('proves that the log at one size begins the log at another', async () => {
    const log = createTestLog(database.store);
    await log.append(pauses(100));
    const before = await log.sequencer.flush();
    await log.append(pauses(200));
    const after = await log.sequencer.flush();
    const consistency = await log.reader.consistency(100, 300);
    const hashes = (consistency?.proof ?? []).map((hash) => Buffer.from(hash, 'base64'));
    expect(provesConsistency(100, before?.root as Buffer, 300, after?.root as Buffer, hashes)).toBe(true);
    expect(await log.reader.consistency(0, 300)).toMatchObject({ proof: [] });
    expect(await log.reader.consistency(200, 100)).toBeUndefined();
    expect(await log.reader.consistency(1, 301)).toBeUndefined();
    expect(await log.reader.consistency(-1, 3)).toBeUndefined();
    expect(await log.reader.consistency(0.5, 3)).toBeUndefined();
  });

  it('serves partial tiles also after they were filled, and nothing beyond the signed size', async () => {
    const log = createTestLog(database.store);
    await log.append(pauses(10));
    await log.sequencer.flush();
    const partial = await log.reader.file('tile/0/000.p/10');
    await log.append(pauses(300));
    expect(await log.reader.file('tile/0/001.p/1')).toBeUndefined();
    await log.sequencer.flush();
    expect((await log.reader.file('tile/0/000.p/10'))?.bytes).toEqual(partial?.bytes);
    expect((await log.reader.file('tile/0/000'))?.bytes).toHaveLength(8192);
    expect(await log.reader.file('tile/1/000.p/1')).toMatchObject({ immutable: true, mediaType: 'application/octet-stream' });
    for (const path of ['tile/0/001', 'tile/0/001.p/55', 'tile/1/000', 'tile/2/000.p/1', 'tile/entries/002.p/1', 'tile/x', '']) {
      expect(await log.reader.file(path), path).toBeUndefined();
    }
  });
});

describe('erasing a person', () => {
  it('leaves every proof valid and the sealed texts closed for good', async () => {
    const log = createTestLog(database.store);
    const identityId = ids.next<IdentityId>(startAt);
    const key = createSecretKey(randomBytes(32));
    const entries = [pauseEntry(), personalEntry(identityId, { email: 'alice@example.com' }), pauseEntry()];
    await log.append(entries, key);
    await log.sequencer.flush();
    const [, row] = await log.reader.leaves(0, 3);
    const disclosure = discloseEntry(row as never, key);
    expect(disclosure?.pii).toBe(canonicalise({ email: 'alice@example.com' }, 'whole'));
    const shown = await log.reader.proofOf(entries[1]?.id as string, disclosure as never);
    expect(verifyTlogProof(shown?.text as string, log.verifierKeys)).toMatchObject({ ok: true, pii: disclosure?.pii });

    // The key is gone: only another can be tried.
    expect(discloseEntry(row as never, createSecretKey(randomBytes(32)))).toBeUndefined();
    const bare = await log.reader.proofOf(entries[1]?.id as string);
    expect(verifyTlogProof(bare?.text as string, log.verifierKeys)).toMatchObject({ ok: true, pii: null });
    expect(await verifyLedger(sourceOf(log.reader), log)).toMatchObject({ ok: true, size: 3, records: 3, disclosed: 0 });
    const stored = await database.store.query<{ row: string }>(`select row_to_json(e)::text as row from ledger_entry e`);
    expect(stored.rows.map((each) => each.row).join()).not.toContain(Buffer.from('alice').toString('hex'));
    for await (const file of exportLedger(log.reader)) expect(file.bytes.includes('alice')).toBe(false);
  });
});

/** Moves time on until something holds; real I/O gets its turn in between. */
async function until(clock: ReturnType<typeof createManualClock>, holds: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!holds() && performance.now() - startedAt < 15_000) {
    await clock.advance(100);
    await database.store.query('select 1');
  }
  expect(holds()).toBe(true);
}
