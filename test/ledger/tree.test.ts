import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyGrowth, type Growth, grow, hashSpans, loadGrowth, rootAt } from '../../src/ledger/growth.ts';
import { consistencySpans, inclusionSpans } from '../../src/ledger/spans.ts';
import type { TileRef, TileRow } from '../../src/ledger/tiles.ts';
import { leafHash, rootOf } from '../../src/ledger/tree.ts';
import { provesConsistency, provesInclusion } from '../../src/ledger/verifier/primitives.ts';

/** The definition of RFC 6962 section 2.1, word for word. */
function naiveRoot(entries: readonly Buffer[]): Buffer {
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0] as Buffer);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)));
}

/** Tiles in memory, grown in steps. */
function growTo(sizes: readonly number[], entryAt: (index: number) => string) {
  const tiles = new Map<string, TileRow>();
  const readTiles = async (refs: readonly TileRef[]) => refs.flatMap((ref) => tiles.get(`${ref.level}/${ref.tile}`) ?? []);
  let growth: Growth = emptyGrowth;
  for (const size of sizes) {
    const from = growth.range.size;
    const step = grow(
      growth,
      Array.from({ length: size - from }, (_, i) => leafHash(entryAt(from + i))),
    );
    growth = step.growth;
    for (const row of step.tiles) tiles.set(`${row.level}/${row.tile}`, row);
  }
  return { growth, tiles, readTiles };
}

/** The inputs and roots that Certificate Transparency implementations test with. */
const knownInputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const knownRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the Merkle tree (RFC 6962 section 2.1)', () => {
  it('has the roots that are known for eight entries and their beginnings', () => {
    // Entries are texts for us; these are bytes below 0x80 and so their own UTF-8.
    for (let size = 0; size <= 8; size++) {
      expect(naiveRoot(knownInputs.slice(0, size)).toString('hex')).toBe(knownRoots[size]);
      const { growth } = growTo([size], (i) => (knownInputs[i] as Buffer).toString('latin1'));
      expect(rootOf(growth.range).toString('hex')).toBe(knownRoots[size]);
    }
  });

  it('has the root of the naive recomputation at any size, however it grew, and is the same when loaded from its tiles', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }), async (steps) => {
        const sizes = steps.map((_, i) => steps.slice(0, i + 1).reduce((a, b) => a + b, 0));
        const size = sizes.at(-1) as number;
        const { growth, readTiles } = growTo(sizes, (i) => `entry ${i}`);
        const root = naiveRoot(Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`)));
        expect(rootOf(growth.range)).toEqual(root);
        const loaded = await loadGrowth(size, readTiles);
        expect(rootOf(loaded.range)).toEqual(root);
        expect(loaded.range.nodes.length).toBeLessThanOrEqual(64);
        expect(loaded.edges.map((edge) => edge.toString('hex'))).toEqual(growth.edges.map((edge) => edge.toString('hex')));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps full tiles of 256 hashes and one partial tile a level (C2SP tlog-tiles)', () => {
    const { tiles } = growTo([1, 300, 70_000], (i) => String(i));
    const widths = (level: number) => [...tiles.values()].filter((row) => row.level === level).map((row) => row.hashes.length / 32);
    expect(widths(0)).toHaveLength(274);
    expect(widths(0).filter((width) => width === 256)).toHaveLength(273);
    expect(tiles.get('0/273')?.hashes.length).toBe(112 * 32);
    expect(widths(1)).toEqual([256, 17]);
    expect(widths(2)).toEqual([1]);
  });

  it('proves each entry of each size, and no other entry, place or root (section 2.1.1)', async () => {
    const { readTiles } = growTo([530], (i) => `entry ${i}`);
    for (const size of [1, 2, 3, 7, 8, 255, 256, 257, 512, 530]) {
      const root = await rootAt(size, readTiles);
      for (const index of new Set([0, 1, Math.floor(size / 2), size - 2, size - 1])) {
        if (index < 0 || index >= size) continue;
        const path = await hashSpans(inclusionSpans(index, size), readTiles);
        const leaf = leafHash(`entry ${index}`);
        expect(provesInclusion(leaf, index, size, path, root)).toBe(true);
        expect(provesInclusion(leafHash('another'), index, size, path, root)).toBe(false);
        expect(provesInclusion(leaf, index + 1, size, path, root)).toBe(false);
        expect(provesInclusion(leaf, index, size, [...path, root], root)).toBe(false);
        if (path.length > 0) expect(provesInclusion(leaf, index, size, path.slice(1), root)).toBe(false);
        expect(provesInclusion(leaf, index, size, path, leafHash('root'))).toBe(false);
      }
    }
  });

  it('proves every beginning of a tree, and refuses altered proofs (section 2.1.2)', async () => {
    const { readTiles } = growTo([300], (i) => `entry ${i}`);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }), async (a, b) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const proof = await hashSpans(consistencySpans(from, to), readTiles);
        const fromRoot = await rootAt(from, readTiles);
        const toRoot = await rootAt(to, readTiles);
        expect(provesConsistency(from, fromRoot, to, toRoot, proof)).toBe(true);
        expect(provesConsistency(from, leafHash('x'), to, toRoot, proof)).toBe(false);
        expect(provesConsistency(from, fromRoot, to, toRoot, [...proof, toRoot])).toBe(false);
        for (let i = 0; i < proof.length; i++) {
          expect(provesConsistency(from, fromRoot, to, toRoot, proof.toSpliced(i, 1))).toBe(false);
          expect(provesConsistency(from, fromRoot, to, toRoot, proof.with(i, leafHash('x')))).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses hashes of another length and sizes that are none', () => {
    const hash = leafHash('a');
    expect(provesInclusion(hash.subarray(1), 0, 1, [], hash.subarray(1))).toBe(false);
    expect(provesInclusion(hash, 0, 0, [], hash)).toBe(false);
    expect(provesInclusion(hash, 0.5, 1, [], hash)).toBe(false);
    expect(provesInclusion(hash, 0, 2, [hash.subarray(1)], hash)).toBe(false);
    expect(provesConsistency(2, hash, 1, hash, [])).toBe(false);
    expect(provesConsistency(1, hash, 2, hash, [])).toBe(false);
    expect(provesConsistency(0, hash, 2, hash, [])).toBe(false);
  });

  it('says that the log is broken when a tile at the right edge is missing or short', async () => {
    const { tiles, readTiles } = growTo([300], (i) => `entry ${i}`);
    const row = tiles.get('0/1') as TileRow;
    tiles.set('0/1', { ...row, hashes: row.hashes.subarray(32) });
    await expect(loadGrowth(300, readTiles)).rejects.toMatchObject({ code: 'ledger.broken' });
    tiles.delete('0/1');
    await expect(loadGrowth(300, readTiles)).rejects.toMatchObject({ code: 'ledger.broken' });
    await expect(rootAt(300, readTiles)).rejects.toMatchObject({ code: 'ledger.broken' });
  });
});
