/** The service in a process of its own with one connection to the stand-in for Okta: pushed to, polling, with its embedded PostgreSQL. */
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from '../src/app.ts';
import { createLog } from '../src/cli/log.ts';
import { formatFaults } from '../src/model/document.ts';
import { readSettings } from '../src/settings/index.ts';
import { createOktaProvider, oktaSettingsSchema } from '../test/fakes/okta-provider.ts';
import { serveBench } from './child.ts';
import { countAll } from './counts.ts';
import type { OktaReady } from './okta-stand-in.ts';
import type { ServiceReady } from './service.ts';

export interface OktaServiceArgument {
  readonly folder: string;
  readonly pollSeconds: number;
  readonly okta: { readonly orgUrl: string; readonly token: string };
  readonly people: OktaReady['people'];
  readonly secret: string;
}

export type OktaServiceReady = ServiceReady;

const { folder, pollSeconds, okta, people, secret } = JSON.parse(process.argv[2] ?? '{}') as OktaServiceArgument;
const programDir = dirname(dirname(fileURLToPath(import.meta.url)));
const connection = 'okta-main';
const read = readSettings({
  // JSON is YAML.
  text: JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: join(folder, 'data'),
    policies: join(programDir, 'policies'),
    enforcement: 'report-only',
    connections: [{ id: connection, provider: 'okta', events: { secret } }],
    identities: people.map(({ id, login }) => ({ id: login.split('@')[0], emails: [login], accounts: [{ connection, id }] })),
    network: { allowPrivate: ['127.0.0.0/8'] },
  }),
  file: 'rescind.yaml',
  env: {},
  readFile: () => '',
  providers: new Map([['okta', oktaSettingsSchema]]),
});
if (!read.ok) throw new Error(formatFaults(read.faults));
const logFile = createWriteStream(join(folder, 'service.log'), { flags: 'a' });
const { definition } = createOktaProvider(okta, { pollSeconds });
const app = await startApp({
  settings: read.value,
  kind: 'organisation',
  workingDir: folder,
  programDir,
  version: 'bench',
  log: createLog('info', { err: (text: string) => void logFile.write(text) }),
  loadProvider: async () => definition,
});

const { host, port, user, database } = app.core.store.connection as ServiceReady['database'];
serveBench(
  { port: Number(new URL(app.origin).port), database: { host, port, user, database } } satisfies OktaServiceReady,
  async () => countAll(app.core),
  () => app.stop(),
);
