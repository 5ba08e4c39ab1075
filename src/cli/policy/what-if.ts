/** `policy what-if`: a situation in words, and what the policies of the folder make of it. */
import { systemClock } from '../../app/system.ts';
import { createTestJudge } from '../../engine/replay.ts';
import { toRfc3339 } from '../../model/clock.ts';
import { formatFaults } from '../../model/document.ts';
import { parseQuestion, type WhatIf, whatIf } from '../../policy/index.ts';
import { CommandError } from '../client.ts';
import { type CommandContext, type Console, type ExitCode, formatTable } from '../console.ts';
import { compileFolder, type FolderOptions } from './folder.ts';

export interface WhatIfOptions extends FolderOptions {
  readonly signal: string;
  readonly subject?: string;
  readonly with: readonly string[];
  readonly set: readonly string[];
}

/** Exit 1 where no policy would take a step. */
export async function askWhatIf(options: WhatIfOptions, folder: string, { console }: CommandContext): Promise<ExitCode> {
  const { signal, subject, set } = options;
  const question = parseQuestion({ signal, before: options.with, set, ...(subject === undefined ? {} : { subject }) });
  if (!question.ok) throw new CommandError(question.faults.join('\n'));
  const { compiled } = await compileFolder(folder);
  if (!compiled.ok) {
    console.err(`${formatFaults(compiled.faults)}\n`);
    return 2;
  }
  const { bundle } = compiled;
  for (const { type } of question.given.signals ?? []) {
    if (!bundle.risk.types.has(type)) throw new CommandError(`risk.yaml has no signal type ${type}`);
  }
  // Lists and exceptions end by the clock.
  const given = { now: toRfc3339(systemClock.now()), ...question.given };
  const answer = whatIf(bundle.policies, createTestJudge(bundle), given);
  if (options.json) console.out(`${JSON.stringify(answer, null, 2)}\n`);
  else print(answer, console);
  return answer.policyId === null ? 1 : 0;
}

function print(answer: WhatIf, console: Console): void {
  const line = (text: string) => console.out(`${text}\n`);
  line(`as if every policy were enforced up to rung 6, with the standard guards and no limit used`);
  line(`score ${answer.score.toFixed(2)} (base ${answer.base.toFixed(2)}), ${answer.level}`);
  if (answer.points.length > 0) {
    line(indent(formatTable(answer.points.map(({ points, signalType, group, source }) => [points.toFixed(2), signalType, group, source]))));
  }
  if (answer.policies.length === 0) line('no policy matches this signal type');
  for (const policy of answer.policies) {
    line('');
    line(
      policy.step === null
        ? `${policy.policyId} does not match: ${policy.because}`
        : `${policy.policyId} takes ${policy.step}, rung ${policy.rung}`,
    );
    for (const { clause, value } of policy.trace) line(`  ${value.padEnd(7)}  ${clause}`);
    if (policy.unknown.length > 0) line(`  unknown: ${policy.unknown.join(', ')}`);
    for (const { type, step, state, by } of policy.actions)
      line(`  ${state.padEnd(8)}  ${type} (${step})${by === undefined ? '' : ` by ${by}`}`);
    for (const { guard, detail } of policy.guards) line(`  guard ${guard}${detail === undefined ? '' : `: ${detail}`}`);
  }
  line('');
  line(outcomeText(answer));
  const [first] = answer.changes;
  if (first === undefined) line('nothing more was given that could be left out');
  else line(first.flips ? `the smallest change that flips it: without ${first.without}` : 'nothing that was given decides it alone');
  for (const change of answer.changes) {
    line(
      `${change.flips ? 'flips' : 'stays'}  without ${change.without}: ${change.score.toFixed(2)} ${change.level}, ${outcomeText(change)}`,
    );
  }
}

function outcomeText({ policyId, step, rung, outcome }: Pick<WhatIf, 'policyId' | 'step' | 'rung' | 'outcome'>): string {
  return policyId === null ? 'nothing is done' : `${policyId}/${step} (rung ${rung}) is ${outcome}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
