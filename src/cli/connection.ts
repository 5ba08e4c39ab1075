/** `connection`: what is connected, whether providers send their events here, and how to have them do so. */
import type { Command } from 'commander';
import { type Client, CommandError, createClient } from './client.ts';
import { type CommandContext, type ExitCode, formatTable } from './console.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly profile: string;
  readonly mode: string;
  readonly maxRung: number;
  readonly subscription: {
    readonly state: 'none' | 'inForce' | 'drifted' | 'unreadable';
    readonly address?: string | null;
    readonly drift?: readonly string[];
    readonly missing?: readonly string[];
    readonly hint?: string;
  } | null;
  readonly probe?: readonly { readonly check: string; readonly ok: boolean; readonly hint?: string; readonly for?: string }[];
}

export function addConnectionCommands(program: Command, context: CommandContext, run: Run): void {
  const connection = program.command('connection').description('providers: what is connected, and whether their events come here');
  connection
    .command('list')
    .description('every connection, how far it may go, and its subscription')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => run(() => list(options, context)));
  connection
    .command('status')
    .description('of one connection, or of each; 1 where a subscription has drifted or something is missing')
    .argument('[id]')
    .option('--probe', 'tries each: reachable, credentials, each permission')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: StatusOptions) => run(() => status(id, options, context)));
  connection
    .command('subscribe')
    .description('has the provider send its events here: makes the subscription, verifies and activates it')
    .argument('<id>')
    .option('--print', 'only prints how a person does it at the provider')
    .action((id: string, options: { print?: boolean }) => run(() => subscribe(id, options, context)));
  connection
    .command('unsubscribe')
    .description('takes the subscription away at the provider')
    .argument('<id>')
    .action((id: string) =>
      run(async () => {
        await createClient(context).post(`${pathOf(id)}/unsubscribe`, {});
        context.console.out(`${id}: the provider sends no events any more\n`);
        return 0;
      }),
    );
}

interface StatusOptions {
  readonly probe?: boolean;
  readonly json?: boolean;
}

const pathOf = (id: string) => `/api/v1/connections/${encodeURIComponent(id)}`;

/** There are never many: one page of the largest size. */
async function readAll(client: Client): Promise<readonly Connection[]> {
  return (await client.get<{ items: readonly Connection[] }>('/api/v1/connections', { limit: '500' })).items;
}

async function list({ json }: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const items = await readAll(createClient(context));
  if (json) context.console.out(`${JSON.stringify({ items }, null, 2)}\n`);
  else {
    const rows = items.map((item) => [item.id, item.provider, item.profile, item.mode, String(item.maxRung), inShort(item)]);
    context.console.out(`${formatTable([['id', 'provider', 'profile', 'mode', 'maxRung', 'subscription'], ...rows])}\n`);
  }
  return 0;
}

function inShort({ subscription }: Connection): string {
  if (subscription === null) return '-';
  return subscription.state === 'drifted' ? `drifted: ${subscription.drift?.join(', ')}` : subscription.state;
}

async function status(id: string | undefined, { probe, json }: StatusOptions, context: CommandContext): Promise<ExitCode> {
  const client = createClient(context);
  const ids = id === undefined ? (await readAll(client)).map((one) => one.id) : [id];
  const query = probe ? { probe: 'true' } : {};
  const items = await Promise.all(ids.map((one) => client.get<Connection>(pathOf(one), query)));
  if (json) context.console.out(`${JSON.stringify(id === undefined ? { items } : items[0], null, 2)}\n`);
  else for (const item of items) context.console.out(`${describe(item).join('\n')}\n`);
  return items.every(isWell) ? 0 : 1;
}

function isWell({ subscription, probe = [] }: Connection): boolean {
  return (subscription === null || subscription.state === 'none' || subscription.state === 'inForce') && probe.every(({ ok }) => ok);
}

function describe(item: Connection): readonly string[] {
  const { id, provider, mode, maxRung, subscription, probe = [] } = item;
  return [
    `${id} (${provider}): ${mode}, rung ${maxRung} at most`,
    `  subscription: ${subscription === null ? 'the provider keeps none' : inShort(item)}`,
    ...(subscription?.address ? [`  events go to: ${subscription.address}`] : []),
    ...(subscription?.missing?.length && subscription.state === 'drifted' ? [`  left out: ${subscription.missing.join(', ')}`] : []),
    ...(subscription?.hint ? [`  ${subscription.hint}`] : []),
    ...probe.map(({ check, ok, hint }) => `  ${ok ? 'ok     ' : 'missing'} ${check}${hint === undefined ? '' : `: ${hint}`}`),
  ];
}

async function subscribe(id: string, { print }: { print?: boolean }, context: CommandContext): Promise<ExitCode> {
  const client = createClient(context);
  if (print) {
    await printSteps(id, client, context);
    return 0;
  }
  try {
    const after = await client.post<Connection>(`${pathOf(id)}/subscribe`, {});
    context.console.out(`${describe(after).join('\n')}\n`);
    return isWell(after) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CommandError && error.message.startsWith('conflict: notGranted'))) throw error;
    context.console.err(`rescind: ${error.message}\nor do it by hand:\n`);
    await printSteps(id, client, context);
    return 1;
  }
}

async function printSteps(id: string, client: Client, { console }: CommandContext): Promise<void> {
  const { steps } = await client.get<{ steps: readonly string[] }>(`${pathOf(id)}/steps`);
  console.out(`${steps.join('\n')}\n`);
}
