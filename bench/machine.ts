/** What Linux tells of processes: processor time and memory. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second of `/proc/<pid>/stat`; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** A server of the database and its children, found by the folder that it was started with. */
export function databaseProcesses(dataFolder: string): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const servers = new Set(pids.filter((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes(dataFolder)));
  const children = pids.filter((pid) => servers.has(read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1] ?? ''));
  return [...servers, ...children].map(Number);
}

/** Processor milliseconds that a process has used. */
export function cpuMsOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / ticksPerSecond;
}

/** Resident bytes; `shared` pages count by the share that each process has in them. */
export function memoryOf(pid: number, kind: 'resident' | 'shared'): number {
  const line = new RegExp(`^${kind === 'resident' ? 'Rss' : 'Pss'}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/smaps_rollup`));
  return Number(line?.[1] ?? 0) * 1024;
}
