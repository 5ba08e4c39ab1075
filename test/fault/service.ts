/**
 * The service in a process of its own, so that it can be killed. Prints where it listens as one line of JSON. With `--standby` it
 * first loads its program and then waits for a line on its standard input: starts that follow each other cost less.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { providerSchemas, startApp } from '../../src/app.ts';
import { createLog } from '../../src/cli/log.ts';
import { formatFaults } from '../../src/model/document.ts';
import { readSettings } from '../../src/settings/index.ts';

const file = process.argv[2] as string;
const programDir = join(import.meta.dirname, '../..');
if (process.argv.includes('--standby')) {
  await import('../../src/adapters/sandbox/index.ts');
  // A process that is killed would leave nothing to the next.
  flushCompileCache();
  await once(process.stdin, 'data');
  process.stdin.destroy();
}
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
