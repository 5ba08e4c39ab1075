/** Process entry: the only place that reads environment, arguments and signals. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandContext } from './cli/console.ts';
import { runProgram } from './cli/program.ts';

/** Runs the command line and sets the exit code; a second interrupt ends the process at once. */
export async function main(): Promise<void> {
  const programDir = dirname(dirname(fileURLToPath(import.meta.url)));
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (ended.signal.aborted) process.exit(130);
      ended.abort();
    });
  }
  // A reader that goes away (`| head`) is no fault of ours.
  process.stdout.on('error', () => process.exit(0));
  const context: CommandContext = {
    console: {
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
      tty: process.stderr.isTTY === true,
    },
    env: process.env,
    workingDir: process.cwd(),
    ended: ended.signal,
    programDir,
    version: (JSON.parse(readFileSync(join(programDir, 'package.json'), 'utf8')) as { version: string }).version,
  };
  process.exitCode = await runProgram(process.argv.slice(2), context);
}
