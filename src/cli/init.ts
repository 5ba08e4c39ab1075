/** `init`: a commented configuration to begin with, and the shipped policies as one's own. */
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { renderTemplate, settingsSchemaFile } from '../settings/index.ts';
import { CommandError } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';
import { settingsSchemaText } from './settings-schema.ts';

export function addInitCommand(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('init')
    .description('writes a commented rescind.yaml, its schema for editors and the shipped policies beside it; never over what is there')
    .option('--file <path>', 'where to', 'rescind.yaml')
    .action(({ file }: { file: string }) => run(async () => init(file, context)));
}

async function init(file: string, { workingDir, programDir, console }: CommandContext): Promise<ExitCode> {
  try {
    writeFileSync(resolve(workingDir, file), renderTemplate(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CommandError(`${file} is there already`, 1);
    throw new CommandError(`${file} cannot be written`);
  }
  console.out(`${file} written\n`);
  const schema = join(dirname(resolve(workingDir, file)), settingsSchemaFile);
  if (!existsSync(schema)) writeFileSync(schema, await settingsSchemaText());
  const policies = resolve(workingDir, 'policies');
  if (!existsSync(policies)) {
    cpSync(join(programDir, 'policies'), policies, { recursive: true });
    console.out('policies/ written: the shipped pack, every policy a report until you enforce it\n');
  }
  console.out('Say in the file what it should do, then `rescind serve`.\n');
  return 0;
}
