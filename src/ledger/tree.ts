/** The Merkle tree of RFC 6962 section 2.1: hashes, and the compact range, which is all that growing a tree needs to remember. */
import { hash } from 'node:crypto';

export const hashBytes = 32;

/** Root of the tree without leaves. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer');

export function leafHash(body: string): Buffer {
  return hash('sha256', `\0${body}`, 'buffer');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + 2 * hashBytes);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + hashBytes);
  return hash('sha256', bytes, 'buffer');
}

/** The roots of the perfect subtrees that make up a tree, widest first: one for each set bit of `size`, so at most 53. */
export interface CompactRange {
  readonly size: number;
  readonly nodes: readonly Buffer[];
}

export const emptyRange: CompactRange = { size: 0, nodes: [] };

/** Told of every node that becomes complete: of height 0 (leaves) and above, `index` counted among the nodes of its height. */
export type OnNode = (height: number, index: number, hash: Buffer) => void;

/** The range with the leaves added on the right; costs one hash a leaf. */
export function extendRange(range: CompactRange, leaves: readonly Buffer[], onNode: OnNode): CompactRange {
  const nodes = [...range.nodes];
  let size = range.size;
  for (const leaf of leaves) {
    let node = leaf;
    let index = size;
    let height = 0;
    onNode(height, index, node);
    while (index % 2 === 1) {
      node = nodeHash(nodes.pop() as Buffer, node);
      index = (index - 1) / 2;
      height += 1;
      onNode(height, index, node);
    }
    nodes.push(node);
    size += 1;
  }
  return { size, nodes };
}

export function rootOf(range: CompactRange): Buffer {
  return foldRight(range.nodes);
}

/** Root over subtrees that stand side by side, narrowest last. */
export function foldRight(nodes: readonly Buffer[]): Buffer {
  let root = nodes.at(-1);
  if (root === undefined) return emptyRoot;
  for (let i = nodes.length - 2; i >= 0; i--) root = nodeHash(nodes[i] as Buffer, root);
  return root;
}

/** Root of a perfect tree over `hashes`, whose number is a power of two. */
export function perfectRoot(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, i) => nodeHash(row[2 * i] as Buffer, row[2 * i + 1] as Buffer));
  return row[0] as Buffer;
}
