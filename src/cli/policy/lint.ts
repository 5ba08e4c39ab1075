/** `policy lint`: faults (E), which stop a bundle from loading, and doubts (W), which do not. */
import { resolve } from 'node:path';
import { readPolicyFolder } from '../../app/policy-folder.ts';
import { systemClock } from '../../app/system.ts';
import type { CompiledBundle } from '../../engine/bundle.ts';
import { createTestJudge } from '../../engine/replay.ts';
import { guardsInForce } from '../../guard/index.ts';
import { toRfc3339 } from '../../model/clock.ts';
import { type Fault, formatFaults, sortFaults } from '../../model/document.ts';
import { findDoubts, lintVersions, type PolicyFiles, scoreMutations } from '../../policy/index.ts';
import { CommandError } from '../client.ts';
import type { CommandContext, ExitCode } from '../console.ts';
import { compileFolder, type FolderOptions, readSurroundings, type Surroundings } from './folder.ts';
import { assumedPeople, type ForProfile, formatWorstCase, worstCases } from './worst-case.ts';

export interface LintOptions extends FolderOptions {
  readonly strict?: boolean;
  readonly allow?: string;
  readonly against?: string;
  readonly today?: string;
  readonly people?: string;
}

export async function lint(options: LintOptions, folder: string, context: CommandContext): Promise<ExitCode> {
  const { console, workingDir } = context;
  const today = options.today ?? toRfc3339(systemClock.now()).slice(0, 10);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(today)) throw new CommandError('--today is a date, YYYY-MM-DD');
  const surroundings = await readSurroundings(context);
  const { files, compiled } = await compileFolder(folder, surroundings ? { connections: surroundings.connections } : {});
  const before = options.against === undefined ? undefined : await readPolicyFolder(resolve(workingDir, options.against));
  const faults = sortFaults([...(compiled.ok ? [] : compiled.faults), ...(before ? lintVersions(before, files) : [])]);
  const doubts = compiled.ok ? doubtsOf(files, compiled.bundle, today, surroundings) : [];
  if (options.people !== undefined && !/^\d{1,8}$/.test(options.people)) throw new CommandError('--people is a number');
  const people = Number(options.people ?? (surroundings?.people || assumedPeople));
  const worst = compiled.ok ? worstCases(compiled.bundle.guards, surroundings?.profiles ?? ['standard'], people) : [];
  print(options, compiled, faults, doubts, worst, context);
  if (!surroundings && !options.json) console.err('no rescind.yaml is at hand: connections and operators went unchecked\n');
  const allowed = new Set(options.allow?.split(','));
  const strict = options.strict === true && doubts.some(({ code }) => !allowed.has(code ?? ''));
  return faults.length > 0 || strict ? 1 : 0;
}

type Bundle = Extract<CompiledBundle, { readonly ok: true }>['bundle'];

/** What is not wrong in the files and still deserves a look; `today` is YYYY-MM-DD. */
export function doubtsOf(files: PolicyFiles, bundle: Bundle, today: string, surroundings: Surroundings | undefined): readonly Fault[] {
  const { policies, detections, risk } = bundle;
  const mutations = scoreMutations(policies, risk, createTestJudge(bundle), guardsInForce);
  const counted = detections.byEvent;
  const configured = surroundings ? { configured: surroundings.configured } : {};
  return findDoubts({ files, policies, counted, model: risk, mutations, today, ...configured });
}

function print(
  { json }: LintOptions,
  compiled: CompiledBundle,
  faults: readonly Fault[],
  doubts: readonly Fault[],
  worst: readonly ForProfile[],
  { console }: CommandContext,
): void {
  if (json) {
    const hash = compiled.ok ? { bundleHash: compiled.bundle.hash } : {};
    console.out(`${JSON.stringify({ ok: faults.length === 0, faults, doubts, worstCase: worst, ...hash }, null, 2)}\n`);
    return;
  }
  if (faults.length > 0) console.out(`${formatFaults(faults)}\n`);
  if (doubts.length > 0) console.out(`${formatFaults(doubts)}\n`);
  if (compiled.ok) {
    console.out(`bundle ${compiled.bundle.hash}\n`);
    for (const document of compiled.bundle.documents) console.out(`${document.hash.slice(0, 12)}  ${document.path}\n`);
    console.out(`guards in force: ${guardsInForce.join(', ')}\n`);
    for (const one of worst) console.out(formatWorstCase(one));
  }
  console.out(`${faults.length} faults, ${doubts.length} doubts\n`);
}
