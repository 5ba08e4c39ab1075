/** `signal`, `identity`, `decision` and `plan`: what the service has recorded, listed and shown. */
import type { Command } from 'commander';
import { type Client, CommandError, createClient } from './client.ts';
import { type CommandContext, type ExitCode, formatTable } from './console.ts';
import { addDecisionExplain, addIdentityExplain } from './explain.ts';
import { addIdentityAct, addPlanDecisions } from './plans.ts';
import { addEndCommands } from './undo.ts';

export type Run = (action: () => Promise<ExitCode>) => Promise<void>;
interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
  /** Of held plans: approves exactly this page. */
  readonly hash?: string;
}

interface Listing {
  readonly command: Command;
  readonly path: string;
  readonly columns: readonly string[];
  readonly filters: readonly string[];
  /** Filters without a value, each with what it says and the columns that then count. */
  readonly flags?: Readonly<Record<string, { readonly says: string; readonly columns: readonly string[] }>>;
}

/** A `list` with the filters of its route, and a `show` by id. */
export function addListing({ command, path, columns, filters, flags = {} }: Listing, context: CommandContext, run: Run): void {
  const list = command
    .command('list')
    .description('newest first')
    .option('--limit <n>', 'how many, 1 to 500')
    .option('--cursor <cursor>', 'where the last page ended')
    .option('--json', 'print JSON');
  for (const filter of filters) list.option(`--${filter} <value>`, `only those with this ${filter}`);
  for (const [flag, { says }] of Object.entries(flags)) list.option(`--${flag}`, says);
  list.action((options: Record<string, string | boolean>) =>
    run(async () => {
      const { json, ...given } = options;
      const query = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
      const page = await createClient(context).get<Page>(path, query);
      const shown = Object.entries(flags).find(([flag]) => options[flag])?.[1].columns ?? columns;
      if (json) context.console.out(`${JSON.stringify(page, null, 2)}\n`);
      else
        context.console.out(
          `${formatTable([shown, ...page.items.map((item) => shown.map((column) => cellOf(item, column)))])}\n${page.hash === undefined ? '' : `hash of this list: ${page.hash}\n`}${page.nextCursor === null ? '' : `more: --cursor ${page.nextCursor}\n`}`,
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
      flags: {
        review: {
          says: 'only those whose person nobody has found for a minute',
          columns: ['id', 'type', 'source', 'reason', 'candidates', 'receivedAt'],
        },
      },
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
  addIdentityAct(identity, context, run);

  identity
    .command('merge')
    .description('two people are one: the first becomes the second, for good')
    .argument('<id>', 'id or alias of the one that goes')
    .argument('<into>', 'id or alias of the one that stays')
    .requiredOption('--reason <text>', 'how it is known')
    .option('--json', 'print JSON')
    .action((id: string, into: string, { reason, json }: { reason: string; json?: boolean }) =>
      run(async () => {
        const merged = await createClient(context).post<{ id: string; repeated: boolean }>(
          `/api/v1/identities/${encodeURIComponent(id)}/merge`,
          { into, reason },
        );
        context.console.out(json ? `${JSON.stringify(merged)}\n` : `${merged.repeated ? 'one already' : 'merged'}: ${merged.id}\n`);
        return 0;
      }),
    );

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

  decision
    .command('verdict')
    .description('say whether a decision was right; false dismisses the evidence behind it, and nothing withdraws a verdict')
    .argument('<id>')
    .argument('<verdict>', 'true, benign, false or unsure')
    .option('--reason <text>', 'why; kept sealed with the person')
    .option('--preview', 'say only what false would dismiss')
    .option('--family', 'with false: everything of this type, severity and source up to now')
    .option('--type', 'with false: everything of this type that there is now')
    .option('--json', 'print JSON')
    .action((id: string, verdict: string, options: VerdictOptions) => run(() => giveVerdict(id, verdict, options, context)));
  addDecisionExplain(decision, context, run);

  const plan = program.command('plan').description('work that follows from decisions');
  addListing(
    {
      command: plan,
      path: '/api/v1/plans',
      columns: ['id', 'decisionId', 'state', 'heldFor', 'waitsFor.lacks', 'heldUntil', 'connection', 'actions'],
      filters: ['state', 'decision', 'ids', 'incident'],
    },
    context,
    run,
  );
  addPlanDecisions(plan, context, run);
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
  addEndCommands(action, context, run);
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

interface VerdictOptions {
  readonly reason?: string;
  readonly preview?: boolean;
  readonly family?: boolean;
  readonly type?: boolean;
  readonly json?: boolean;
}

interface DismissalAnswer {
  readonly dismissed: readonly {
    readonly signalType: string;
    readonly severity: string;
    readonly source: string;
    readonly until: string;
  }[];
  readonly events: readonly { readonly signalId: string; readonly at: string }[];
  readonly moreEvents: boolean;
}

async function giveVerdict(id: string, verdict: string, options: VerdictOptions, context: CommandContext): Promise<ExitCode> {
  if (options.family && options.type) throw new CommandError('--family and --type exclude each other');
  const scope = options.type ? 'type' : options.family ? 'family' : undefined;
  const client = createClient(context);
  const path = `/api/v1/decisions/${encodeURIComponent(id)}`;
  const show = (answer: DismissalAnswer, lines: readonly string[]) =>
    context.console.out(options.json ? `${JSON.stringify(answer, null, 2)}\n` : `${lines.join('\n')}\n`);
  if (options.preview) {
    const answer = await client.get<DismissalAnswer>(`${path}/dismissal`, { scope });
    show(answer, ['nothing is changed; false would take:', ...describeDismissal(answer)]);
    return 0;
  }
  if (options.reason === undefined) throw new CommandError('--reason is missing: why?');
  const answer = await client.post<DismissalAnswer & { readonly id: string }>(`${path}/verdict`, {
    verdict,
    reason: options.reason,
    ...(scope === undefined ? {} : { scope }),
  });
  show(answer, [`verdict ${verdict}, signal ${answer.id}`, ...(verdict === 'false' ? describeDismissal(answer) : [])]);
  return 0;
}

function describeDismissal({ dismissed, events, moreEvents }: DismissalAnswer): string[] {
  const lines: string[] = [];
  for (const each of dismissed) lines.push(`dismissed: ${each.signalType} (${each.severity}) of ${each.source} up to ${each.until}`);
  for (const event of events) lines.push(`  with signal ${event.signalId} of ${event.at}`);
  if (moreEvents) lines.push('  and older ones');
  if (dismissed.length === 0) lines.push('nothing is left of it that could be dismissed');
  return lines;
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
