/** An organisation whose people are at Okta: one process, a clock that moves when told, and Okta's stand-in by the same clock. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startCore } from '../../src/app/core.ts';
import { providerSchemas } from '../../src/app.ts';
import { fromRfc3339 } from '../../src/model/clock.ts';
import { formatFaults } from '../../src/model/document.ts';
import { silentLog } from '../../src/model/log.ts';
import { readSettings } from '../../src/settings/index.ts';
import { type OktaStandIn, startOkta } from '../fakes/okta.ts';
import { createManualClock } from '../support/clock.ts';
import { testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

export interface OktaWorld {
  readonly core: Awaited<ReturnType<typeof startCore>>;
  readonly okta: OktaStandIn;
  /** Moves the time of the process, of the database and of Okta on. */
  pass(seconds: number): Promise<void>;
  query(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** `people`: logins at Okta, each with a session of an hour. Nobody is configured: the directory brings them. */
export async function openOktaWorld(people: readonly string[]): Promise<OktaWorld> {
  const startAt = fromRfc3339('2026-05-04T10:00:00.000Z') as number;
  const okta = await startOkta({ people: people.map((login) => ({ login })), startAt: startAt - 3_600_000 });
  for (const login of people) okta.signIn(login);
  okta.clock.set(startAt);
  const database = await testDatabase();
  const query = async (text: string, values: unknown[] = []) => (await database.store.query<Record<string, unknown>>(text, values)).rows;
  await query('create schema stopped');
  await query(`alter database ${database.name} set search_path = stopped, pg_catalog, public`);
  let at = startAt;
  const setTime = () =>
    query(
      `create or replace function stopped.clock_timestamp() returns timestamptz language sql stable as $$ select '${new Date(at).toISOString()}'::timestamptz $$`,
    );
  await setTime();
  const { host, port, user } = database.connection;
  const read = readSettings({
    text: stringify({
      database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
      policies: join(import.meta.dirname, '../../policies'),
      enforcement: { default: 'report-only', connections: { 'okta-main': { mode: 'enforce', maxRung: 6 } } },
      keys: { wrap: createHash('sha256').update('okta').digest('base64url') },
      connections: [
        { id: 'okta-main', provider: 'okta', orgUrl: okta.orgUrl, auth: { token: okta.token }, trial: true, profile: 'sandbox' },
      ],
      network: { allowPrivate: ['127.0.0.0/8'] },
    }),
    file: 'okta.yaml',
    env: {},
    readFile: () => '',
    providers: await providerSchemas(),
  });
  if (!read.ok) throw new Error(formatFaults(read.faults));
  const core = await startCore({
    settings: read.value,
    kind: 'organisation' as const,
    workingDir: import.meta.dirname,
    listen: async () => 'http://127.0.0.1:9',
    build: { version: 'okta', build: createHash('sha256').update('okta').digest('hex') },
    clock: { ...createManualClock(startAt), now: () => at },
    random: systemRandom,
    log: silentLog,
  });
  await core.syncDirectories(AbortSignal.timeout(30_000));
  return {
    core,
    okta,
    query,
    async pass(seconds) {
      at += seconds * 1_000;
      okta.clock.set(at);
      await setTime();
    },
    async close() {
      await core.stop();
      await okta.close();
      await database.drop();
    },
  };
}
