/** `demo`: the demo organisation, served until it is stopped, or one story told from beginning to end. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemRandom } from '../app/system.ts';
import { type App, startApp } from '../app.ts';
import { CommandError } from './client.ts';
import { type CommandContext, createProgress, type ExitCode } from './console.ts';
import { type DemoOrganisation, openOrganisation, prepareFolder, readOrMake } from './demo/organisation.ts';
import { makePartnerKey, openPartner, type Partner } from './demo/partner.ts';
import { type StoryResult, tellStory } from './demo/story.ts';
import { dataFolder, demoFolder } from './demo-folder.ts';
import { createLog } from './log.ts';
import { untilEnded } from './serve.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly story?: boolean;
  readonly person: string;
  readonly json?: boolean;
}

interface RunningDemo extends DemoOrganisation {
  readonly app: App;
  readonly partner: Partner & { readonly key: string };
}

const standardPort = 8440;
/** The partner listens beside the service. */
const partnerPortOf = (port: number) => port + 1;

export function addDemoCommand(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('demo')
    .description('a whole organisation on this machine: people, an identity provider, a partner who reports')
    .option('--once', 'tells its story in a fresh folder, then removes everything')
    .option('--story', 'tells its story to the demo organisation that runs')
    .option('--person <id>', 'whose session is revoked', 'alice')
    .option('--json', 'print one JSON object')
    .action((options: DemoOptions) =>
      run(() => (options.once ? demoOnce(options, context) : options.story ? demoStory(options, context) : serveDemo(context))),
    );
}

function portIn(env: CommandContext['env']): number {
  const text = env['PORT'];
  if (!text) return standardPort;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_534) throw new CommandError('PORT is a number from 1 to 65534');
  return port;
}

/** Serves the demo organisation of the data folder until the process is asked to end. */
export async function serveDemo(context: CommandContext): Promise<ExitCode> {
  const folder = demoFolder(context);
  const port = portIn(context.env);
  const running = await start(folder, port, partnerPortOf(port), context);
  const { app, demo } = running;
  const dataDir = context.env['RESCIND_DATA_DIR'];
  const with_ = `${dataDir ? `RESCIND_DATA_DIR=${dataDir} ` : ''}RESCIND_URL=${app.origin} RESCIND_TOKEN=${demo.adminToken} npm run -s rescind --`;
  context.console.out(
    [
      `Rescind ${context.version}, demo organisation`,
      `  service       ${app.origin}`,
      `  sign-in page  ${app.origin}/idp`,
      `  status page   ${await app.signInLink(['admin'])}`,
      '                (opens once, within ten minutes)',
      '',
      'Three commands to try, in another terminal:',
      `  ${with_} identity list`,
      `  ${with_} demo --story`,
      `  ${with_} ledger verify`,
      '',
      '',
    ].join('\n'),
  );
  const code = await untilEnded(app, context);
  await running.partner.close();
  return code;
}

async function demoOnce(options: DemoOptions, context: CommandContext): Promise<ExitCode> {
  const folder = join(dataFolder(context), `demo-${Buffer.from(systemRandom(6)).toString('hex')}`);
  const progress = createProgress(context.console);
  try {
    progress.step('starting the demo organisation');
    const { app, demo, partner } = await start(folder, 0, 0, context);
    try {
      return report(
        await tellStory({ origin: app.origin, demo, partner, person: options.person, ended: context.ended, step: progress.step }),
        options,
        context,
        progress,
      );
    } finally {
      progress.step('stopping');
      await app.stop();
      await partner.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    progress.done();
  }
}

/** Beside a running demo organisation, whose secrets lie in the same folder. */
async function demoStory(options: DemoOptions, context: CommandContext): Promise<ExitCode> {
  const folder = demoFolder(context);
  const progress = createProgress(context.console);
  const key = readOrMake(join(folder, 'partner.jwk'), () => {
    throw new CommandError(`no demo organisation has been started in ${folder}`);
  });
  const origin = context.env['RESCIND_URL'] || `http://127.0.0.1:${standardPort}`;
  const port = Number(new URL(origin).port);
  const partner = { issuer: 'https://partner.demo.example', jwksUri: `http://127.0.0.1:${partnerPortOf(port)}/jwks` };
  const { demo } = await openOrganisation(folder, port, { ...partner, close: async () => {} }, context);
  return report(
    await tellStory({ origin, demo, partner: { ...partner, key }, person: options.person, ended: context.ended, step: progress.step }),
    options,
    context,
    progress,
  );
}

async function start(folder: string, port: number, jwksPort: number, context: CommandContext): Promise<RunningDemo> {
  prepareFolder(folder);
  const keyPath = join(folder, 'partner.jwk');
  const made = await makePartnerKey();
  const key = readOrMake(keyPath, () => made);
  const partner = { ...(await openPartner(key, jwksPort)), key };
  try {
    const organisation = await openOrganisation(folder, port, partner, context);
    const { workingDir, programDir, version } = context;
    const log = createLog(organisation.settings.log.level, context.console);
    const app = await startApp({ settings: organisation.settings, kind: 'demo', workingDir, programDir, version, log });
    return { ...organisation, app, partner };
  } catch (error) {
    await partner.close();
    throw error;
  }
}

function report(result: StoryResult, { json, person }: DemoOptions, { console }: CommandContext, progress: { done(): void }): ExitCode {
  progress.done();
  if (json) console.out(`${JSON.stringify(result)}\n`);
  else {
    console.out(
      [
        `${person} signed in at the sandbox; the token was ${result.tokenActiveBefore ? 'active' : 'not active'}`,
        'a partner pushed a signed CAEP session-revoked',
        result.timeToRevokeMs === null ? 'the token is still active' : `the token stopped counting after ${result.timeToRevokeMs} ms`,
        `decision ${result.decisionId ?? 'none'}`,
        result.ledger.verified
          ? `entry ${result.ledger.index} of ${result.ledger.treeSize} in the decision log, proof verified`
          : 'the decision log has no proof of it',
        '',
      ].join('\n'),
    );
  }
  return result.ok ? 0 : 1;
}
