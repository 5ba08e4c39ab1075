/** Commands that the interface promises and this version does not have: they say so and exit 2, instead of looking like a typing error. */
import type { Command } from 'commander';
import { CommandError } from './client.ts';
import type { ExitCode } from './console.ts';

const absent: Readonly<Record<string, readonly string[]>> = {
  exception: ['list', 'add', 'end'],
  connection: ['distrust'],
  history: ['import'],
  offboard: ['schedule', 'list', 'cancel', 'import', 'reconcile'],
  stream: ['list', 'create', 'status', 'verify', 'delete'],
  receiver: ['list', 'create', 'rotate', 'test'],
  report: [],
  drill: ['run', 'list'],
  backup: ['create', 'verify', 'restore'],
  identity: ['erase', 'hold'],
  key: ['rotate', 'export'],
  ledger: ['export'],
  policy: ['backtest', 'diff', 'push', 'promote', 'rollback', 'status'],
};

export function addAbsentCommands(program: Command, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  for (const [name, verbs] of Object.entries(absent)) {
    const known = program.commands.find((command) => command.name() === name);
    if (known === undefined) refuse(program.command(name, { hidden: true }), name, run);
    else for (const verb of verbs) refuse(known.command(verb, { hidden: true }), `${name} ${verb}`, run);
  }
}

function refuse(command: Command, name: string, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  command
    .argument('[words...]')
    .allowUnknownOption()
    .action(() =>
      run(async () => {
        throw new CommandError(`\`${name}\` is not in this version`);
      }),
    );
}
