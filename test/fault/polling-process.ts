/** The service in a process of its own, polling a stand-in for Okta. Its argument says which, and on which database; prints where it listens. */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app.ts';
import { formatFaults } from '../../src/model/document.ts';
import { silentLog } from '../../src/model/log.ts';
import { readSettings } from '../../src/settings/index.ts';
import { createOktaProvider, oktaSettingsSchema } from '../fakes/okta-provider.ts';

export interface PollingArgument {
  readonly databaseUrl: string;
  readonly orgUrl: string;
  readonly token: string;
}

const { databaseUrl, orgUrl, token } = JSON.parse(process.argv[2] as string) as PollingArgument;
const programDir = join(import.meta.dirname, '../..');
const read = readSettings({
  text: JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    database: { url: databaseUrl },
    policies: join(programDir, 'policies'),
    keys: { wrap: createHash('sha256').update('polling').digest('base64url') },
    connections: [{ id: 'okta-main', provider: 'okta', events: {} }],
    network: { allowPrivate: ['127.0.0.0/8'] },
  }),
  file: 'polling.yaml',
  env: {},
  readFile: () => '',
  providers: new Map([['okta', oktaSettingsSchema]]),
});
if (!read.ok) throw new Error(formatFaults(read.faults));
const { definition } = createOktaProvider({ orgUrl, token }, { pollSeconds: 1 });
const app = await startApp({
  settings: read.value,
  kind: 'organisation',
  workingDir: tmpdir(),
  programDir,
  version: 'test',
  log: silentLog,
  loadProvider: async () => definition,
});
process.on('SIGTERM', () => void app.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ origin: app.origin })}\n`);
