/** Where the demo organisation lives. */
import { join, resolve } from 'node:path';
import type { CommandContext } from './console.ts';

export function dataFolder({ env, workingDir }: Pick<CommandContext, 'env' | 'workingDir'>): string {
  return resolve(workingDir, env['RESCIND_DATA_DIR'] || '.rescind');
}

export function demoFolder(context: Pick<CommandContext, 'env' | 'workingDir'>): string {
  return join(dataFolder(context), 'demo');
}
