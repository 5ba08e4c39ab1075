/** A process that opens a store and keeps it until it is told `close` or is killed. Arguments: data folder, `hold` or `guest`. */
import { AppError } from '../../src/model/errors.ts';
import { silentLog } from '../../src/model/log.ts';
import { openStore } from '../../src/store/open.ts';
import { systemClock } from './system-clock.ts';

const [dataDir = '', hold] = process.argv.slice(2);
const say = (message: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  const store = await openStore({ dataDir, clock: systemClock, log: silentLog, hold: hold === 'hold', settings: { fsync: 'off' } });
  const { rows } = await store.query<{ path: string }>(`select current_setting('data_directory') as path`);
  say({ pid: process.pid, adopted: store.adoptedServer, path: rows[0]?.path });
  process.stdin.once('data', async () => {
    await store.close();
    say({ closed: true });
    process.exit(0);
  });
} catch (error) {
  say(error instanceof AppError ? { code: error.code, detail: error.detail } : { code: 'unknown', detail: String(error) });
  process.exit(2);
}
