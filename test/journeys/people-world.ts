/** An organisation whose people are found, merged and looked for: processes on one database, a provider with a directory, a partner. */
import type { startCore } from '../../src/app/core.ts';
import { resolveWaiting } from '../../src/app/resolving.ts';
import { fromRfc3339 } from '../../src/model/clock.ts';
import type { SignalId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import type { Arrival } from '../../src/model/signal.ts';
import type { ServerParts } from '../../src/server/index.ts';
import { type ApiCaller, markVerified, toItem } from '../../src/signals/index.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createTransmitter } from '../fakes/transmitter.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { coreOptions, noListener, startService, stopTime } from '../support/core.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

export interface PeopleProcess {
  readonly core: Awaited<ReturnType<typeof startCore>>;
  readonly parts: Omit<ServerParts, 'push' | 'signal' | 'hook' | 'idp'>;
  /** A signal of an operator, or of whoever is given; answers its id and decisions. */
  signal(subject: object, type?: string, more?: object, as?: ApiCaller): Promise<{ signalId: string; decisionIds: readonly string[] }>;
  /** A SET of the partner, `session-revoked` by policy where no other is given; answers the status. */
  push(subject: object, secondsAgo?: number, event?: { readonly uri: string; readonly payload: object }): Promise<number>;
  /** An event of the provider about an account of its own. */
  event(type: string, account: string, facts?: Arrival['facts'], more?: Partial<Arrival>): Promise<void>;
  /** One round of looking for the people of signals that wait. */
  resolve(): Promise<void>;
  stop(): Promise<void>;
}

export interface PeopleWorld {
  readonly database: TestDatabase;
  readonly provider: SandboxProviderStandIn;
  /** What is done by the clock is done when this is told. */
  readonly timers: ManualClock;
  start(identities: readonly object[], operators?: object): Promise<PeopleProcess>;
  /** Moves the time of processes and of the database on; nothing that waits for a time is begun by it. */
  pass(seconds: number): Promise<void>;
  query(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** What others are told, by type, in order. */
  told(type: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

const sessionRevoked = {
  uri: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  payload: { initiating_entity: 'policy' },
};
const audience = 'https://rescind.test.example';
const authorization = 'Bearer partner-secret';

/** `directory`: ids of the people whom the provider has, each with one session. */
export async function openPeopleWorld(directory: readonly string[]): Promise<PeopleWorld> {
  const startAt = fromRfc3339('2026-05-04T10:00:00.000Z') as number;
  const database = await testDatabase();
  const query = async (text: string, values: unknown[] = []) => (await database.store.query<Record<string, unknown>>(text, values)).rows;
  const setTime = await stopTime(database, startAt);
  const timers = createManualClock(startAt);
  let at = startAt;
  const clock = { ...timers, now: () => at };
  const provider = await startSandboxProvider({ people: directory });
  for (const id of directory) provider.signIn(id, { begunAt: startAt - 3_600_000 });
  const transmitter = await createTransmitter({ audience });
  const running = new Set<PeopleProcess>();

  async function start(identities: readonly object[], operators: object = {}): Promise<PeopleProcess> {
    const sections = {
      enforcement: { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
      overrides: { 'RP-017': 'enforce' },
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
      operators,
      identities,
      sinks: [noListener],
    };
    const service = await startService(await coreOptions(database, sections, clock));
    const { core, doors, parts } = service;
    const process: PeopleProcess = {
      core,
      parts,
      async signal(subject, type = 'anomalous_token', more = {}, as = { name: 'operator', roles: ['analyst'] }) {
        const body = Buffer.from(JSON.stringify({ type, subject, ...more }));
        const { refused, accepted } = await doors.signal(body, as, clock.now());
        if (accepted === null) throw new Error(refused?.detail);
        return accepted;
      },
      async push(subject, secondsAgo = 0, event = sessionRevoked) {
        const now = Math.floor(clock.now() / 1000);
        const token = await transmitter.sign(
          transmitter.claims(event.uri, { ...event.payload, event_timestamp: now - secondsAgo }, { iat: now, sub_id: subject }),
        );
        const body = Buffer.from(token);
        const request = { method: 'POST', contentType: 'application/secevent+jwt', authorization, body, receivedAt: clock.now() };
        return (await doors.push('partner', request))?.refused?.status ?? 202;
      },
      async event(type, account, facts = {}, more = {}) {
        const receivedAt = clock.now();
        const arrival: Arrival = {
          type,
          source: 'sandbox',
          sourceKind: 'idp',
          cause: 'risk',
          severity: 'medium',
          occurredAt: receivedAt,
          receivedAt,
          claim: { kind: 'account', person: [{ format: 'provider_id', value: `sandbox ${account}` }] },
          facts,
          circumstances: {},
          marks: [],
          dedupeKey: core.ids.next<SignalId>(receivedAt),
          raw: JSON.stringify(facts),
          ...more,
        };
        await core.batcher.submit([toItem(markVerified(arrival), core.ids)]);
      },
      resolve: () => resolveWaiting({ ...core, log: silentLog }, AbortSignal.timeout(30_000)),
      async stop() {
        running.delete(process);
        await service.close();
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
