/** An exported log as a source: the files of C2SP tlog-tiles, with `records/<first index>.jsonl` beside them where cores were exported. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogRecord, LogSource } from './verify.ts';

/** Reads below `folder`. Records are used where the folder `records` exists. */
export async function openLogFolder(folder: string): Promise<LogSource> {
  const starts = (await readdir(join(folder, 'records')).catch(() => []))
    .map((name) => /^(\d{1,15})\.jsonl$/.exec(name)?.[1])
    .filter((start) => start !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  let cached: { start: number; records: readonly LogRecord[] } | undefined;

  async function recordsFrom(start: number): Promise<readonly LogRecord[]> {
    if (cached?.start !== start) {
      const text = await readFile(join(folder, 'records', `${start}.jsonl`), 'utf8');
      cached = { start, records: text.split('\n').filter(Boolean).flatMap(parseRecord) };
    }
    return cached.records;
  }

  return {
    async read(path) {
      try {
        return await readFile(join(folder, path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    ...(starts.length > 0 && {
      async records(firstIndex: number, count: number) {
        const start = starts.findLast((candidate) => candidate <= firstIndex);
        const records = start === undefined ? [] : await recordsFrom(start);
        return records.filter((record) => record.index >= firstIndex && record.index < firstIndex + count);
      },
    }),
  };
}

/** A line that cannot be read counts as missing, which the checker then says. */
function parseRecord(line: string): LogRecord[] {
  try {
    const { index, core, disclosure } = JSON.parse(line) as LogRecord;
    return Number.isSafeInteger(index) && typeof core === 'string' ? [{ index, core, ...(disclosure && { disclosure }) }] : [];
  } catch {
    return [];
  }
}
