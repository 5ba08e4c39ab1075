/** `pause` and `resume`: the kill switch, whole or scoped. */
import type { Command } from 'commander';
import { createClient } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';

interface PauseOptions {
  readonly reason: string;
  readonly source?: string;
  readonly policy?: string;
  readonly connection?: string;
  readonly action?: string;
  readonly until?: string;
}

export function addPauseCommands(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('pause')
    .description('nothing acts until resumed; without a scope, everything')
    .requiredOption('--reason <text>', 'why')
    .option('--source <id>', 'only what this source triggers')
    .option('--policy <id>', 'only this policy')
    .option('--connection <id>', 'only at this connection')
    .option('--action <type>', 'only this action')
    .option('--until <instant>', 'ends by itself then, such as 2027-01-31T18:00:00Z')
    .action(({ reason, until, ...scope }: PauseOptions) =>
      run(async () => {
        const pause = await createClient(context).post<{ id: string }>('/api/v1/pause', {
          reason,
          scope,
          ...(until === undefined ? {} : { until }),
        });
        context.console.out(`paused: ${pause.id}\n`);
        return 0;
      }),
    );
  program
    .command('resume')
    .description('ends a pause; nothing that it held runs by itself')
    .argument('[id]', 'which; without it, the only one that runs')
    .action((id: string | undefined) =>
      run(async () => {
        const ended = await createClient(context).post<{ id: string }>('/api/v1/resume', id === undefined ? {} : { id });
        context.console.out(`resumed: ${ended.id}\n`);
        return 0;
      }),
    );
}
