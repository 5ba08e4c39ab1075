/** The organisation that the benches load: a fresh data folder, a directory of 1,000 people, one partner who pushes. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransmitter, type FakeTransmitter } from '../test/fakes/transmitter.ts';
import { type Child, startChild } from './child.ts';
import type { ServiceReady } from './service.ts';
import type { StandInReady } from './stand-in.ts';

export const authorization = 'Bearer partner-secret-of-the-bench';
const audience = 'https://rescind.example.com';
export const people = Array.from({ length: 1000 }, (_, n) => `p${n + 1}`);

export interface Organisation {
  /** The data folder lies in here; reachable for the database's own user. */
  readonly folder: string;
  /** The database's folder, by which its processes are known. */
  readonly database: string;
  readonly configuration: string;
  readonly transmitter: FakeTransmitter;
  readonly audience: string;
  readonly provider: Child<StandInReady>;
  startService(nodeOptions?: readonly string[]): Promise<Child<ServiceReady>>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

export async function openOrganisation(): Promise<Organisation> {
  const folder = mkdtempSync(join(tmpdir(), `rescind-bench-${process.pid}-`));
  chmodSync(folder, 0o711);
  const transmitter = await createTransmitter({ issuer: 'https://partner.example.com', audience });
  const provider = await startChild<StandInReady>('stand-in.ts', { people });
  const services: Child<ServiceReady>[] = [];
  const configuration = join(folder, 'rescind.yaml');
  const document = {
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: join(folder, 'data'),
    policies: join(import.meta.dirname, '../policies'),
    enforcement: { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
    overrides: { 'RP-017': 'enforce' },
    connections: [{ id: 'sandbox', provider: 'sandbox', baseUrl: provider.ready.baseUrl, adminToken: provider.ready.token }],
    transmitters: [
      {
        id: 'partner',
        issuer: transmitter.issuer,
        audience,
        jwksUri: transmitter.jwksUri,
        delivery: 'push',
        authorizationHeader: authorization,
        algorithms: ['RS256'],
        mayName: { formats: ['email', 'iss_sub'] },
      },
    ],
    network: { allowPrivate: ['127.0.0.0/8'] },
  };
  // JSON is YAML.
  writeFileSync(configuration, JSON.stringify(document), { mode: 0o600 });
  return {
    folder,
    database: join(folder, 'data', 'pg'),
    configuration,
    transmitter,
    audience,
    provider,
    async startService(nodeOptions = []) {
      const service = await startChild<ServiceReady>('service.ts', { configuration }, nodeOptions);
      services.push(service);
      return service;
    },
    async close() {
      await Promise.all(services.map((service) => service.stop()));
      await Promise.all([provider.stop(), transmitter.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
