/** `serve`: the service with its configuration; `start` is what `npm start` does: that, or the demo organisation. */
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { startApp } from '../app.ts';
import type { Settings } from '../settings/index.ts';
import type { CommandContext, ExitCode } from './console.ts';
import { serveDemo } from './demo.ts';
import { createLog } from './log.ts';
import { findConfiguration, parseConfiguration, requireConfiguration } from './settings.ts';

export function addServeCommands(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('serve')
    .description('runs the service; needs a configuration')
    .action(() => run(async () => serve(await requireConfiguration(context), context)));
  program
    .command('start')
    .description('serves rescind.yaml, or the demo organisation where there is no configuration')
    .action(() =>
      run(async () => {
        const file = findConfiguration(context);
        if (file !== undefined) return serve(await parseConfiguration(file, context), context);
        if (context.env['DATABASE_URL']) return serve(await requireConfiguration(context), context);
        return serveDemo(context);
      }),
    );
}

async function serve(settings: Settings, context: CommandContext): Promise<ExitCode> {
  const log = createLog(settings.log.level, context.console);
  const { workingDir, programDir, version, console } = context;
  const app = await startApp({ settings, kind: 'organisation', workingDir, programDir, version, log });
  console.out(`Rescind ${version} listens at ${settings.publicUrl ?? app.origin}\n`);
  console.out(`Status page, once, within ten minutes: ${await app.signInLink(['admin'])}\n`);
  for (const id of Object.keys(settings.overrides)) console.out(`Override: ${id} is enforced by hand, unproven\n`);
  return untilEnded(app, context);
}

/** Runs until the process is asked to end, then stops in order. */
export async function untilEnded(app: App, { ended }: Pick<CommandContext, 'ended'>): Promise<ExitCode> {
  if (!ended.aborted) await new Promise<void>((resolve) => ended.addEventListener('abort', () => resolve(), { once: true }));
  await app.stop();
  return 0;
}
