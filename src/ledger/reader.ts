/** Reading the log: head, proofs and the static files of C2SP tlog-tiles. */
import type { EntryRow } from '../model/entry.ts';
import { AppError } from '../model/errors.ts';
import type { LedgerReadStore, StoredHead } from './contract.ts';
import { hashSpans } from './growth.ts';
import { formatTlogProof } from './proof.ts';
import type { Disclosure } from './seal.ts';
import { consistencySpans, inclusionSpans } from './spans.ts';
import { encodeBundle, levelSize, parseTilePath, tileWidth } from './tiles.ts';
import { hashBytes } from './tree.ts';

export interface EntryProof {
  readonly index: number;
  readonly treeSize: number;
  /** The `.tlog-proof` text. */
  readonly text: string;
}

export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  /** Hashes in the order of RFC 6962 section 2.1.2, base64. */
  readonly proof: readonly string[];
}

export interface LogFile {
  readonly bytes: Buffer;
  readonly mediaType: 'text/plain; charset=utf-8' | 'application/octet-stream';
  /** Tiles and bundles never change; the checkpoint does. */
  readonly immutable: boolean;
}

export interface LedgerReader {
  /** The newest signed head; undefined while the log is empty. */
  checkpoint(): Promise<StoredHead | undefined>;
  /** Undefined where there is no such entry or it has no place yet (flush the sequencer first). */
  proofOf(entryId: string, disclosure?: Disclosure): Promise<EntryProof | undefined>;
  /** Undefined unless 0 <= from <= to <= size. */
  consistency(from: number, to: number): Promise<ConsistencyProof | undefined>;
  /** `checkpoint`, `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`; undefined where the log has no such file. */
  file(path: string): Promise<LogFile | undefined>;
  /** Rows in leaf order, at most 4096 at once. */
  leaves(firstIndex: number, count: number): Promise<readonly (EntryRow & { readonly index: number })[]>;
}

const maxLeaves = 4096;

export function createLedgerReader(store: LedgerReadStore): LedgerReader {
  async function partOfTile(level: number, tile: number, width: number): Promise<Buffer> {
    const [row] = await store.tiles([{ level, tile }]);
    if (row === undefined || row.hashes.length < width * hashBytes)
      throw new AppError('ledger.broken', `tile ${level}/${tile} is missing or short`);
    return row.hashes.subarray(0, width * hashBytes);
  }

  async function bundle(tile: number, width: number): Promise<Buffer> {
    const rows = await store.leaves(tile * tileWidth, width);
    if (rows.length !== width) throw new AppError('ledger.broken', `entries of bundle ${tile} are missing`);
    return encodeBundle(rows.map((row) => row.body));
  }

  return {
    checkpoint: () => store.head(),
    async proofOf(entryId, disclosure) {
      const entry = await store.leafOf(entryId);
      const head = await store.head();
      if (entry === undefined || entry.index === null || head === undefined || entry.index >= head.size) return undefined;
      const path = await hashSpans(inclusionSpans(entry.index, head.size), store.tiles);
      const extra = { body: entry.body, core: entry.core, ...(disclosure && { disclosure }) };
      return {
        index: entry.index,
        treeSize: head.size,
        text: formatTlogProof({ index: entry.index, path, checkpoint: head.checkpoint, extra }),
      };
    },
    async consistency(from, to) {
      const size = (await store.head())?.size ?? 0;
      if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to || to > size) return undefined;
      const hashes = await hashSpans(consistencySpans(from, to), store.tiles);
      return { from, to, proof: hashes.map((hash) => hash.toString('base64')) };
    },
    async file(path) {
      const head = await store.head();
      if (head === undefined) return undefined;
      if (path === 'checkpoint')
        return { bytes: Buffer.from(head.checkpoint, 'utf8'), mediaType: 'text/plain; charset=utf-8', immutable: false };
      const wanted = parseTilePath(path);
      if (wanted === undefined) return undefined;
      const level = wanted.kind === 'entries' ? 0 : wanted.level;
      if (levelSize(head.size, level) - wanted.tile * tileWidth < wanted.width) return undefined;
      const bytes =
        wanted.kind === 'entries' ? await bundle(wanted.tile, wanted.width) : await partOfTile(level, wanted.tile, wanted.width);
      return { bytes, mediaType: 'application/octet-stream', immutable: true };
    },
    leaves: (firstIndex, count) => store.leaves(firstIndex, Math.min(count, maxLeaves)),
  };
}
