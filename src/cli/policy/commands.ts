/** `policy`: the policy folder, checked and tested without a service. */
import type { Command } from 'commander';
import { rescindJsonSchema } from '../../app/document-kinds.ts';
import type { CommandContext, ExitCode } from '../console.ts';
import { coverage } from './coverage.ts';
import { type FolderOptions, findFolder } from './folder.ts';
import { type LintOptions, lint } from './lint.ts';
import { type TestOptions, test } from './test.ts';
import { askWhatIf, type WhatIfOptions } from './what-if.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

export function addPolicyCommands(program: Command, context: CommandContext, run: Run): void {
  const policy = program.command('policy').description('the policy folder');
  const add = (name: string, description: string) =>
    policy
      .command(name)
      .description(description)
      .option('--folder <path>', 'which; else ./policies, else the shipped pack')
      .option('--json', 'print JSON');
  const bind = <O extends FolderOptions>(
    command: Command,
    action: (options: O, folder: string, context: CommandContext) => Promise<ExitCode>,
  ) => command.action((options: O) => run(() => action(options, findFolder(options, context), context)));

  bind<LintOptions>(
    add('lint', 'checks every document; exit 1 where one has a fault (E), with --strict also where one is doubtful (W)')
      .option('--strict', 'exit 1 on a doubt too')
      .option('--allow <codes>', 'doubts that --strict lets pass, such as W205,W214')
      .option('--against <path>', 'an earlier state of the folder: a changed document must have a higher version')
      .option('--today <date>', 'judge dates as of this day, YYYY-MM-DD')
      .option('--people <n>', 'how many there are, for the worst case; else those of rescind.yaml, else 2000'),
    lint,
  );
  bind<TestOptions>(
    add('test', 'runs the tests inside the documents; exit 1 where one fails')
      .option('--mutate', 'also how many wrong versions of each condition the tests notice; exit 1 below 80 % of all')
      .option('--watch', 'run again whenever the folder changes'),
    test,
  );
  bind<WhatIfOptions>(
    add('what-if', 'what the policies would do in a situation, clause by clause, and what that hangs on')
      .requiredOption('--signal <signal>', 'what arrives: type, type:source or type:source:-5m')
      .option('--subject <id>', 'whom it is about')
      .option('--with <signal>', 'what arrived before, in the same form; again for more', collect, [])
      .option('--set <path=value>', 'what is known, such as device.compliance=nonCompliant; again for more', collect, []),
    askWhatIf,
  );
  bind(add('coverage', 'which policies answer which signals, techniques and controls, and what connections can do'), coverage);
  policy
    .command('schema')
    .description('the JSON Schema of every policy document, for editors')
    .action(() =>
      run(async () => {
        context.console.out(`${JSON.stringify(rescindJsonSchema(), null, 2)}\n`);
        return 0;
      }),
    );
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
