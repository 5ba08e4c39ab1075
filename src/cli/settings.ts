/** Finds and reads the configuration for commands that need one. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { providerSchemas } from '../app.ts';
import { AppError } from '../model/errors.ts';
import { readSettings, type Settings } from '../settings/index.ts';
import { CommandError } from './client.ts';
import type { CommandContext } from './console.ts';

/** `RESCIND_CONFIG`, else `rescind.yaml` in the working folder; `undefined` where neither is there. */
export function findConfiguration({
  env,
  workingDir,
}: Pick<CommandContext, 'env' | 'workingDir'>): { readonly path: string; readonly text: string } | undefined {
  const named = env['RESCIND_CONFIG'];
  const path = resolve(workingDir, named || 'rescind.yaml');
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new CommandError(`the configuration ${path} cannot be read`);
    if (named) throw new CommandError(`RESCIND_CONFIG names ${path}, and there is no such file`);
    return undefined;
  }
}

/** Throws AppError `config.invalid` with every fault. */
export async function parseConfiguration(
  file: { readonly path: string; readonly text: string },
  context: Pick<CommandContext, 'env' | 'workingDir'>,
): Promise<Settings> {
  const read = readSettings({
    text: file.text,
    file: file.path,
    env: context.env,
    readFile: (path) => readFileSync(resolve(context.workingDir, path), 'utf8'),
    providers: await providerSchemas(),
  });
  if (!read.ok) throw new AppError('config.invalid', `${read.faults.length} faults in ${file.path}`, { faults: read.faults });
  return read.value;
}

/** The configuration that `serve` and commands on the data need; there must be one. */
export async function requireConfiguration(context: Pick<CommandContext, 'env' | 'workingDir'>): Promise<Settings> {
  const file = findConfiguration(context);
  if (file === undefined) throw new CommandError('there is no rescind.yaml here: `rescind init` writes one, or set RESCIND_CONFIG');
  return parseConfiguration(file, context);
}
