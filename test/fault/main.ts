/** `npm run fault`: every kill point under several seeds. Exit 1 where anything was lost, done twice or left open. */
import { parseArgs } from 'node:util';
import { startTestServer } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { runSeed } from './act.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '3' }, path: { type: 'boolean', default: false } } });
const server = await startTestServer();
let failed = false;
try {
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const startedMs = systemClock.elapsedMs();
    const { path, ...result } = await runSeed(seed, () => server.database());
    if (values.path) console.log(path.join('\n'));
    console.log(JSON.stringify({ ...result, seconds: Math.round((systemClock.elapsedMs() - startedMs) / 1000) }));
    failed ||= result.faults.length + result.missed.length > 0;
  }
} finally {
  await server.stop();
}
process.exitCode = failed ? 1 : 0;
