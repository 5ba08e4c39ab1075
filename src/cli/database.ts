/** `db`: the schema of the database. `serve` brings it up to date by itself. */
import type { Command } from 'commander';
import { systemClock } from '../app/system.ts';
import { silentLog } from '../model/log.ts';
import { migrate, migrationStatus } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import type { CommandContext, ExitCode } from './console.ts';
import { findData } from './data.ts';

export function addDatabaseCommands(
  program: Command,
  context: CommandContext,
  run: (action: () => Promise<ExitCode>) => Promise<void>,
): void {
  const database = program.command('db').description('the schema of the database');
  const command = (name: 'migrate' | 'status', description: string) =>
    database
      .command(name)
      .description(description)
      .option('--json', 'print JSON')
      .action((options: { json?: boolean }) =>
        run(async () => {
          const store = await openStore({ ...(await findData(context)), clock: systemClock, log: silentLog, hold: false });
          try {
            const report = name === 'migrate' ? await migrate(store) : await migrationStatus(store);
            context.console.out(
              options.json
                ? `${JSON.stringify(report)}\n`
                : `${Object.entries(report)
                    .map(([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') || 'none' : String(value)}`)
                    .join('\n')}\n`,
            );
            return 0;
          } finally {
            await store.close();
          }
        }),
      );
  command('migrate', 'brings the schema up to this version');
  command('status', 'which migrations have run, and which are missing');
}
