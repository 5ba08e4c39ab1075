/** `policy test`: the tests inside the documents, once or at every change of the folder. */
import { watchPolicyFolder } from '../../app/policy-folder.ts';
import { systemClock } from '../../app/system.ts';
import type { CompiledBundle } from '../../engine/bundle.ts';
import { createTestJudge } from '../../engine/replay.ts';
import { guardsInForce } from '../../guard/index.ts';
import { formatFaults } from '../../model/document.ts';
import { AppError } from '../../model/errors.ts';
import {
  type InlineResult,
  type MutationScore,
  runDetectionTests,
  runInlineTests,
  scoreMutations,
  scorePercent,
  wantedScore,
} from '../../policy/index.ts';
import type { CommandContext, Console, ExitCode } from '../console.ts';
import { compileFolder, type FolderOptions } from './folder.ts';

export interface TestOptions extends FolderOptions {
  readonly mutate?: boolean;
  readonly watch?: boolean;
}

export async function test(options: TestOptions, folder: string, context: CommandContext): Promise<ExitCode> {
  return options.watch ? watchTests(options, folder, context) : runOnce(options, folder, context);
}

async function runOnce(options: TestOptions, folder: string, { console }: CommandContext): Promise<ExitCode> {
  const { compiled } = await compileFolder(folder);
  if (!compiled.ok) {
    console.out(
      options.json ? `${JSON.stringify({ ok: false, faults: compiled.faults }, null, 2)}\n` : `${formatFaults(compiled.faults)}\n`,
    );
    return 1;
  }
  const { bundle } = compiled;
  const results = [...runInlineTests(bundle.policies, createTestJudge(bundle), guardsInForce), ...runDetectionTests(bundle.detections)];
  const mutations = options.mutate ? mutationsOf(compiled) : undefined;
  const failed = results.some(({ outcome }) => outcome === 'failed');
  const poor = mutations !== undefined && scorePercent(sum(mutations)) < 100 * wantedScore;
  if (options.json)
    console.out(`${JSON.stringify({ ok: !failed && !poor, tests: results, ...(mutations ? { mutations } : {}) }, null, 2)}\n`);
  else {
    printResults(results, console);
    if (mutations) printMutations(mutations, console);
  }
  return failed || poor ? 1 : 0;
}

/** Ends with the answer of the last run when the process is asked to end; a folder that cannot be read is waited for. */
async function watchTests(options: TestOptions, folder: string, context: CommandContext): Promise<ExitCode> {
  const { console, ended } = context;
  let last: ExitCode = 0;
  let running = Promise.resolve();
  const again = () => {
    running = running.then(async () => {
      try {
        last = await runOnce(options, folder, context);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        last = 1;
        console.err(`rescind: ${error.detail} (${error.code})\n`);
      }
      if (console.tty) console.err('waiting for a change; Ctrl-C ends\n');
    });
  };
  return new Promise((resolve, reject) => {
    const watcher = watchPolicyFolder(folder, systemClock, again, reject, { persistent: true });
    again();
    const end = () => {
      watcher.stop();
      running.then(() => resolve(last), reject);
    };
    if (ended.aborted) end();
    else ended.addEventListener('abort', end, { once: true });
  });
}

function printResults(results: readonly InlineResult[], console: Console): void {
  const words = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const;
  for (const { outcome, policyId, name, differences, trace } of results) {
    console.out(`${words[outcome]}  ${policyId}  ${name}\n`);
    for (const difference of differences) console.out(`        ${difference}\n`);
    for (const { clause, value } of trace ?? []) console.out(`        ${value.padEnd(7)}  ${clause}\n`);
  }
  const count = (outcome: InlineResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  console.out(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
}

function mutationsOf(compiled: Extract<CompiledBundle, { readonly ok: true }>): readonly MutationScore[] {
  const { policies, risk } = compiled.bundle;
  return scoreMutations(policies, risk, createTestJudge(compiled.bundle), guardsInForce);
}

function printMutations(mutations: readonly MutationScore[], console: Console): void {
  for (const { policyId, killed, total, survivors } of mutations) {
    console.out(`${policyId}  ${killed}/${total} wrong versions noticed\n`);
    for (const { path, change } of survivors) console.out(`        ${path.map(String).join('.')}: ${change}\n`);
  }
  const all = sum(mutations);
  console.out(`${all.killed}/${all.total} wrong versions noticed (${scorePercent(all).toFixed(1)} %)\n`);
}

function sum(mutations: readonly MutationScore[]): { readonly killed: number; readonly total: number } {
  return mutations.reduce((all, { killed, total }) => ({ killed: all.killed + killed, total: all.total + total }), { killed: 0, total: 0 });
}
