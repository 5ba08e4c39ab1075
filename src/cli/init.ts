/** `init`: a commented configuration to begin with. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { renderTemplate } from '../settings/index.ts';
import { CommandError } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';

export function addInitCommand(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('init')
    .description('writes a commented rescind.yaml; never over one that is there')
    .option('--file <path>', 'where to', 'rescind.yaml')
    .action(({ file }: { file: string }) =>
      run(async () => {
        try {
          writeFileSync(resolve(context.workingDir, file), renderTemplate(), { flag: 'wx', mode: 0o600 });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CommandError(`${file} is there already`, 1);
          throw new CommandError(`${file} cannot be written`);
        }
        context.console.out(`${file} written; say what it should do there, then \`rescind serve\`\n`);
        return 0;
      }),
    );
}
