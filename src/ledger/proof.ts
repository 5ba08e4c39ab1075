/** The C2SP `.tlog-proof` text: index, inclusion proof and checkpoint of one entry, checkable offline. */
import { canonicalise } from './canonical.ts';
import type { Disclosure } from './seal.ts';

export interface ProofParts {
  readonly index: number;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
  /** The leaf and core as they were hashed; with a disclosure, the personal data that the leaf commits to. Not authenticated by itself. */
  readonly extra: { readonly body: string; readonly core: string; readonly disclosure?: Disclosure };
}

export function formatTlogProof({ index, path, checkpoint, extra }: ProofParts): string {
  const lines = [
    'c2sp.org/tlog-proof@v1',
    `extra ${Buffer.from(canonicalise({ ...extra }, 'whole'), 'utf8').toString('base64')}`,
    `index ${index}`,
    ...path.map((hash) => hash.toString('base64')),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}
