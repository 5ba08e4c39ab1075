/** The log as files that anyone can keep and check: the layout of C2SP tlog-tiles, with the cores beside it. */
import type { LedgerReader } from './reader.ts';
import { formatTilePath, tilesOf } from './tiles.ts';

export interface ExportedFile {
  readonly path: string;
  readonly bytes: Buffer;
}

const recordsPerFile = 4096;

/**
 * Every file of the log as it stands now: tiles and bundles first, `records/<first index>.jsonl` with `{index, core}` a line, then
 * `checkpoint`, so that a cut export is seen. Nothing at all while the log is empty.
 */
export async function* exportLedger(reader: LedgerReader): AsyncGenerator<ExportedFile> {
  const head = await reader.checkpoint();
  if (head === undefined) return;
  for (const tile of tilesOf(head.size)) {
    const path = formatTilePath(tile);
    const file = await reader.file(path);
    if (file) yield { path, bytes: file.bytes };
  }
  for (let first = 0; first < head.size; first += recordsPerFile) {
    const rows = await reader.leaves(first, Math.min(recordsPerFile, head.size - first));
    const lines = rows.map((row) => `${JSON.stringify({ index: row.index, core: row.core })}\n`);
    yield { path: `records/${first}.jsonl`, bytes: Buffer.from(lines.join(''), 'utf8') };
  }
  yield { path: 'checkpoint', bytes: Buffer.from(head.checkpoint, 'utf8') };
}
