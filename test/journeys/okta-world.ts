/** Processes on one database that are told of an Okta stand-in's events by hook and by poll, over real HTTP, under a told time. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Core, startCore } from '../../src/app/core.ts';
import { openDoors } from '../../src/app/doors.ts';
import { type EventDoors, openEventDoors } from '../../src/app/hooks.ts';
import { createMetrics } from '../../src/app/metrics.ts';
import type { Poller } from '../../src/app/poller.ts';
import { bindServer } from '../../src/app/server-parts.ts';
import { formatFaults } from '../../src/model/document.ts';
import type { Log } from '../../src/model/log.ts';
import { createServer, openListener } from '../../src/server/index.ts';
import { readSettings } from '../../src/settings/index.ts';
import { type OktaStandIn, startOkta } from '../fakes/okta.ts';
import { createOktaProvider, type OktaProvider, type OktaProviderOptions, oktaSettingsSchema } from '../fakes/okta-provider.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import type { TestDatabase } from '../support/database.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';

export const secret = 'hook-secret-of-the-tests';
export const otherSecret = 'the-secret-after-that';
export const operatorToken = 'operator-token';
export const connection = 'okta-main';

export interface OktaProcess {
  readonly core: Core;
  readonly origin: string;
  readonly doors: EventDoors;
  readonly poller: Poller;
  readonly provider: OktaProvider;
  readonly seen: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
  metrics(): Promise<string>;
  api(path: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export interface StartOptions extends OktaProviderOptions {
  readonly database: TestDatabase;
  /** Default: the one secret. */
  readonly secrets?: string | readonly [string, string] | null;
  readonly enforce?: boolean;
}

export interface OktaWorld {
  readonly okta: OktaStandIn;
  readonly timers: ManualClock;
  start(options: StartOptions): Promise<OktaProcess>;
  /** Time, of processes, of Okta, and of the databases that were named by `follow`. */
  pass(ms: number): Promise<void>;
  follow(database: TestDatabase): Promise<void>;
  now(): number;
  /** Registers the hook at Okta by its own handshake; answers its id. */
  subscribe(process: OktaProcess, items: readonly string[], withSecret?: string): Promise<string>;
  /** Has Okta send another secret from now on. */
  changeSecret(process: OktaProcess, hookId: string, items: readonly string[], to: string): Promise<void>;
  close(): Promise<void>;
}

