/** The service in a process of its own, so that it can be killed. Prints where it listens as one line of JSON. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { providerSchemas, startApp } from '../../src/app.ts';
import { createLog } from '../../src/cli/log.ts';
import { formatFaults } from '../../src/model/document.ts';
import { readSettings } from '../../src/settings/index.ts';

const file = process.argv[2] as string;
const programDir = join(import.meta.dirname, '../..');
const read = readSettings({
  text: readFileSync(file, 'utf8'),
  file,
  env: {},
  readFile: (path) => readFileSync(path, 'utf8'),
  providers: await providerSchemas(),
});
if (!read.ok) throw new Error(formatFaults(read.faults));
const log = createLog(read.value.log.level, { err: (text) => void process.stderr.write(text) });
const app = await startApp({ settings: read.value, kind: 'organisation', workingDir: dirname(file), programDir, version: 'test', log });
process.on('SIGTERM', () => void app.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ origin: app.origin })}\n`);
