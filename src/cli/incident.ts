/** `incident`: what limits gathered, as one thing to look at and to judge. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { createClient } from './client.ts';
import type { CommandContext } from './console.ts';
import { addListing, type Run } from './records.ts';
import { previewOrOrder } from './undo.ts';

interface Judged {
  readonly id: string;
  readonly verdict: string;
  readonly plansRefused: number;
  readonly decisionsJudged: number;
  readonly decisionsLeft: number;
}

export function addIncidentCommands(program: Command, context: CommandContext, run: Run): void {
  const incident = program.command('incident').description('what limits gathered, as one thing');
  addListing(
    {
      command: incident,
      path: '/api/v1/incidents',
      columns: ['id', 'state', 'signalType', 'sources', 'guards', 'people', 'lastAt'],
      filters: ['state'],
    },
    context,
    run,
  );
  incident
    .command('export')
    .description('the incident, its decisions and where they stand in the log, as JSON')
    .argument('<id>')
    .option('--out <file>', 'write it there')
    .action((id: string, { out }: { out?: string }) =>
      run(async () => {
        const record = await createClient(context).get(`/api/v1/incidents/${encodeURIComponent(id)}/export`);
        const text = `${JSON.stringify(record, null, 2)}\n`;
        if (out === undefined) context.console.out(text);
        else await writeFile(out, text, { mode: 0o600 });
        return 0;
      }),
    );
  incident
    .command('verdict')
    .description('one word for all of it: false dismisses the evidence and ends what is held; nothing withdraws it')
    .argument('<id>')
    .argument('<verdict>', 'true or false')
    .requiredOption('--reason <text>', 'why; kept sealed')
    .option('--json', 'print JSON')
    .action((id: string, verdict: string, { reason, json }: { reason: string; json?: boolean }) =>
      run(async () => {
        const judged = await createClient(context).post<Judged>(`/api/v1/incidents/${encodeURIComponent(id)}/verdict`, { verdict, reason });
        context.console.out(
          json
            ? `${JSON.stringify(judged)}\n`
            : `judged ${judged.verdict}: ${judged.decisionsJudged} decisions, ${judged.plansRefused} held plans ended\n`,
        );
        return judged.decisionsLeft === 0 ? 0 : 1;
      }),
    );
  incident
    .command('undo')
    .description('take back what the plans of the incident did: first the list, then the order; what is held stays held')
    .argument('<id>')
    .option('--reason <text>', 'why')
    .option('--confirm <hash>', 'undo exactly the list of this hash')
    .option('--json', 'print JSON')
    .action((id: string, options: { reason?: string; confirm?: string; json?: boolean }) =>
      run(() => previewOrOrder({ path: `/api/v1/incidents/${encodeURIComponent(id)}/undo`, question: {}, chosen: {} }, options, context)),
    );
}
