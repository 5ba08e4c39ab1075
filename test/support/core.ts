/** A process of the service on a test's database, without its listener: what tests of several rooms together start from. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Core, type CoreOptions, startCore } from '../../src/app/core.ts';
import { openDoors } from '../../src/app/doors.ts';
import { createMetrics } from '../../src/app/metrics.ts';
import { bindServer } from '../../src/app/server-parts.ts';
import { providerSchemas } from '../../src/app.ts';
import type { Clock, Instant } from '../../src/model/clock.ts';
import { formatFaults } from '../../src/model/document.ts';
import { silentLog } from '../../src/model/log.ts';
import { readSettings } from '../../src/settings/index.ts';
import type { TestDatabase } from './database.ts';
import { systemRandom } from './system-clock.ts';

/** `sections` of the configuration stand beside, or over, the shipped policies, the database and a key of its own. Throws its faults. */
export async function coreOptions(
  { connection: { host, port, user }, name }: Pick<TestDatabase, 'connection' | 'name'>,
  sections: object,
  clock: Clock,
): Promise<CoreOptions> {
  const text = stringify({
    database: { url: `postgres://${user}@/${name}?host=${encodeURIComponent(String(host))}&port=${port}` },
    policies: join(import.meta.dirname, '../../policies'),
    keys: { wrap: createHash('sha256').update('test').digest('base64url') },
    network: { allowPrivate: ['127.0.0.0/8'] },
    ...sections,
  });
  return readOptions(text, clock);
}

/** The same of a whole configuration. */
export async function readOptions(text: string, clock: Clock): Promise<CoreOptions> {
  const read = readSettings({ text, file: 'test.yaml', env: {}, readFile: () => '', providers: await providerSchemas() });
  if (!read.ok) throw new Error(formatFaults(read.faults));
  return {
    settings: read.value,
    kind: 'organisation',
    workingDir: import.meta.dirname,
    listen: async () => 'http://127.0.0.1:9',
    build: { version: 'test', build: createHash('sha256').update('test').digest('hex') },
    clock,
    random: systemRandom,
    log: silentLog,
  };
}

/** A sink of which nobody listens: what would be told stands in the table. */
export const noListener = {
  id: 'soc',
  kind: 'webhook',
  url: 'http://127.0.0.1:9/',
  secret: `whsec_${Buffer.alloc(24, 's').toString('base64')}`,
};

export interface TestService {
  readonly core: Core;
  readonly doors: ReturnType<typeof openDoors>;
  /** What HTTP would ask. */
  readonly parts: ReturnType<typeof bindServer>;
  close(): Promise<void>;
}

/** The process with its doors, and everything behind its routes. */
export async function startService(options: CoreOptions): Promise<TestService> {
  const core = await startCore(options);
  const metrics = createMetrics({ ledgerWaiting: async () => 0, undecided: async () => 0 });
  const doors = openDoors(core, options, metrics);
  return {
    core,
    doors,
    parts: bindServer(core, options, metrics),
    async close() {
      await core.stop();
      await doors.close();
    },
  };
}

/** From now on the database tells the time that it is told, to connections that are opened later. Answers how to tell it. */
export async function stopTime({ store, name }: TestDatabase, at: Instant): Promise<(at: Instant) => Promise<void>> {
  await store.query('create schema told');
  await store.query('create table told.clock as select to_timestamp($1::float8 / 1000) as at', [at]);
  await store.query('create function told.clock_timestamp() returns timestamptz language sql stable as $$ select at from told.clock $$');
  await store.query(`alter database ${name} set search_path = told, pg_catalog, public`);
  return async (instant) => {
    await store.query('update told.clock set at = to_timestamp($1::float8 / 1000)', [instant]);
  };
}
