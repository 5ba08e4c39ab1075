/** `settings schema`: what editors complete and check `rescind.yaml` by. */
import type { Command } from 'commander';
import { providerSchemas } from '../app/providers.ts';
import { settingsJsonSchema } from '../settings/index.ts';
import type { CommandContext, ExitCode } from './console.ts';

export async function settingsSchemaText(): Promise<string> {
  return `${JSON.stringify(settingsJsonSchema(await providerSchemas()), null, 2)}\n`;
}

export function addSettingsCommands(
  program: Command,
  context: CommandContext,
  run: (action: () => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('settings')
    .description('the configuration')
    .command('schema')
    .description('the JSON Schema of rescind.yaml, for editors; `init` writes it beside the file')
    .action(() =>
      run(async () => {
        context.console.out(await settingsSchemaText());
        return 0;
      }),
    );
}
