/** Composition root: puts a process together from the rooms and gives it a listener. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Core, type CoreOptions, startCore } from './app/core.ts';
import { openDoors } from './app/doors.ts';
import { openEventDoors } from './app/hooks.ts';
import { createMetrics } from './app/metrics.ts';
import { bindServer } from './app/server-parts.ts';
import { repeat, systemClock, systemRandom } from './app/system.ts';
import { reportUnserved } from './app/unserved.ts';
import type { Log } from './model/log.ts';
import type { Role } from './model/operator.ts';
import { createMetricsServer, createServer, type Listener, openListener } from './server/index.ts';
import type { Settings } from './settings/index.ts';
import { readBacklog } from './store/ledger-state.ts';
import { insertSignInLink } from './store/sign-in.ts';

export { providerSchemas } from './app/providers.ts';

export interface AppOptions {
  readonly settings: Settings;
  readonly kind: 'organisation' | 'demo';
  readonly workingDir: string;
  /** Folder of the program, for the hash of what runs. */
  readonly programDir: string;
  readonly version: string;
  readonly log: Log;
  /** See `CoreOptions`. */
  readonly loadProvider?: CoreOptions['loadProvider'];
}

export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:8440`. */
  readonly origin: string;
  /** Where the metrics are, if not below `origin`. */
  readonly metricsOrigin?: string;
  readonly core: Core;
  /** A link that opens the status page once, within ten minutes. */
  signInLink(roles: readonly Role[]): Promise<string>;
  /** Takes nothing more in, finishes what is under way, stops the database. */
  stop(): Promise<void>;
}

const linkMs = 10 * 60_000;
const closeMs = 10_000;
/** Well within the hour for which what is known of a directory counts as fresh. */
const directoriesEveryMs = 20 * 60_000;

/** Starts everything; throws `AppError` naming what is wrong, with nothing left running. */
export async function startApp({ settings, kind, workingDir, programDir, version, log, loadProvider }: AppOptions): Promise<App> {
  reportUnserved(settings, log);
  const clock = systemClock;
  const random = systemRandom;
  const { host, port, tls } = settings.listen;
  const readFile = (path: string) => readFileSync(resolve(workingDir, path), 'utf8');
  const scheme = tls === undefined ? 'http' : 'https';
  const originAt = (open: Listener) => `${scheme}://${host.includes(':') ? `[${host}]` : host}:${open.port}`;
  const secrets = tls === undefined ? {} : { tls: { cert: readFile(tls.cert), key: readFile(tls.key) } };
  let listener: Listener | undefined;
  let metricsListener: Listener | undefined;
  let local = '';
  const listen = async () => {
    listener = await openListener({ host, port, clock, ...secrets });
    if (settings.metrics.port !== undefined) metricsListener = await openListener({ host, port: settings.metrics.port, clock, ...secrets });
    local = originAt(listener);
    return settings.publicUrl ?? local;
  };
  const options = {
    settings,
    kind,
    workingDir,
    listen,
    build: { version, build: hashProgram(programDir) },
    clock,
    random,
    log,
    ...(loadProvider ? { loadProvider } : {}),
  };
  let core: Core;
  let planFinished: ReturnType<typeof createMetrics>['planFinished'] | undefined;
  try {
    core = await startCore({ ...options, planFinished: (connection, state) => planFinished?.(connection, state) });
  } catch (error) {
    await Promise.all([listener?.close(0), metricsListener?.close(0)]);
    throw error;
  }
  const metrics = createMetrics({
    ledgerWaiting: async () => (await readBacklog(core.store)).waiting,
    undecided: async () => (await core.store.query<{ count: number }>('select count(*)::int as count from undecided')).rows[0]?.count ?? 0,
  });
  planFinished = metrics.planFinished;
  const doors = openDoors(core, options, metrics);
  const eventDoors = openEventDoors(core, options, metrics);
  const handler = core.adapters.all().find(({ adapter }) => adapter.handler !== undefined)?.adapter.handler;
  const parts = {
    ...bindServer(core, options, metrics),
    push: doors.push,
    signal: doors.signal,
    hook: eventDoors.hook,
    ...(handler === undefined ? {} : { idp: handler }),
  };
  listener?.serve(createServer(parts));
  metricsListener?.serve(createMetricsServer(parts));
  const syncing = new AbortController();
  await core.syncDirectories(syncing.signal);
  const rereading = repeat(
    clock,
    directoriesEveryMs,
    () => core.syncDirectories(syncing.signal),
    (error) => log.warn({ error: (error as Error).name }, 'directories.unread'),
  );
  eventDoors.start();
  log.info({ origin: local, kind, version }, 'process.listening');
  return {
    origin: local,
    ...(metricsListener === undefined ? {} : { metricsOrigin: originAt(metricsListener) }),
    core,
    async signInLink(roles) {
      const code = Buffer.from(random(24)).toString('base64url');
      await insertSignInLink(core.store, { sha256: createHash('sha256').update(code).digest(), roles, expiresAt: clock.now() + linkMs });
      return `${local}${settings.listen.basePath ?? ''}/?code=${code}`;
    },
    async stop() {
      syncing.abort();
      await rereading.stop();
      await eventDoors.stop();
      await Promise.all([listener?.close(closeMs), metricsListener?.close(closeMs)]);
      await core.stop();
      await doors.close();
    },
  };
}

/** SHA-256 over the program's own files, so that the log tells which code ran. */
function hashProgram(programDir: string): string {
  const hash = createHash('sha256');
  for (const folder of ['src', 'dist']) {
    let names: string[];
    try {
      names = readdirSync(join(programDir, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|js)$/.test(name));
    } catch {
      continue;
    }
    for (const name of names.sort()) hash.update(`${folder}/${name}\0`).update(readFileSync(join(programDir, folder, name)));
  }
  return hash.digest('hex');
}
