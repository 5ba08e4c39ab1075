/** Reads the policy folder into the files of a bundle. */
import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';

/** Editors write a file in several steps. */
const settleMs = 300;

/** Every YAML file below the folder by its path with forward slashes; long scenarios under `tests/` are not part of what is judged by. */
export async function readPolicyFolder(folder: string): Promise<ReadonlyMap<string, string>> {
  let entries: { readonly name: string; readonly parentPath: string; isFile(): boolean }[];
  try {
    entries = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    throw new AppError('policies.invalid', `the policy folder ${folder} cannot be read`, { cause: error });
  }
  const files = new Map<string, string>();
  for (const entry of entries) {
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (entry.isFile() && /\.ya?ml$/.test(path) && !path.startsWith('tests/')) files.set(path, await readFile(join(folder, path), 'utf8'));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Calls `changed` once the folder has been still for a moment after a change. `persistent`: watching keeps the process alive. */
export function watchPolicyFolder(
  folder: string,
  clock: Clock,
  changed: () => void,
  failed: (error: unknown) => void,
  { persistent = false } = {},
): { stop(): void } {
  let timer: { cancel(): void } | undefined;
  const watcher = watch(folder, { recursive: true, persistent }, () => {
    timer?.cancel();
    timer = clock.after(settleMs, changed);
  });
  watcher.on('error', failed);
  return {
    stop() {
      timer?.cancel();
      watcher.close();
    },
  };
}
