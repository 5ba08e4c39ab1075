/** `undo`: one action, or a campaign by what brought it about; `action extend` and `action confirm`. */
import type { Command } from 'commander';
import { CommandError, createClient } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';

interface UndoOptions {
  readonly reason?: string | undefined;
  readonly cause?: string;
  readonly source?: string;
  readonly policy?: string;
  readonly signalType?: string;
  readonly from?: string;
  readonly to?: string;
  readonly confirm?: string | undefined;
  readonly json?: boolean | undefined;
}

interface Preview {
  readonly hash: string;
  readonly people: number;
  readonly actions: readonly { readonly id: string; readonly identityId: string; readonly type: string; readonly undoneBy: string }[];
  readonly remaining: readonly { readonly identityId: string; readonly redo: readonly string[] }[];
}

export function addUndoCommands(program: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('undo')
    .description(
      'take back an action, or what a cause, source, policy or signal type brought about in a window: first the list, then the order',
    )
    .argument('[action]', 'id of one action')
    .option('--reason <text>', 'why')
    .option('--cause <cause>', 'what brought it about: risk, partner, person, ...')
    .option('--source <id>', 'only what this source triggered')
    .option('--policy <id>', 'only of this policy')
    .option('--signal-type <type>', 'only what followed from this signal type')
    .option('--from <instant>', 'done at or after')
    .option('--to <instant>', 'done at or before')
    .option('--confirm <hash>', 'undo exactly the list of this hash')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: UndoOptions) =>
      run(() => (id === undefined ? undoMany(options, context) : undoOne(id, options, context))),
    );
}

/** Below `action`, beside its list. */
export function addEndCommands(action: Command, context: CommandContext, run: (action: () => Promise<ExitCode>) => Promise<void>): void {
  const set = (id: string, verb: string, body: object) =>
    run(async () => {
      const path = `/api/v1/actions/${encodeURIComponent(id)}/${verb}`;
      const { until } = await createClient(context).post<{ until: string | null }>(path, body);
      context.console.out(until === null ? 'stays until a person lifts it\n' : `in force until ${until}\n`);
      return 0;
    });
  action
    .command('extend')
    .description('put off the end of an action in force')
    .argument('<id>')
    .option('--until <instant>', 'the end')
    .option('--for <duration>', 'from now, like 8h')
    .action((id: string, options: { until?: string; for?: string }) => set(id, 'extend', options));
  action
    .command('confirm')
    .description('let an action in force stay until a person lifts it')
    .argument('<id>')
    .action((id: string) => set(id, 'confirm', {}));
}

async function undoOne(id: string, { reason, json }: UndoOptions, context: CommandContext): Promise<ExitCode> {
  if (reason === undefined) throw new CommandError('--reason is missing: why?');
  const path = `/api/v1/actions/${encodeURIComponent(id)}/undo`;
  const answer = await createClient(context).post<{ state: string; heldFor: string | null; planIds: string[] }>(path, { reason });
  const waits = answer.state === 'held' ? `, waits for ${answer.heldFor}` : '';
  context.console.out(json ? `${JSON.stringify(answer)}\n` : `plan ${answer.planIds.join(', ')}: ${answer.state}${waits}\n`);
  return 0;
}

async function undoMany({ reason, confirm, json, ...filter }: UndoOptions, context: CommandContext): Promise<ExitCode> {
  if (Object.keys(filter).length === 0) throw new CommandError('name an action, or at least one of the options that choose');
  return previewOrOrder({ path: '/api/v1/undo', question: filter, chosen: { filter } }, { reason, confirm, json }, context);
}

/** Without the hash of a list the list, with it the order. `question` and `chosen` say what either is about, where the path does not. */
export async function previewOrOrder(
  { path, question, chosen }: { readonly path: string; readonly question: object; readonly chosen: object },
  { reason, confirm, json }: Pick<UndoOptions, 'reason' | 'confirm' | 'json'>,
  context: CommandContext,
): Promise<ExitCode> {
  const client = createClient(context);
  const show = (answer: unknown, lines: readonly string[]) =>
    context.console.out(json ? `${JSON.stringify(answer, null, 2)}\n` : `${lines.join('\n')}\n`);
  if (confirm === undefined) {
    const preview = await client.post<Preview>(`${path}/preview`, question);
    show(preview, describe(preview));
    return 0;
  }
  if (reason === undefined) throw new CommandError('--reason is missing: why?');
  const order = await client.post<{ id: string; actions: number; people: number }>(path, { ...chosen, hash: confirm, reason });
  show(order, [`order ${order.id}: ${order.actions} actions on ${order.people} people are being undone`]);
  return 0;
}

function describe({ hash, people, actions, remaining }: Preview): string[] {
  return [
    `nothing is changed; ${actions.length} actions on ${people} people would be undone:`,
    ...actions.map(({ id, identityId, type, undoneBy }) => `  ${id}  ${type} of ${identityId} by ${undoneBy}`),
    ...remaining
      .filter(({ redo }) => redo.length > 0)
      .map(({ identityId, redo }) => `  not given back: ${identityId} must ${redo.join('; ')}`),
    `to undo exactly these: --confirm ${hash} --reason TEXT`,
  ];
}
