/** `policy`: the policy folder, checked and tested without a service. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readPolicyFolder } from '../app/policy-folder.ts';
import { type CompiledBundle, compileBundle, createTestJudge } from '../engine.ts';
import { guardsInForce } from '../guard/index.ts';
import { formatFaults } from '../model/document.ts';
import { policyJsonSchema, runDetectionTests, runInlineTests } from '../policy/index.ts';
import type { CommandContext, ExitCode } from './console.ts';

interface Options {
  readonly folder?: string;
  readonly json?: boolean;
}

export function addPolicyCommands(
  program: Command,
  context: CommandContext,
  run: (action: () => Promise<ExitCode>) => Promise<void>,
): void {
  const policy = program.command('policy').description('the policy folder');
  const add = (name: string, description: string, action: (options: Options, bundle: CompiledBundle, folder: string) => ExitCode) =>
    policy
      .command(name)
      .description(description)
      .option('--folder <path>', 'which; else ./policies, else the shipped pack')
      .option('--json', 'print JSON')
      .action((options: Options) =>
        run(async () => {
          const folder = options.folder === undefined ? defaultFolder(context) : resolve(context.workingDir, options.folder);
          return action(options, compileBundle(await readPolicyFolder(folder)), folder);
        }),
      );
  add('lint', 'checks every document; exit 1 where one has a fault', (options, compiled) => lint(options, compiled, context));
  add('test', 'runs the tests inside the documents; exit 1 where one fails', (options, compiled) => test(options, compiled, context));
  policy
    .command('schema')
    .description('the JSON Schema of a policy document, for editors')
    .action(() =>
      run(async () => {
        context.console.out(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
        return 0;
      }),
    );
}

export function defaultFolder({ workingDir, programDir }: Pick<CommandContext, 'workingDir' | 'programDir'>): string {
  const own = resolve(workingDir, 'policies');
  return existsSync(own) ? own : join(programDir, 'policies');
}

function lint(options: Options, compiled: CompiledBundle, { console }: CommandContext): ExitCode {
  const faults = compiled.ok ? [] : compiled.faults;
  if (options.json)
    console.out(`${JSON.stringify({ ok: compiled.ok, faults, ...(compiled.ok ? { bundleHash: compiled.bundle.hash } : {}) }, null, 2)}\n`);
  else if (!compiled.ok) console.out(`${formatFaults(faults)}\n`);
  else {
    console.out(`bundle ${compiled.bundle.hash}\n`);
    for (const document of compiled.bundle.documents) console.out(`${document.hash.slice(0, 12)}  ${document.path}\n`);
    console.out(`guards in force: ${guardsInForce.join(', ')}\n`);
  }
  return compiled.ok ? 0 : 1;
}

function test(options: Options, compiled: CompiledBundle, { console }: CommandContext): ExitCode {
  if (!compiled.ok) return lint(options, compiled, { console } as CommandContext);
  const { bundle } = compiled;
  const results = [...runInlineTests(bundle.policies, createTestJudge(bundle), guardsInForce), ...runDetectionTests(bundle.detections)];
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  if (options.json) console.out(`${JSON.stringify(results, null, 2)}\n`);
  else {
    for (const result of results) {
      console.out(
        `${result.outcome === 'passed' ? 'ok  ' : result.outcome === 'failed' ? 'FAIL' : 'skip'}  ${result.policyId}  ${result.name}\n`,
      );
      for (const difference of result.differences) console.out(`        ${difference}\n`);
    }
    console.out(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
  }
  return count('failed') === 0 ? 0 : 1;
}
