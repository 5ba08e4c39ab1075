/** The policy folder of a command, and what the configuration beside it says of connections. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readPolicyFolder } from '../../app/policy-folder.ts';
import { loadProvider, providerNames } from '../../app/providers.ts';
import { type CompiledBundle, compileBundle } from '../../engine/bundle.ts';
import type { Configured, Offer, PolicyFiles } from '../../policy/index.ts';
import { outlineSettings } from '../../settings/index.ts';
import type { CommandContext } from '../console.ts';
import { findConfiguration } from '../settings.ts';

export interface FolderOptions {
  readonly folder?: string;
  readonly json?: boolean;
}

export function findFolder({ folder }: FolderOptions, context: Pick<CommandContext, 'workingDir' | 'programDir'>): string {
  return folder === undefined ? defaultFolder(context) : resolve(context.workingDir, folder);
}

function defaultFolder({ workingDir, programDir }: Pick<CommandContext, 'workingDir' | 'programDir'>): string {
  const own = resolve(workingDir, 'policies');
  return existsSync(own) ? own : join(programDir, 'policies');
}

export interface Surroundings {
  readonly configured: Configured;
  readonly offers: readonly Offer[];
  /** Ids of connections and transmitters. */
  readonly connections: ReadonlySet<string>;
  /** Guard profiles that hold real people. */
  readonly profiles: readonly ('standard' | 'small')[];
  /** How many people the configuration names itself. */
  readonly people: number;
}

/** Of the configuration at hand, read without its secrets; `undefined` where there is none or it is no YAML. */
export async function readSurroundings(context: Pick<CommandContext, 'env' | 'workingDir'>): Promise<Surroundings | undefined> {
  const file = findConfiguration(context);
  const outline = file && outlineSettings(file.text);
  if (outline === undefined) return undefined;
  const offers = await Promise.all(outline.connections.map(({ id, provider }) => offerOf(id, provider)));
  return {
    offers,
    profiles: (['standard', 'small'] as const).filter(
      (name) => outline.profiles.includes(name) || (name === 'standard' && !outline.profiles.includes('small')),
    ),
    people: outline.people,
    connections: new Set([...outline.connections.map(({ id }) => id), ...outline.transmitters]),
    configured: {
      offered: new Set(offers.flatMap(({ actions }) => Object.keys(actions))),
      operatorGroups: new Set(outline.operatorGroups),
    },
  };
}

/** What each provider could do, where nobody has said which are connected. */
export async function everyProvider(): Promise<readonly Offer[]> {
  return Promise.all(providerNames.map((name) => offerOf(name, name)));
}

/** A provider that this version does not have offers nothing. */
async function offerOf(connection: string, provider: string): Promise<Offer> {
  const actions = providerNames.includes(provider) ? (await loadProvider(provider)).manifest.actions : {};
  return { connection, actions };
}

export async function compileFolder(
  folder: string,
  names: Parameters<typeof compileBundle>[1] = {},
): Promise<{ readonly files: PolicyFiles; readonly compiled: CompiledBundle }> {
  const files = await readPolicyFolder(folder);
  return { files, compiled: compileBundle(files, names) };
}
