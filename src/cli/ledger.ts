/** `ledger` and `key`: the decision log's head, proofs and verification, and the keys that it verifies under. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CommandError, createClient } from './client.ts';
import type { CommandContext, ExitCode } from './console.ts';
import { verifyService } from './verify-service.ts';

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

export function addLedgerCommands(program: Command, context: CommandContext, run: Run): void {
  const ledger = program.command('ledger').description('the decision log');
  ledger
    .command('checkpoint')
    .description('the newest signed head; keep one somewhere else')
    .option('--out <file>', 'writes it to a file')
    .action(({ out }: { out?: string }) =>
      run(async () => {
        const text = await createClient(context).text('/api/v1/ledger/checkpoint');
        if (out === undefined) context.console.out(text);
        else writeFileSync(resolve(context.workingDir, out), text);
        return 0;
      }),
    );
  ledger
    .command('prove')
    .description('that a decision stands in the log, as a C2SP tlog-proof')
    .argument('<decision>')
    .option('--out <file>', 'writes it to a file')
    .action((id: string, { out }: { out?: string }) =>
      run(async () => {
        const text = await createClient(context).text(`/api/v1/decisions/${encodeURIComponent(id)}/proof`);
        if (out === undefined) context.console.out(text);
        else writeFileSync(resolve(context.workingDir, out), text);
        return 0;
      }),
    );
  ledger
    .command('verify')
    .description('reads the whole log and checks it, with code that shares nothing with what wrote it; exit 1 where it does not hold')
    .option('--key <vkey>', 'the verifier key, kept apart; without it, the service is asked and believed')
    .option('--kept <file>', 'a checkpoint kept from before, which the log must have grown from')
    .option('--json', 'print JSON')
    .action((options: { key?: string; kept?: string; json?: boolean }) => run(() => verify(options, context)));

  const key = program.command('key').description('keys of the service');
  key
    .command('list')
    .description('the keys under which the log verifies, in C2SP vkey form')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      run(async () => {
        const { items } = await createClient(context).get<{ items: string[] }>('/api/v1/ledger/keys');
        context.console.out(json ? `${JSON.stringify({ items })}\n` : `${items.join('\n')}\n`);
        return 0;
      }),
    );
}

async function verify(options: { key?: string; kept?: string; json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const kept = options.kept === undefined ? undefined : readKept(options.kept, context);
  const result = await verifyService(
    createClient(context),
    { ...(options.key === undefined ? {} : { key: options.key }), ...(kept === undefined ? {} : { kept }) },
    context.console,
  );
  if (options.json) context.console.out(`${JSON.stringify(result)}\n`);
  else {
    context.console.out(
      result.verified
        ? `verified: ${result.treeSize} entries under ${result.key}\n`
        : `does not hold:\n${result.faults.map((fault) => `  ${fault}`).join('\n')}\n`,
    );
    if (options.key === undefined) context.console.out('the key came from the service itself: give one that you kept with --key\n');
  }
  return result.verified ? 0 : 1;
}

function readKept(path: string, { workingDir }: CommandContext): string {
  try {
    return readFileSync(resolve(workingDir, path), 'utf8');
  } catch {
    throw new CommandError(`${path} cannot be read`);
  }
}
