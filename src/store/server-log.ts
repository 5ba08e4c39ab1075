/** The file that the embedded server writes to: kept small, and read where a start failed. */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const logLimitBytes = 16 * 1024 * 1024;
const tailBytes = 8_192;
const tailLines = 12;

/** Puts a file over 16 MB aside, over the one put aside before; for the moment before a start. */
export function rotateLog(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logLimitBytes) renameSync(logFile, `${logFile}.1`);
}

/** The last lines written after byte `from`, twelve at most; empty where there are none. */
export function readTail(logFile: string, from: number): string {
  let fd: number;
  try {
    fd = openSync(logFile, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(from, size - tailBytes);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    readSync(fd, bytes, 0, bytes.length, start);
    return bytes.toString('utf8').trim().split('\n').slice(-tailLines).join('\n');
  } finally {
    closeSync(fd);
  }
}
