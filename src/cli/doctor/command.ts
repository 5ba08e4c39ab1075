/** `doctor`: whether what is configured would work. It needs no running service, and calls nothing that writes. */
import { type Command, Option } from 'commander';
import { loadProvider } from '../../app/providers.ts';
import { systemClock, systemRandom } from '../../app/system.ts';
import { AppError } from '../../model/errors.ts';
import { silentLog } from '../../model/log.ts';
import type { Settings } from '../../settings/index.ts';
import { type CommandContext, createProgress, type ExitCode, formatTable } from '../console.ts';
import { requireConfiguration } from '../settings.ts';
import { examineConnection } from './connections.ts';
import { examineDatabase, type Opened } from './database.ts';
import type { Finding } from './finding.ts';
import { examineProcess } from './process.ts';

interface DoctorOptions {
  readonly for?: 'report-only';
  readonly json?: boolean;
}

export function addDoctorCommand(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('doctor')
    .description('tries what is configured: database, keys, policies, and every connection with each permission; changes nothing')
    .addOption(
      new Option('--for <use>', 'report-only: asks for what reading needs, and is against permissions to act').choices(['report-only']),
    )
    .option('--json', 'print JSON')
    .action((options: DoctorOptions) => run(() => doctor(options, context)));
}

async function doctor(options: DoctorOptions, context: CommandContext): Promise<ExitCode> {
  const settings = await requireConfiguration(context);
  const progress = createProgress(context.console);
  progress.step('looking');
  const database = await examineDatabase(settings, context.workingDir, systemClock);
  try {
    const process = await examineProcess(settings, context, systemClock.now());
    const connections = await Promise.all(
      settings.connections.map(async (connection) =>
        examineConnection(connection, await loadProvider(connection.provider), partsFor(settings, database, options, context)),
      ),
    );
    progress.done();
    const findings = [...database.findings, ...process, ...connections.flat()];
    const good = findings.every(({ state }) => state !== 'fault');
    context.console.out(options.json ? `${JSON.stringify({ ok: good, findings }, null, 2)}\n` : format(findings));
    return good ? 0 : 1;
  } finally {
    progress.done();
    await database.store?.close();
  }
}

function partsFor(
  settings: Settings,
  { keyring }: Opened,
  options: DoctorOptions,
  { ended }: CommandContext,
): Parameters<typeof examineConnection>[2] {
  const { host, port, tls } = settings.listen;
  return {
    settings,
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    origin: settings.publicUrl ?? `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    derive(name) {
      if (keyring === undefined) throw new AppError('keys.unusable', 'it needs keys that the first start makes');
      return keyring.derive(name);
    },
    reportOnly: options.for === 'report-only',
    ended,
  };
}

function format(findings: readonly Finding[]): string {
  const rows = findings.map(({ state, about, check, hint = '' }) => [state, about, check, hint]);
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  return `${formatTable(rows)}\n${count('fault')} faults, ${count('doubt')} doubts\n`;
}