export async function openOktaWorld(people: number, startAt: number): Promise<OktaWorld> {
  const okta = await startOkta({ people, startAt });
  const timers = createManualClock(startAt);
  const running = new Set<OktaProcess>();
  const followed: TestDatabase[] = [];
  let at = startAt;
  const clock = { ...timers, now: () => at, elapsedMs: systemClock.elapsedMs };
  const persons = Array.from({ length: people }, (_, n) => okta.person(`p${n + 1}@example.com`));

  const setTime = (database: TestDatabase) =>
    database.store.query(
      `create or replace function stopped.clock_timestamp() returns timestamptz language sql stable as $$ select '${new Date(at).toISOString()}'::timestamptz $$`,
    );

  const hookOf = (origin: string, items: readonly string[], value: string) => ({
    name: 'Rescind',
    events: { type: 'EVENT_TYPE', items },
    channel: {
      type: 'HTTP',
      version: '1.0.0',
      config: { uri: `${origin}/hooks/${connection}`, headers: [], authScheme: { type: 'HEADER', key: 'Authorization', value } },
    },
  });
  async function askOkta(method: string, path: string, body?: object): Promise<{ id: string }> {
    const response = await fetch(`${okta.orgUrl}${path}`, {
      method,
      headers: { authorization: `SSWS ${okta.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { id: string };
  }

  return {
    okta,
    timers,
    now: () => at,
    async follow(database) {
      await database.store.query('create schema if not exists stopped');
      await database.store.query(`alter database ${database.name} set search_path = stopped, pg_catalog, public`);
      followed.push(database);
      await setTime(database);
    },
    async pass(ms) {
      at += ms;
      okta.clock.set(at);
      for (const database of followed) await setTime(database);
    },
    async start({ database, secrets = secret, enforce = false, ...given }) {
      const { host, port, user } = database.connection;
      const provider = createOktaProvider(okta, given);
      const read = readSettings({
        text: stringify({
          database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
          policies: join(import.meta.dirname, '../../policies'),
          enforcement: { default: 'report-only', ...(enforce ? { connections: { [connection]: { mode: 'enforce', maxRung: 6 } } } : {}) },
          ...(enforce ? { overrides: { 'RP-001': 'enforce', 'RP-003': 'enforce', 'RP-004': 'enforce' } } : {}),
          keys: { wrap: createHash('sha256').update('okta').digest('base64url') },
          connections: [{ id: connection, provider: 'okta', events: secrets === null ? {} : { secret: secrets } }],
          identities: persons.map(({ id, profile }) => ({
            id: profile.login.split('@')[0],
            emails: [profile.login],
            accounts: [{ connection, id }],
          })),
          operators: {
            tokens: [{ name: 'op', sha256: createHash('sha256').update(operatorToken).digest('hex'), roles: ['admin', 'analyst'] }],
          },
          sinks: [{ id: 'soc', kind: 'webhook', url: 'http://127.0.0.1:9/', secret: `whsec_${Buffer.alloc(24, 's').toString('base64')}` }],
          network: { allowPrivate: ['127.0.0.0/8'] },
        }),
        file: 'okta.yaml',
        env: {},
        readFile: () => '',
        providers: new Map([['okta', oktaSettingsSchema]]),
      });
      if (!read.ok) throw new Error(formatFaults(read.faults));
      const seen: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
      const note: Log['info'] = (fields, event) => void seen.push({ event, fields });
      const options = {
        settings: read.value,
        kind: 'organisation' as const,
        workingDir: import.meta.dirname,
        listen: async () => 'http://127.0.0.1:9',
        build: { version: 'okta', build: createHash('sha256').update('okta').digest('hex') },
        clock,
        random: systemRandom,
        log: { info: note, warn: note, error: note },
        loadProvider: async () => provider.definition,
      };
      const core = await startCore(options);
      const metrics = createMetrics({ ledgerWaiting: async () => 0, undecided: async () => 0 });
      const [doors, eventDoors] = [openDoors(core, options, metrics), openEventDoors(core, options, metrics)];
      const listener = await openListener({ host: '127.0.0.1', port: 0, clock: systemClock });
      const { push, signal } = doors;
      listener.serve(createServer({ ...bindServer(core, options, metrics), push, signal, hook: eventDoors.hook }));
      const origin = `http://127.0.0.1:${listener.port}`;
      const process: OktaProcess = {
        core,
        origin,
        doors: eventDoors,
        poller: eventDoors.pollers.get(connection) as Poller,
        provider,
        seen,
        metrics: async () => (await metrics.render()).text,
        api: async (path) =>
          (await (await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${operatorToken}` } })).json()) as Record<
            string,
            unknown
          >,
        async stop() {
          if (!running.delete(process)) return;
          await eventDoors.stop();
          await listener.close(0);
          await core.stop();
          await doors.close();
        },
      };
      running.add(process);
      return process;
    },
    async subscribe({ origin }, items, withSecret = secret) {
      const { id } = await askOkta('POST', '/api/v1/eventHooks', hookOf(origin, items, withSecret));
      await askOkta('POST', `/api/v1/eventHooks/${id}/lifecycle/verify`);
      return id;
    },
    async changeSecret({ origin }, hookId, items, to) {
      await askOkta('PUT', `/api/v1/eventHooks/${hookId}`, hookOf(origin, items, to));
    },
    async close() {
      for (const process of running) await process.stop();
      await okta.close();
    },
  };
}

/** The body of an event hook's call. */
export function envelope(events: readonly unknown[]): string {
  return JSON.stringify({ eventType: 'com.okta.event_hook', eventTypeVersion: '1.0', eventId: 'delivery-1', data: { events } });
}
