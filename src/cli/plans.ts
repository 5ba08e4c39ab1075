/** `plan approve`, `deny`, `hold` and `release`: what people decide on held plans. */
import type { Command } from 'commander';
import { createClient } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

interface Answer {
  readonly id: string;
  readonly state: string;
  readonly heldFor: string | null;
  readonly missing?: number;
  readonly repeated?: true;
  readonly reason?: string;
}

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
        const given = await createClient(context).post<{ plans: readonly Answer[] }>('/api/v1/plans/approve', { planIds, hash, reason });
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
          const given = await createClient(context).post<Answer>(`/api/v1/plans/${encodeURIComponent(id)}/${verb}`, { reason });
          context.console.out(json ? `${JSON.stringify(given, null, 2)}\n` : `${describe(given)}\n`);
          return 0;
        }),
      );
  }
}

function describe({ id, state, heldFor, missing, repeated, reason }: Answer): string {
  const rest = [
    state === 'held' && heldFor !== null ? `for ${heldFor}` : '',
    missing === undefined ? '' : `${missing} more must approve`,
    repeated ? 'said before' : '',
    reason ?? '',
  ].filter(Boolean);
  return `${id} ${state}${rest.length === 0 ? '' : `: ${rest.join(', ')}`}`;
}
