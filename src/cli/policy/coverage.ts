/** `policy coverage`: the pack as tables, in an order that makes two outputs comparable line by line. */
import { formatFaults } from '../../model/document.ts';
import { type Coverage, coverageOf } from '../../policy/index.ts';
import { type CommandContext, type ExitCode, formatTable } from '../console.ts';
import { compileFolder, everyProvider, type FolderOptions, readSurroundings } from './folder.ts';

export async function coverage(options: FolderOptions, folder: string, context: CommandContext): Promise<ExitCode> {
  const { console } = context;
  const { compiled } = await compileFolder(folder);
  if (!compiled.ok) {
    console.err(`${formatFaults(compiled.faults)}\n`);
    return 2;
  }
  const surroundings = await readSurroundings(context);
  const offers = surroundings?.offers ?? (await everyProvider());
  const tables = coverageOf(compiled.bundle.policies, compiled.bundle.risk, offers);
  console.out(options.json ? `${JSON.stringify(tables, null, 2)}\n` : `${render(tables, surroundings === undefined)}\n`);
  return 0;
}

function render({ signals, attack, controls, actions }: Coverage, providers: boolean): string {
  const cells = (policies: Coverage['signals'][number]['policies']) =>
    policies.map(({ policyId, rung }) => `${policyId} (${rung})`).join(', ') || '-';
  const connections = Object.keys(actions[0]?.connections ?? {});
  return [
    formatTable([
      ['SIGNAL', 'GROUP', 'POLICIES (highest rung)'],
      ...signals.map(({ type, group, policies }) => [type, group, cells(policies)]),
    ]),
    formatTable([['ATT&CK', 'POLICIES'], ...attack.map(({ technique, policies }) => [technique, cells(policies)])]),
    formatTable([
      ['FRAMEWORK', 'CONTROL', 'POLICIES'],
      ...controls.map(({ framework, control, policies }) => [framework, control, cells(policies)]),
    ]),
    formatTable([
      ['ACTION', 'RUNG', ...connections.map((name) => (providers ? `${name} (provider)` : name)), 'POLICIES'],
      ...actions.map((row) => [row.type, String(row.rung), ...connections.map((name) => row.connections[name] ?? ''), cells(row.policies)]),
    ]),
  ].join('\n\n');
}
