/** An organisation whose people are found, merged and looked for: processes on one database, a provider with a directory, a partner. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startCore } from '../../src/app/core.ts';
import { openDoors } from '../../src/app/doors.ts';
import { createMetrics } from '../../src/app/metrics.ts';
import { resolveWaiting } from '../../src/app/resolving.ts';
import { bindServer } from '../../src/app/server-parts.ts';
import { providerSchemas } from '../../src/app.ts';
import { fromRfc3339 } from '../../src/model/clock.ts';
import { formatFaults } from '../../src/model/document.ts';
import { silentLog } from '../../src/model/log.ts';
import type { ServerParts } from '../../src/server/index.ts';
import { readSettings } from '../../src/settings/index.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createTransmitter } from '../fakes/transmitter.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

export interface PeopleProcess {
  readonly core: Awaited<ReturnType<typeof startCore>>;
  readonly parts: Omit<ServerParts, 'push' | 'signal' | 'hook' | 'idp'>;
  /** A signal of an operator; answers its id and decisions. */
  signal(subject: object, type?: string, more?: object): Promise<{ signalId: string; decisionIds: readonly string[] }>;
  /** A SET of the partner, `session-revoked` by policy; answers the status. */
  push(subject: object, secondsAgo?: number): Promise<number>;
  /** One round of looking for the people of signals that wait. */
  resolve(): Promise<void>;
  stop(): Promise<void>;
}

export interface PeopleWorld {
  readonly database: TestDatabase;
  readonly provider: SandboxProviderStandIn;
  /** What is done by the clock is done when this is told. */
  readonly timers: ManualClock;
  start(identities: readonly object[]): Promise<PeopleProcess>;
  /** Moves the time of processes and of the database on; nothing that waits for a time is begun by it. */
  pass(seconds: number): Promise<void>;
  query(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** What others are told, by type, in order. */
  told(type: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

const audience = 'https://rescind.test.example';
const authorization = 'Bearer partner-secret';

/** `directory`: ids of the people whom the provider has, each with one session. */
export async function openPeopleWorld(directory: readonly string[]): Promise<PeopleWorld> {
  const startAt = fromRfc3339('2026-05-04T10:00:00.000Z') as number;
  const database = await testDatabase();
  const query = async (text: string, values: unknown[] = []) => (await database.store.query<Record<string, unknown>>(text, values)).rows;
  await query('create schema stopped');
  await query(`alter database ${database.name} set search_path = stopped, pg_catalog, public`);
  const setTime = (at: number) =>
    query(
      `create or replace function stopped.clock_timestamp() returns timestamptz language sql stable as $$ select '${new Date(at).toISOString()}'::timestamptz $$`,
    );
  await setTime(startAt);
  const timers = createManualClock(startAt);
  let at = startAt;
  const clock = { ...timers, now: () => at };
  const provider = await startSandboxProvider({ people: directory });
  for (const id of directory) provider.signIn(id, { begunAt: startAt - 3_600_000 });
  const transmitter = await createTransmitter({ audience });
  const running = new Set<PeopleProcess>();

  async function start(identities: readonly object[]): Promise<PeopleProcess> {
    const { host, port, user } = database.connection;
    const read = readSettings({
      text: stringify({
        database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
        policies: join(import.meta.dirname, '../../policies'),
        enforcement: { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
        overrides: { 'RP-017': 'enforce' },
        keys: { wrap: createHash('sha256').update('people').digest('base64url') },
        connections: [{ id: 'sandbox', provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token }],
        transmitters: [
          {
            id: 'partner',
            issuer: transmitter.issuer,
            jwksUri: transmitter.jwksUri,
            audience,
            authorizationHeader: authorization,
            mayName: { formats: ['email', 'opaque', 'iss_sub', 'aliases'] },
          },
        ],
        identities,
        // Nobody listens: what would be told stands in the table.
        sinks: [{ id: 'soc', kind: 'webhook', url: 'http://127.0.0.1:9/', secret: `whsec_${Buffer.alloc(24, 's').toString('base64')}` }],
        network: { allowPrivate: ['127.0.0.0/8'] },
      }),
      file: 'people.yaml',
      env: {},
      readFile: () => '',
      providers: await providerSchemas(),
    });
    if (!read.ok) throw new Error(formatFaults(read.faults));
    const options = {
      settings: read.value,
      kind: 'organisation' as const,
      workingDir: import.meta.dirname,
      listen: async () => 'http://127.0.0.1:9',
      build: { version: 'people', build: createHash('sha256').update('people').digest('hex') },
      clock,
      random: systemRandom,
      log: silentLog,
    };
    const core = await startCore(options);
    const metrics = createMetrics({ ledgerWaiting: async () => 0, undecided: async () => 0 });
    const doors = openDoors(core, options, metrics);
    const process: PeopleProcess = {
      core,
      parts: bindServer(core, options, metrics),
      async signal(subject, type = 'anomalous_token', more = {}) {
        const body = Buffer.from(JSON.stringify({ type, subject, ...more }));
        const { refused, accepted } = await doors.signal(body, { name: 'operator', roles: ['analyst'] }, clock.now());
        if (accepted === null) throw new Error(refused?.detail);
        return accepted;
      },
      async push(subject, secondsAgo = 0) {
        const now = Math.floor(clock.now() / 1000);
        const token = await transmitter.sign(
          transmitter.claims(
            'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
            { initiating_entity: 'policy', event_timestamp: now - secondsAgo },
            { iat: now, sub_id: subject },
          ),
        );
        const body = Buffer.from(token);
        const request = { method: 'POST', contentType: 'application/secevent+jwt', authorization, body, receivedAt: clock.now() };
        return (await doors.push('partner', request))?.refused?.status ?? 202;
      },
      resolve: () => resolveWaiting({ ...core, log: silentLog }, AbortSignal.timeout(30_000)),
      async stop() {
        running.delete(process);
        await core.stop();
        await doors.close();
      },
    };
    running.add(process);
    return process;
  }

  return {
    database,
    provider,
    timers,
    start,
    async pass(seconds) {
      at += seconds * 1000;
      await setTime(at);
    },
    query,
    told: async (type) =>
      (await query('select data from notice where type = $1 order by id', [type])).map(({ data }) => JSON.parse(String(data))),
    async close() {
      for (const process of running) await process.stop();
      await Promise.all([provider.close(), transmitter.close()]);
      await database.drop();
    },
  };
}
