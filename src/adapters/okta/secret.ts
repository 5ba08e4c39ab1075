/** A secret of the configuration. One that lies in a file may be replaced there while we run. */
import { readFile } from 'node:fs/promises';
import { AppError } from '../../model/errors.ts';
import type { OktaSecret } from './settings.ts';

export interface SecretSource {
  /** Rejects with `AppError` `adapter.misconfigured` where the file cannot be read; the message names the file and nothing of what is in it. */
  read(): Promise<string>;
  /** Reads the file anew. True where it holds something else than before; a secret that stands in the configuration never changes. */
  renew(): Promise<boolean>;
}

export function secretSource(given: OktaSecret): SecretSource {
  if (typeof given === 'string') return { read: async () => given, renew: async () => false };
  let known: string | undefined;
  const load = async () => {
    const text = await readFile(given.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new AppError('adapter.misconfigured', `${given.file} cannot be read: ${error.code ?? 'failed'}`);
    });
    if (text.trim() === '') throw new AppError('adapter.misconfigured', `${given.file} is empty`);
    return text.trim();
  };
  return {
    async read() {
      known ??= await load();
      return known;
    },
    async renew() {
      const before = known;
      known = await load();
      return before !== known;
    },
  };
}
