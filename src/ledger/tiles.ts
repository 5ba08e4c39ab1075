/** C2SP tlog-tiles: where a hash lies among tiles of 256, their paths, and the encoding of entry bundles. */
import type { Subtree } from './spans.ts';
import { hashBytes, perfectRoot } from './tree.ts';

export const tileWidth = 256;
const tileHeight = 8;

export interface TileRef {
  readonly level: number;
  readonly tile: number;
}

/** A tile as it is stored: all hashes it has by now, at most 256. The partial tile of width w is its first w hashes. */
export interface TileRow extends TileRef {
  readonly hashes: Buffer;
}

export type TilePath =
  | { readonly kind: 'hashes'; readonly level: number; readonly tile: number; readonly width: number }
  | { readonly kind: 'entries'; readonly tile: number; readonly width: number };

/** Hashes that a tree of `size` leaves has at a level: floor(size / 256^level). */
export function levelSize(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level);
}

/** The tile that holds the hashes below a subtree, and where in it. */
export function tileOf(subtree: Subtree): TileRef & { readonly offset: number; readonly count: number } {
  const level = Math.floor(subtree.height / tileHeight);
  const count = 2 ** (subtree.height % tileHeight);
  const first = subtree.index * count;
  return { level, tile: Math.floor(first / tileWidth), offset: first % tileWidth, count };
}

/** Hash of a subtree from the bytes of its tile; undefined where the tile is too short for it. */
export function subtreeHash(subtree: Subtree, hashes: Buffer): Buffer | undefined {
  const { offset, count } = tileOf(subtree);
  if (hashes.length < (offset + count) * hashBytes) return undefined;
  return perfectRoot(Array.from({ length: count }, (_, i) => hashes.subarray((offset + i) * hashBytes, (offset + i + 1) * hashBytes)));
}

/** `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`; a width of 256 has no suffix. */
export function formatTilePath(path: TilePath): string {
  const groups = String(path.tile)
    .padStart(Math.ceil(String(path.tile).length / 3) * 3, '0')
    .match(/\d{3}/g) as string[];
  const index = groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/');
  return `tile/${path.kind === 'entries' ? 'entries' : path.level}/${index}${path.width === tileWidth ? '' : `.p/${path.width}`}`;
}

const pathForm = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** Reads a path back; undefined for anything that C2SP does not allow, so that each tile has one name only. */
export function parseTilePath(text: string): TilePath | undefined {
  const match = pathForm.exec(text);
  if (!match) return undefined;
  const tile = Number((match[2] as string).replaceAll(/[x/]/g, ''));
  const width = match[3] === undefined ? tileWidth : Number(match[3]);
  const kind = match[1] as string;
  if (!Number.isSafeInteger(tile) || width > tileWidth || (match[3] !== undefined && width === tileWidth)) return undefined;
  if (kind !== 'entries' && Number(kind) > 63) return undefined;
  const path: TilePath = kind === 'entries' ? { kind: 'entries', tile, width } : { kind: 'hashes', level: Number(kind), tile, width };
  return formatTilePath(path) === text ? path : undefined;
}

/** Every tile and bundle that a tree of `size` consists of, full ones and the partial one at each level's right edge. */
export function* tilesOf(size: number): Generator<TilePath> {
  for (let tile = 0; tile * tileWidth < size; tile++) yield { kind: 'entries', tile, width: Math.min(tileWidth, size - tile * tileWidth) };
  for (let level = 0; levelSize(size, level) > 0; level++) {
    const count = levelSize(size, level);
    for (let tile = 0; tile * tileWidth < count; tile++)
      yield { kind: 'hashes', level, tile, width: Math.min(tileWidth, count - tile * tileWidth) };
  }
}

/** An entry bundle: each entry behind its length in two bytes, the high one first. */
export function encodeBundle(bodies: readonly string[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const bytes = Buffer.from(body, 'utf8');
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      return [length, bytes];
    }),
  );
}
