/** The right edge of the log: what must be known to add leaves, read from at most one tile a level. */
import { AppError } from '../model/errors.ts';
import { subtreesOf } from './spans.ts';
import { levelSize, subtreeHash, type TileRef, type TileRow, tileOf, tileWidth } from './tiles.ts';
import { type CompactRange, emptyRange, extendRange, hashBytes, rootOf } from './tree.ts';

export interface Growth {
  readonly range: CompactRange;
  /** For each level the bytes of its last tile while that is not full. */
  readonly edges: readonly Buffer[];
}

export const emptyGrowth: Growth = { range: emptyRange, edges: [] };

export type ReadTiles = (refs: readonly TileRef[]) => Promise<readonly TileRow[]>;

/** The growth with the leaves added, and every tile that this changed, whole. */
export function grow(growth: Growth, leaves: readonly Buffer[]): { readonly growth: Growth; readonly tiles: readonly TileRow[] } {
  const fresh: Buffer[][] = [];
  const range = extendRange(growth.range, leaves, (height, _index, hash) => {
    if (height % 8 !== 0) return;
    const level = height / 8;
    const row = fresh[level];
    if (row) row.push(hash);
    else fresh[level] = [hash];
  });
  const edges = [...growth.edges];
  const tiles: TileRow[] = [];
  fresh.forEach((hashes, level) => {
    const before = edges[level] ?? Buffer.alloc(0);
    const bytes = Buffer.concat([before, ...hashes]);
    const tile = Math.floor(levelSize(growth.range.size, level) / tileWidth);
    const full = tileWidth * hashBytes;
    for (let at = 0; at < bytes.length; at += full) tiles.push({ level, tile: tile + at / full, hashes: bytes.subarray(at, at + full) });
    edges[level] = bytes.subarray(bytes.length - (bytes.length % full));
  });
  return { growth: { range, edges }, tiles };
}

/** Reads the right edge of a tree of `size`: one tile a level at most. Throws AppError `ledger.broken` where tiles are missing or short. */
export async function loadGrowth(size: number, readTiles: ReadTiles): Promise<Growth> {
  const refs: TileRef[] = [];
  for (let level = 0; levelSize(size, level) > 0; level++) {
    if (levelSize(size, level) % tileWidth > 0) refs.push({ level, tile: Math.floor(levelSize(size, level) / tileWidth) });
  }
  const rows = new Map((await readTiles(refs)).map((row) => [row.level, row.hashes]));
  const edges: Buffer[] = [];
  for (let level = 0; levelSize(size, level) > 0; level++) {
    const bytes = (levelSize(size, level) % tileWidth) * hashBytes;
    const hashes = bytes === 0 ? Buffer.alloc(0) : rows.get(level);
    if (hashes === undefined || hashes.length < bytes) throw new AppError('ledger.broken', `the last tile of level ${level} is not there`);
    edges[level] = hashes.subarray(0, bytes);
  }
  const nodes = subtreesOf({ from: 0, to: size }).map((subtree) => {
    const hash = subtreeHash(subtree, edges[tileOf(subtree).level] as Buffer);
    if (hash === undefined) throw new AppError('ledger.broken', 'a tile is too short');
    return hash;
  });
  return { range: { size, nodes }, edges };
}

/** Root that the tiles give to the first `size` leaves; throws AppError `ledger.broken` where a tile is missing. */
export async function rootAt(size: number, readTiles: ReadTiles): Promise<Buffer> {
  const [hash] = await hashSpans([{ from: 0, to: size }], readTiles);
  return hash ?? rootOf(emptyRange);
}

/** Hash of each span, from the tiles; throws AppError `ledger.broken` where one is missing. */
export async function hashSpans(spans: readonly { from: number; to: number }[], readTiles: ReadTiles): Promise<Buffer[]> {
  const subtrees = spans.map((span) => subtreesOf(span));
  const wanted = new Map<string, TileRef>();
  for (const subtree of subtrees.flat()) {
    const { level, tile } = tileOf(subtree);
    wanted.set(`${level}/${tile}`, { level, tile });
  }
  const rows = new Map((await readTiles([...wanted.values()])).map((row) => [`${row.level}/${row.tile}`, row.hashes]));
  return subtrees.map((list) =>
    rootOf({
      size: 0,
      nodes: list.map((subtree) => {
        const { level, tile } = tileOf(subtree);
        const hash = subtreeHash(subtree, rows.get(`${level}/${tile}`) ?? Buffer.alloc(0));
        if (hash === undefined) throw new AppError('ledger.broken', `tile ${level}/${tile} is missing or short`);
        return hash;
      }),
    }),
  );
}
