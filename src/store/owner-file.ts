/**
 * Which process owns a data folder, in a file beside the database. While its server is down an owner has no lock there; who comes
 * meanwhile sees here that it lives and will be back.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectProcess } from './postmaster.ts';

const fileName = 'owner';

/** The process that owns the folder and lives; undefined where nobody does. Never a process that only got its number. */
export async function livingOwner(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, fileName), 'utf8').catch(() => '');
  const [number, since] = text.trim().split('\n');
  const pid = Number(number);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const facts = await inspectProcess(pid);
  return facts.kind === 'alive' && facts.since === since ? pid : undefined;
}

export async function writeOwner(dataDir: string): Promise<void> {
  const facts = await inspectProcess(process.pid);
  const file = join(dataDir, fileName);
  await writeFile(`${file}.new`, `${process.pid}\n${facts.kind === 'alive' ? facts.since : ''}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export async function removeOwner(dataDir: string): Promise<void> {
  if ((await livingOwner(dataDir)) === process.pid) await rm(join(dataDir, fileName), { force: true });
}
