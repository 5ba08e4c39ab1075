/** Commands that work on the data itself, beside a running service or without one. */
import { resolve } from 'node:path';
import { systemClock } from '../app/system.ts';
import { silentLog } from '../model/log.ts';
import { migrate } from '../store/migrate.ts';
import { openStore, type Store } from '../store/open.ts';
import type { CommandContext } from './console.ts';
import { demoFolder } from './demo-folder.ts';
import { findConfiguration, parseConfiguration } from './settings.ts';

export interface DataPlace {
  readonly url?: string;
  readonly dataDir: string;
}

/** Where the data of this machine lies: as the configuration or the environment says, else the demo organisation's. */
export async function findData(context: CommandContext): Promise<DataPlace> {
  const file = findConfiguration(context);
  const url = context.env['DATABASE_URL'];
  if (file === undefined && !url) return { dataDir: demoFolder(context) };
  if (file === undefined)
    return { url: url as string, dataDir: resolve(context.workingDir, context.env['RESCIND_DATA_DIR'] || '.rescind') };
  const settings = await parseConfiguration(file, context);
  const dataDir = resolve(context.workingDir, settings.dataDir);
  return settings.database.url === undefined ? { dataDir } : { url: settings.database.url, dataDir };
}

/** Opens the data without taking it over, and closes it again. */
export async function withStore<T>(context: CommandContext, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ ...(await findData(context)), clock: systemClock, log: silentLog, hold: false });
  try {
    await migrate(store);
    return await work(store);
  } finally {
    await store.close();
  }
}
