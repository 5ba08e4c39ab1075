/**
 * Whether a server lives on a data folder, by the lock files that PostgreSQL leaves: `postmaster.pid` and the lock beside the
 * socket. PostgreSQL itself takes a zombie, any live process of its user and an empty file for a running server; we look closer.
 */
import { execFile } from 'node:child_process';
import { link, lstat, readFile, rename, rm, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';

export const socketPort = 5432;
export const socketName = `.s.PGSQL.${socketPort}`;

/** Seen from the name in a lock file. */
export type LockHolder =
  | { readonly kind: 'none' }
  /** The file is there but names nobody: a crash while it was written, or a server that is writing it now. */
  | { readonly kind: 'empty' }
  /** No such process; PostgreSQL sees that by itself. */
  | { readonly kind: 'gone'; readonly pid: number }
  /** A zombie or a process that has nothing to do with the folder: PostgreSQL would refuse to start. */
  | { readonly kind: 'stranger'; readonly pid: number; readonly text: string }
  | { readonly kind: 'server'; readonly pid: number };

type ProcessFacts =
  | { readonly kind: 'gone' }
  | { readonly kind: 'zombie' }
  /** `since` tells it from a later process of its number. */
  | { readonly kind: 'alive'; readonly command: readonly string[]; readonly since: string };

export async function inspectProcess(pid: number): Promise<ProcessFacts> {
  if (process.platform === 'linux') {
    try {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8');
      // From the third field of proc(5) on: names of programs may hold anything. The 22nd is the start, in ticks since the machine's.
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      if (/^[ZX]/.test(fields[0] ?? '')) return { kind: 'zombie' };
      return { kind: 'alive', command: (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0'), since: fields[19] ?? '' };
    } catch {
      return { kind: 'gone' };
    }
  }
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)]);
    const [status = '', ...rest] = stdout.trim().split(/\s+/);
    // A start is five words: day, month, day of the month, time, year.
    return status.startsWith('Z')
      ? { kind: 'zombie' }
      : { kind: 'alive', command: [rest.slice(5).join(' ')], since: rest.slice(0, 5).join(' ') };
  } catch {
    return { kind: 'gone' };
  }
}

/** Whether a process is still there to be waited for. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await inspectProcess(pid)).kind === 'alive';
}

/** Who holds a lock file; `dataFolder` tells our server's command line from a stranger's. */
export async function lockHolder(lockFile: string, dataFolder: string): Promise<LockHolder> {
  const text = await readFile(lockFile, 'utf8').catch(() => undefined);
  if (text === undefined) return { kind: 'none' };
  const pid = Math.abs(Number.parseInt(text, 10));
  if (!Number.isInteger(pid) || pid === 0) return { kind: 'empty' };
  const facts = await inspectProcess(pid);
  if (facts.kind === 'gone') return { kind: 'gone', pid };
  const isOurs =
    facts.kind === 'alive' &&
    (process.platform === 'linux' ? facts.command.includes(dataFolder) : facts.command.some((part) => part.includes(dataFolder)));
  return isOurs ? { kind: 'server', pid } : { kind: 'stranger', pid, text };
}

/** The socket folder of a server that runs or ran, from the fifth line of `postmaster.pid`. */
export async function recordedSocketFolder(dataFolder: string): Promise<string | undefined> {
  const text = await readFile(`${dataFolder}/postmaster.pid`, 'utf8').catch(() => '');
  return text.split('\n')[4] || undefined;
}

/** Whether a folder is a real folder of `uid` alone: nobody else can have put a socket there. */
export async function isPrivateFolder(folder: string, uid: number): Promise<boolean> {
  const facts = await lstat(folder).catch(() => undefined);
  return facts?.isDirectory() === true && facts.uid === uid && (facts.mode & 0o077) === 0;
}

/** Removes a lock file, unless its text has become another meanwhile: then another start was quicker, and it is put back. */
export async function removeLock(lockFile: string, text: string): Promise<void> {
  const aside = `${lockFile}.${process.pid}`;
  try {
    await rename(lockFile, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) === text) {
    await rm(aside, { force: true });
  } else {
    await link(aside, lockFile).catch(() => {});
    await unlink(aside);
  }
}
