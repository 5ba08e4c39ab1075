/** Reads the whole decision log of a running service and hands it to the verifier. */
import { verifyLedger } from '../ledger/verifier/verify.ts';
import { type Client, CommandError } from './client.ts';
import { type Console, createProgress } from './console.ts';

export interface ServiceVerdict {
  readonly verified: boolean;
  readonly treeSize: number;
  readonly root: string | null;
  readonly key: string;
  readonly faults: readonly string[];
}

export async function verifyService(
  client: Client,
  options: { readonly key?: string; readonly kept?: string },
  console: Console,
): Promise<ServiceVerdict> {
  const keys = options.key === undefined ? (await client.get<{ items: string[] }>('/api/v1/ledger/keys')).items : [options.key];
  const progress = createProgress(console);
  let read = 0;
  const source = {
    async read(path: string): Promise<Uint8Array | undefined> {
      progress.step(`reading the log: ${++read} files`);
      try {
        return await client.bytes(`/api/v1/ledger/${path}`);
      } catch (error) {
        if (error instanceof CommandError && error.exitCode === 1) return undefined;
        throw error;
      }
    },
  };
  const verdict = await verifyLedger(source, { verifierKeys: keys, ...(options.kept === undefined ? {} : { kept: options.kept }) });
  progress.done();
  return {
    verified: verdict.ok,
    treeSize: verdict.size,
    root: verdict.root,
    key: keys[0] ?? '',
    faults: verdict.faults.map((fault) => `${fault.index === null ? '' : `entry ${fault.index}: `}${fault.detail}`),
  };
}
