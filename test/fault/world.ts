/** A partner, a provider, a database and the service between them, each reachable only through a proxy that can stop the world. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import type { TestDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { openPostgresProxy, type PostgresProxy } from './postgres-proxy.ts';
import { openProviderProxy, type ProviderProxy } from './provider-proxy.ts';

export const adminToken = 'test-admin-token';
const authorization = 'Bearer partner-secret';
const audience = 'https://rescind.test.example';

export interface Service {
  readonly origin: string;
  readonly child: ChildProcess;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultWorld {
  readonly database: TestDatabase;
  readonly provider: SandboxProviderStandIn;
  readonly transmitter: FakeTransmitter;
  readonly postgres: PostgresProxy;
  readonly calls: ProviderProxy;
  readonly people: readonly string[];
  /** The service that a proxy kills is the one that was started last. */
  start(): Promise<Service>;
  sign(person: string, event?: string, payload?: object): Promise<string>;
  push(origin: string, token: string): Promise<number | 'lost'>;
  close(): Promise<void>;
}

export async function openWorld(
  database: TestDatabase,
  size: number,
  options: {
    readonly guards?: 'sandbox' | 'standard';
    readonly policies?: string;
    readonly standby?: boolean;
    readonly sinks?: readonly object[];
    /** Policies that are enforced. */
    readonly enforced?: readonly string[];
  } = {},
): Promise<FaultWorld> {
  const people = Array.from({ length: size }, (_, n) => `person-${n}`);
  const provider = await startSandboxProvider({ people });
  const transmitter = await createTransmitter({ audience });
  const services = new Set<Service>();
  let current: Service | undefined;
  const kill = () => void current?.child.kill('SIGKILL');
  const host = String(database.connection.host);
  const postgres = await openPostgresProxy({ socketPath: join(host, `.s.PGSQL.${database.connection.port ?? 5432}`) }, kill);
  const calls = await openProviderProxy(provider.baseUrl, kill);
  const folder = mkdtempSync(join(tmpdir(), 'rescind-fault-'));
  const file = join(folder, 'rescind.yaml');
  const configuration = {
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: folder,
    log: { level: 'warn' },
    database: { url: `postgres://${database.connection.user}@127.0.0.1:${postgres.port}/${database.name}` },
    policies: options.policies ?? join(import.meta.dirname, '../../policies'),
    enforcement: { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
    overrides: Object.fromEntries((options.enforced ?? ['RP-017']).map((id) => [id, 'enforce'])),
    keys: { wrap: createHash('sha256').update('fault').digest('base64url') },
    connections: [
      {
        id: 'sandbox',
        provider: 'sandbox',
        baseUrl: calls.baseUrl,
        adminToken: provider.token,
        profile: options.guards ?? 'sandbox',
        network: { allowPrivate: ['127.0.0.0/8'] },
      },
    ],
    transmitters: [
      {
        id: 'partner',
        issuer: transmitter.issuer,
        jwksUri: transmitter.jwksUri,
        audience,
        delivery: 'push',
        authorizationHeader: authorization,
        algorithms: ['RS256'],
        mayName: { formats: ['email', 'opaque', 'iss_sub'] },
      },
    ],
    operators: { tokens: [{ name: 'test', sha256: createHash('sha256').update(adminToken).digest('hex'), roles: ['admin'] }] },
    identities: people.map((id) => ({ id, emails: [`${id}@example.com`], accounts: [{ connection: 'sandbox', id }] })),
    sinks: options.sinks ?? [],
    network: { allowPrivate: ['127.0.0.0/8'] },
  };
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 });

  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const script = join(import.meta.dirname, 'service.ts');
  const launch = (...more: string[]) => spawn(process.execPath, [script, file, ...more], { stdio: ['pipe', 'pipe', 'pipe'], env });
  let standby = options.standby === true ? launch('--standby') : undefined;

  async function start(): Promise<Service> {
    const child = standby ?? launch();
    if (standby !== undefined) {
      child.stdin?.write('go\n');
      standby = launch('--standby');
    }
    child.stdin?.on('error', () => {});
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-4000);
    });
    const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    const origin = await new Promise<string>((resolve, reject) => {
      child.stdout?.on('data', (chunk) => resolve((JSON.parse(String(chunk)) as { origin: string }).origin));
      child.on('exit', (code) => reject(new Error(`the service ended with ${code}: ${errors}`)));
    });
    const service: Service = {
      origin,
      child,
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    };
    services.add(service);
    current = service;
    return service;
  }

  return {
    database,
    provider,
    transmitter,
    postgres,
    calls,
    people,
    start,
    async sign(
      person,
      event = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
      payload = { initiating_entity: 'policy' },
    ) {
      return transmitter.sign(transmitter.claims(event, payload, { sub_id: { format: 'email', email: `${person}@example.com` } }));
    },
    async push(origin, token) {
      try {
        const response = await fetch(`${origin}/ssf/events/partner`, {
          method: 'POST',
          headers: { 'content-type': 'application/secevent+jwt', authorization },
          body: token,
        });
        await response.arrayBuffer();
        return response.status;
      } catch {
        return 'lost';
      }
    },
    async close() {
      standby?.kill('SIGKILL');
      await Promise.all([...services].map((service) => service.kill()));
      await Promise.all([postgres.close(), calls.close(), provider.close(), transmitter.close()]);
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks again until it is so; throws with what it last saw. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, patienceMs = 20_000): Promise<T> {
  const startedMs = systemClock.elapsedMs();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (systemClock.elapsedMs() - startedMs > patienceMs) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await systemClock.sleep(20);
  }
}
