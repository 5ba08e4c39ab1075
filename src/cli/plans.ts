/** `plan approve`, `deny`, `hold` and `release`: what people decide on held plans; and `identity act`: what they order themselves. */

import type { Command } from 'commander';
import type { PlanAnswer } from '../app/approvals.ts';
import { CommandError, createClient } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

export function addPlanDecisions(plan: Command, context: CommandContext, run: Run): void {
  plan
    .command('approve')
    .description('lets exactly these held plans go; exit 1 where one of them does not go')
    .argument('<ids...>')
    .requiredOption('--hash <hash>', 'of the list as `plan list --state held` or `plan show` printed it')
    .requiredOption('--reason <text>', 'why; kept sealed with the person')
    .option('--json', 'print JSON')
    .action((planIds: string[], { hash, reason, json }: { hash: string; reason: string; json?: boolean }) =>
      run(async () => {
        const given = await createClient(context).post<{ plans: readonly PlanAnswer[] }>('/api/v1/plans/approve', {
          planIds,
          hash,
          reason,
        });
        context.console.out(json ? `${JSON.stringify(given, null, 2)}\n` : `${given.plans.map(describe).join('\n')}\n`);
        return given.plans.every(({ reason: no }) => no === undefined) ? 0 : 1;
      }),
    );
  const verbs = {
    deny: 'refuses a held plan for good',
    hold: 'holds a released plan that nobody has begun, or gives a held one its time anew',
    release: 'lets a plan go on that a person or a pause held up',
  };
  for (const [verb, says] of Object.entries(verbs)) {
    plan
      .command(verb)
      .description(says)
      .argument('<id>')
      .requiredOption('--reason <text>', 'why; kept sealed with the person')
      .option('--json', 'print JSON')
      .action((id: string, { reason, json }: { reason: string; json?: boolean }) =>
        run(async () => {
          const given = await createClient(context).post<PlanAnswer>(`/api/v1/plans/${encodeURIComponent(id)}/${verb}`, { reason });
          context.console.out(json ? `${JSON.stringify(given, null, 2)}\n` : `${describe(given)}\n`);
          return 0;
        }),
      );
  }
}

interface ActOptions {
  readonly reason: string;
  readonly connection?: string;
  readonly parameter: readonly string[];
  readonly json?: boolean;
}

export function addIdentityAct(identity: Command, context: CommandContext, run: Run): void {
  identity
    .command('act')
    .description('orders an action about a person, outside of any policy; exit 1 where it is refused')
    .argument('<id>', 'id or alias')
    .argument('<action>', 'such as session.revoke')
    .requiredOption('--reason <text>', 'why; kept sealed with the person')
    .option('--connection <id>', 'only there')
    .option('--parameter <name=value>', 'such as expires=4h; may be repeated', (one: string, all: string[]) => [...all, one], [])
    .option('--json', 'print JSON')
    .action((identityId: string, type: string, { reason, connection, parameter, json }: ActOptions) =>
      run(async () => {
        const parameters = Object.fromEntries(parameter.map(pairOf));
        const action = { type, ...(connection === undefined ? {} : { connection }), parameters };
        const given = await createClient(context).post<{ decisionId: string; planIds: readonly string[]; state: string }>('/api/v1/plans', {
          identityId,
          actions: [action],
          reason,
        });
        const { state, planIds, decisionId } = given;
        const wait = state === 'held' ? '\nsomebody else must approve: rescind plan list --state held' : '';
        context.console.out(
          json ? `${JSON.stringify(given, null, 2)}\n` : `${state}: ${planIds.join(', ')} (decision ${decisionId})${wait}\n`,
        );
        return 0;
      }),
    );
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CommandError(`--parameter ${text}: write name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function describe({ id, state, heldFor, missing, lacks = [], repeated, reason }: PlanAnswer): string {
  const rest = [
    state === 'held' && heldFor !== null ? `for ${heldFor}` : '',
    missing === undefined ? '' : `${missing} more must approve for ${lacks.join(' and ')}`,
    repeated ? 'said before' : '',
    reason ?? '',
  ].filter(Boolean);
  return `${id} ${state}${rest.length === 0 ? '' : `: ${rest.join(', ')}`}`;
}
