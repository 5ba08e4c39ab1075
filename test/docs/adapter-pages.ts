/** The pages of `docs/adapters`: what each manifest says, around what a person wrote in the provider's own folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterDefinition, Capability, Manifest } from '../../src/adapters/contract.ts';
import { loadProvider, providerNames } from '../../src/app/providers.ts';
import { type ActionType, actionTypeNames, actionTypes } from '../../src/model/action.ts';

const root = join(import.meta.dirname, '../..');

/** Every page by its path from the root of the project. A provider that the composition knows has one by itself. */
export async function renderAdapterPages(): Promise<ReadonlyMap<string, string>> {
  const definitions = await Promise.all(providerNames.map(loadProvider));
  return new Map([
    ['docs/adapters/README.md', renderOverview(definitions.map(({ manifest }) => manifest))],
    ...definitions.map((one) => [`docs/adapters/${one.provider}.md`, renderPage(one)] as const),
  ]);
}

function renderOverview(manifests: readonly Manifest[]): string {
  const names = manifests.map(({ provider }) => `[${provider}](${provider}.md)`);
  return [
    '# Adapters',
    '',
    'What each provider does of what policies and people may ask for. *refused*: it is recorded as `unsupported`, and nothing is called.',
    'A *substitute* does something else that comes close; its page says what.',
    '',
    row(['action', 'rung', ...names]),
    row(['---', '---', ...names.map(() => '---')]),
    ...actionTypeNames.map((type) =>
      row([`\`${type}\``, String(actionTypes[type].rung), ...manifests.map((one) => support(one.actions[type]))]),
    ),
    '',
    'Commands about connections stand in [operating](../operating.md#connections). These pages are made from the manifests and from what stands',
    'in the folder of each provider, by `npm run docs`.',
    '',
  ].join('\n');
}

function support(capability: Capability | undefined): string {
  return capability === undefined ? 'refused' : capability.support === 'full' ? 'done' : 'substitute';
}

export function renderPage(
  { provider, manifest }: Pick<AdapterDefinition, 'provider' | 'manifest'>,
  written = readWritten(provider),
): string {
  const capabilities = Object.entries(manifest.actions) as [ActionType, Capability][];
  const substitutes = capabilities.filter(([, { support: how }]) => how === 'substitute');
  return [
    written.trimEnd(),
    '',
    '## Permissions',
    '',
    'For report-only, all that reading needs and nothing else (`rescind doctor --for report-only` is against more):',
    '',
    ...block(manifest.permissions.read),
    '',
    ...actingWith(manifest.permissions),
    '',
    '## Actions',
    '',
    row(['action', 'support', 'read back', 'undone by', 'what outlives it']),
    row(['---', '---', '---', '---', '---']),
    ...capabilities.map(([type, capability]) =>
      row([
        `\`${type}\``,
        support(capability),
        capability.readBack ? 'yes' : 'no',
        capability.inverse === 'none' ? '-' : `\`${capability.inverse}\``,
        capability.residual,
      ]),
    ),
    ...(substitutes.length === 0 ? [] : ['', ...substitutes.map(([type, { by = '' }]) => `\`${type}\` is done as: ${by}.`)]),
    '',
    `At most ${manifest.concurrency} calls at once to one connection.`,
    '',
  ].join('\n');
}

/** Its links lead from the provider's folder to the documentation, and are turned to lead from there. */
function readWritten(provider: string): string {
  return readFileSync(join(root, 'src/adapters', provider, 'README.md'), 'utf8').replaceAll('](../../../docs/', '](../');
}

/** What is already there for reading is not asked for again. */
function actingWith({ read, write }: Manifest['permissions']): readonly string[] {
  const more = write.filter((name) => !read.includes(name));
  if (more.length === 0) return ['The same acts too: there is no smaller one.'];
  return ['To act, these too; those of verbs that you never allow can stay away, and are recorded as refused:', '', ...block(more)];
}

/** One a line, to be pasted as it is. */
function block(names: readonly string[]): readonly string[] {
  return names.length === 0 ? ['None.'] : ['```text', ...names, '```'];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
