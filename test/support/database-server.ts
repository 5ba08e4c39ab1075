/** Around a whole test run: names a folder for the run's database server, and stops the server if any test started one. */
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHolder } from '../../src/store/postmaster.ts';
import { folderVariable, makeServerFolder } from './database.ts';
import { systemClock } from './system-clock.ts';

let folder: string | undefined;

export async function setup(): Promise<void> {
  await sweep();
  folder = makeServerFolder();
  process.env[folderVariable] = folder;
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await remove(folder);
}

/** Servers of runs that were killed. */
async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^rescind-test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await remove(join(tmpdir(), name));
  }
}

async function remove(path: string): Promise<void> {
  const dataFolder = join(path, 'pg');
  for (;;) {
    const holder = await lockHolder(join(dataFolder, 'postmaster.pid'), dataFolder);
    if (holder.kind !== 'server') break;
    try {
      process.kill(holder.pid, 'SIGQUIT');
    } catch {
      break;
    }
    await systemClock.sleep(50);
  }
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}
