/** The folder of the embedded server: made by initdb beside its place and then moved there, so that a crash never leaves half of one. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../model/errors.ts';
import type { Binaries } from './embedded-binaries.ts';
import { commandAs, type RunAs } from './embedded-user.ts';
import { isAlive } from './postmaster.ts';

export const embeddedUser = 'rescind';

/** Nothing of this process's environment reaches PostgreSQL but its search path: PGPORT, PGDATA and the like would change its course. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/** Whether `dataFolder` holds a database of the programs' major version; `store.majorDiffers` and `store.startFailed` otherwise. */
export async function hasDatabase(dataFolder: string, binaries: Binaries): Promise<boolean> {
  const version = await readFile(join(dataFolder, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    const files = await readdir(dataFolder).catch(() => []);
    if (files.length === 0) return false;
    throw new AppError('store.startFailed', `${dataFolder} is not empty and holds no database (PG_VERSION is missing)`);
  }
  if (Number(version.trim()) !== binaries.major) {
    throw new AppError(
      'store.majorDiffers',
      `${dataFolder} was written by PostgreSQL ${version.trim()}, this version brings PostgreSQL ${binaries.major}: make a backup with the version that wrote it, start on an empty folder, restore`,
    );
  }
  return true;
}

/** Makes `<ownFolder>/pg`. Where another start was quicker, its folder stays and ours goes. `durable: false` skips every fsync. */
export async function createDatabaseFolder(ownFolder: string, binaries: Binaries, runAs: RunAs, durable: boolean): Promise<void> {
  await removeLeftovers(ownFolder);
  const made = await mkdtemp(join(ownFolder, `pg.new-${process.pid}-`));
  try {
    await chmod(made, 0o700);
    if (runAs.kind === 'user') await chown(made, runAs.uid, runAs.gid);
    // Trust is sound here: the server listens on a socket in a 0700 folder and nowhere else, so the folder is the authentication.
    const flags = ['-D', made, '-U', embeddedUser, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-instructions'];
    const command = commandAs(runAs, binaries.initdb, durable ? flags : [...flags, '--no-sync']);
    await promisify(execFile)(command.file, command.args, { cwd: '/', env: serverEnvironment(), ...command.options });
    await rename(made, join(ownFolder, 'pg'));
    if (durable) await syncFolder(ownFolder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return;
    const said = stderr?.trim().split('\n').slice(-12).join('\n') || (error as Error).message;
    throw new AppError('store.startFailed', `the database folder could not be made below ${ownFolder}: ${said}`, { cause: error });
  }
}

/** What starts left that died inside initdb. */
async function removeLeftovers(ownFolder: string): Promise<void> {
  for (const name of await readdir(ownFolder)) {
    const pid = Number(/^pg\.new-(\d+)-/.exec(name)?.[1]);
    if (Number.isInteger(pid) && (pid === process.pid || !(await isAlive(pid)))) {
      await rm(join(ownFolder, name), { recursive: true, force: true });
    }
  }
}

/** Creates the folder of all of Rescind's data. As root it may be passed by others, so that the database's user reaches its own. */
export async function createOwnFolder(ownFolder: string): Promise<void> {
  await mkdir(ownFolder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
