/** `signal`, `identity`, `decision` and `plan`: what the service has recorded, listed and shown. */
import type { Command } from 'commander';
import { type Client, CommandError, createClient } from './client.ts';
import { type CommandContext, type ExitCode, formatTable } from './console.ts';
import { addDecisionExplain, addIdentityExplain } from './explain.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;
interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
}

interface Listing {
  readonly command: Command;
  readonly path: string;
  readonly columns: readonly string[];
  readonly filters: readonly string[];
}

/** A `list` with the filters of its route, and a `show` by id. */
function addListing({ command, path, columns, filters }: Listing, context: CommandContext, run: Run): void {
  const list = command
    .command('list')
    .description('newest first')
    .option('--limit <n>', 'how many, 1 to 500')
    .option('--cursor <cursor>', 'where the last page ended')
    .option('--json', 'print JSON');
  for (const filter of filters) list.option(`--${filter} <value>`, `only those with this ${filter}`);
  list.action((options: Record<string, string | boolean>) =>
    run(async () => {
      const { json, ...query } = options;
      const page = await createClient(context).get<Page>(path, query as Record<string, string>);
      if (json) context.console.out(`${JSON.stringify(page, null, 2)}\n`);
      else
        context.console.out(
          `${formatTable([columns, ...page.items.map((item) => columns.map((column) => cellOf(item, column)))])}\n${page.nextCursor === null ? '' : `more: --cursor ${page.nextCursor}\n`}`,
        );
      return 0;
    }),
  );
  command
    .command('show')
    .description('one record, whole')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string) =>
      run(async () => {
        const record = await createClient(context).get(`${path}/${encodeURIComponent(id)}`);
        context.console.out(`${JSON.stringify(record, null, 2)}\n`);
        return 0;
      }),
    );
}

function cellOf(item: Record<string, unknown>, column: string): string {
  const value = column.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], item);
  if (Array.isArray(value))
    return value.map((one) => (typeof one === 'object' ? ((one as { type?: string }).type ?? '') : String(one))).join(',') || '-';
  return value === null || value === undefined ? '-' : String(value);
}

export function addRecordCommands(program: Command, context: CommandContext, run: Run): void {
  const signal = program.command('signal').description('what arrived');
  addListing(
    {
      command: signal,
      path: '/api/v1/signals',
      columns: ['id', 'type', 'source', 'state', 'occurredAt'],
      filters: ['type', 'source', 'state', 'identity'],
    },
    context,
    run,
  );
  signal
    .command('send')
    .description('send a signal, as an API client or an operator would')
    .requiredOption('--type <type>', 'a type of the catalogue')
    .requiredOption('--subject <identifier>', 'an e-mail address, an identity id or alias, or an RFC 9493 identifier as JSON')
    .option('--severity <severity>', 'low, medium or high')
    .option('--occurred-at <instant>', 'RFC 3339')
    .option('--dedupe-key <key>', 'names the event, so that sending it again has no effect')
    .option('--json', 'print JSON')
    .action((options: SendOptions) => run(() => sendSignal(options, context)));

  const identity = program.command('identity').description('who is known');
  addListing(
    {
      command: identity,
      path: '/api/v1/identities',
      columns: ['id', 'emails', 'level', 'score', 'privileged', 'protected'],
      filters: ['email'],
    },
    context,
    run,
  );
  addIdentityExplain(identity, context, run);

  const decision = program.command('decision').description('what was decided, and why');
  addListing(
    {
      command: decision,
      path: '/api/v1/decisions',
      columns: ['id', 'policyId', 'outcome', 'mode', 'level', 'actions', 'decidedAt'],
      filters: ['identity', 'policy', 'outcome', 'level', 'mode', 'from', 'to'],
    },
    context,
    run,
  );
  decision
    .command('replay')
    .description('decide again from what was stored; exit 1 where the result differs')
    .argument('<id>')
    .option('--active', 'under the policies that are active now, naming what changed in them')
    .option('--json', 'print JSON')
    .action((id: string, options: { active?: boolean; json?: boolean }) => run(() => replayDecision(id, options, context)));

  addDecisionExplain(decision, context, run);

  const plan = program.command('plan').description('work that follows from decisions');
  addListing(
    {
      command: plan,
      path: '/api/v1/plans',
      columns: ['id', 'decisionId', 'state', 'heldFor', 'connection'],
      filters: ['state', 'decision'],
    },
    context,
    run,
  );
  const action = program.command('action').description('calls to providers and what became of them');
  addListing(
    {
      command: action,
      path: '/api/v1/actions',
      columns: ['id', 'type', 'connection', 'state', 'attempts', 'residualAccessSeconds'],
      filters: ['state', 'plan'],
    },
    context,
    run,
  );
}

interface SendOptions {
  readonly type: string;
  readonly subject: string;
  readonly severity?: string;
  readonly occurredAt?: string;
  readonly dedupeKey?: string;
  readonly json?: boolean;
}

async function sendSignal(options: SendOptions, context: CommandContext): Promise<ExitCode> {
  const { type, severity, occurredAt, dedupeKey } = options;
  const accepted = await createClient(context).post<{ id: string; decisionIds: string[] }>('/api/v1/signals', {
    type,
    subject: subjectFrom(options.subject),
    ...(severity === undefined ? {} : { severity }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(dedupeKey === undefined ? {} : { dedupeKey }),
  });
  context.console.out(
    options.json ? `${JSON.stringify(accepted)}\n` : `signal ${accepted.id}\ndecision ${accepted.decisionIds.join(', ') || 'none yet'}\n`,
  );
  return 0;
}

function subjectFrom(text: string): unknown {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      throw new CommandError('--subject begins with a brace and is not JSON');
    }
  }
  return text.includes('@') ? { format: 'email', email: text } : { format: 'opaque', id: text };
}

interface Replay {
  readonly same: boolean;
  readonly engine: { readonly stored: number; readonly running: number };
  readonly bundle: { readonly stored: string; readonly used: string };
  readonly changes: readonly { readonly path: string; readonly before: unknown; readonly after: unknown }[];
  readonly differences: readonly { readonly path: string; readonly stored: unknown; readonly replayed: unknown }[];
}

async function replayDecision(id: string, options: { active?: boolean; json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const client: Client = createClient(context);
  const replay = await client.get<Replay>(`/api/v1/decisions/${encodeURIComponent(id)}/replay`, options.active ? { bundle: 'active' } : {});
  if (options.json) context.console.out(`${JSON.stringify(replay, null, 2)}\n`);
  else context.console.out(`${describeReplay(replay).join('\n')}\n`);
  return replay.same ? 0 : 1;
}

function describeReplay(replay: Replay): string[] {
  const lines = [replay.same ? 'same: the decision comes out byte for byte' : 'different'];
  if (replay.engine.stored !== replay.engine.running)
    lines.push(`engine: decided by ${replay.engine.stored}, this is ${replay.engine.running}`);
  if (replay.bundle.stored !== replay.bundle.used)
    lines.push(`policies: decided by ${replay.bundle.stored.slice(0, 12)}, replayed under ${replay.bundle.used.slice(0, 12)}`);
  for (const change of replay.changes)
    lines.push(`changed in the policies: ${change.path}: ${JSON.stringify(change.before)} -> ${JSON.stringify(change.after)}`);
  for (const { path, stored, replayed } of replay.differences)
    lines.push(`${path}: ${JSON.stringify(stored)} -> ${JSON.stringify(replayed)}`);
  return lines;
}
