/** The command line: every command with its options, and the one place where failures become exit codes. */
import { Command, CommanderError } from 'commander';
import { formatFaults } from '../model/document.ts';
import { AppError } from '../model/errors.ts';
import { addAbsentCommands } from './absent.ts';
import { CommandError } from './client.ts';
import { addConnectionCommands } from './connection.ts';
import type { CommandContext, ExitCode } from './console.ts';
import { addDatabaseCommands } from './database.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor/command.ts';
import { addIncidentCommands } from './incident.ts';
import { addInitCommand } from './init.ts';
import { addLedgerCommands } from './ledger.ts';
import { addPauseCommands } from './pause.ts';
import { addPolicyCommands } from './policy/commands.ts';
import { addRecordCommands } from './records.ts';
import { addServeCommands } from './serve.ts';
import { addSettingsCommands } from './settings-schema.ts';
import { addTokenCommands } from './token.ts';
import { addUndoCommands } from './undo.ts';

export async function runProgram(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const run = async (action: () => Promise<ExitCode>): Promise<void> => {
    exitCode = await action();
  };
  const program = new Command('rescind')
    .description('Takes access away from the right person, at the right moment, for a reason that can be shown.')
    .version(context.version)
    .exitOverride()
    .configureOutput({ writeOut: context.console.out, writeErr: context.console.err })
    .showHelpAfterError('(--help says more)');
  addServeCommands(program, context, run);
  addDemoCommand(program, context, run);
  addInitCommand(program, context, run);
  addDoctorCommand(program, context, run);
  addConnectionCommands(program, context, run);
  addTokenCommands(program, context, run);
  addRecordCommands(program, context, run);
  addIncidentCommands(program, context, run);
  addPolicyCommands(program, context, run);
  addSettingsCommands(program, context, run);
  addPauseCommands(program, context, run);
  addLedgerCommands(program, context, run);
  addDatabaseCommands(program, context, run);
  addUndoCommands(program, context, run);
  addAbsentCommands(program, run);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, context);
  }
}

function report(error: unknown, { console }: CommandContext): ExitCode {
  // commander has written its own message; help and version are no faults.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandError) {
    console.err(`rescind: ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof AppError) {
    console.err(error.faults.length > 0 ? `${formatFaults(error.faults)}\n` : `rescind: ${error.detail} (${error.code})\n`);
    return 2;
  }
  console.err(`rescind: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 2;
}
