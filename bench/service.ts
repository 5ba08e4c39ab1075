/** The service as it ships, in a process of its own: started by `startApp` from a configuration file, with its embedded PostgreSQL. */
import { createWriteStream, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from '../src/app.ts';
import { createLog } from '../src/cli/log.ts';
import { parseConfiguration } from '../src/cli/settings.ts';
import { formatFaults } from '../src/model/document.ts';
import { AppError } from '../src/model/errors.ts';
import { serveBench } from './child.ts';
import { countAll } from './counts.ts';

export interface ServiceReady {
  readonly port: number;
  /** How the database is reached, for a client of the bench. */
  readonly database: { readonly host: string; readonly port: number; readonly user: string; readonly database: string };
}

export type ServiceOrder = { readonly count: true } | { readonly cpu: true };

const { configuration } = JSON.parse(process.argv[2] ?? '{}') as { readonly configuration: string };
const programDir = dirname(dirname(fileURLToPath(import.meta.url)));
const workingDir = dirname(configuration);
const logFile = createWriteStream(join(workingDir, 'service.log'), { flags: 'a' });
const console = { out: () => {}, err: (text: string) => void logFile.write(text), tty: false };
const settings = await parseConfiguration({ path: configuration, text: readFileSync(configuration, 'utf8') }, { workingDir, env: {} });
const app = await startApp({
  settings,
  kind: 'demo',
  workingDir,
  programDir,
  version: 'bench',
  log: createLog(settings.log.level, console),
}).catch((error: unknown) => {
  if (error instanceof AppError && error.faults.length > 0) throw new Error(formatFaults(error.faults), { cause: error });
  throw error;
});

const { host, port, user, database } = app.core.store.connection as ServiceReady['database'];
serveBench(
  { port: Number(new URL(app.origin).port), database: { host, port, user, database } } satisfies ServiceReady,
  async (order: ServiceOrder) => ('count' in order ? countAll(app.core) : process.cpuUsage()),
  () => app.stop(),
);
