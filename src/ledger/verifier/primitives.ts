/**
 * What checking needs, written apart from what writing uses, so that one mistake cannot hide the other. Imports nothing but Node's
 * own crypto: the files of this folder run by themselves.
 */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

export const emptyTree: Buffer = createHash('sha256').digest();

/** RFC 6962 section 2.1: a leaf is hashed behind 0x00, an inner node behind 0x01. */
export function hashLeaf(entry: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(entry).digest();
}

export function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

export function sha256Text(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

export function hmacText(salt: Uint8Array, text: string): string {
  return createHmac('sha256', salt).update(text, 'utf8').digest('base64url');
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** RFC 9162 section 2.1.3.2. False for hashes that are not 32 bytes and for paths that are too short or too long. */
export function provesInclusion(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[], root: Uint8Array): boolean {
  if (![leaf, root, ...path].every((hash) => hash.length === 32) || !isCount(index) || !isCount(size) || index >= size) return false;
  let position = index;
  let last = size - 1;
  let hash: Buffer = Buffer.from(leaf);
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = hashChildren(sibling, hash);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashChildren(hash, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(hash, root);
}

/** RFC 9162 section 2.1.4.2; the empty tree is a beginning of every tree, proven by no hash at all. */
export function provesConsistency(
  from: number,
  fromRoot: Uint8Array,
  to: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (![fromRoot, toRoot, ...proof].every((hash) => hash.length === 32) || !isCount(from) || !isCount(to) || from > to) return false;
  if (from === to) return proof.length === 0 && sameBytes(fromRoot, toRoot);
  if (from === 0) return proof.length === 0 && sameBytes(fromRoot, emptyTree);
  const hashes = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof;
  const first = hashes[0];
  if (first === undefined) return false;
  let position = from - 1;
  let last = to - 1;
  while (position % 2 === 1) {
    position = (position - 1) / 2;
    last = Math.floor(last / 2);
  }
  let before: Buffer = Buffer.from(first);
  let after: Buffer = Buffer.from(first);
  for (const hash of hashes.slice(1)) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      before = hashChildren(hash, before);
      after = hashChildren(hash, after);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      after = hashChildren(after, hash);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(before, fromRoot) && sameBytes(after, toRoot);
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** A C2SP checkpoint under at least one of the keys (`name+hex+base64`); a text says what is wrong. */
export function readCheckpoint(note: string, verifierKeys: readonly string[]): Checkpoint | string {
  const keys = verifierKeys.map(readKey);
  const bad = keys.indexOf(undefined);
  if (bad >= 0) return `verifier key ${bad + 1} is malformed`;
  const end = note.lastIndexOf('\n\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: C2SP signed-note forbids all below U+0020 but the newline.
  if (end < 0 || !note.endsWith('\n') || /[\x00-\x09\x0b-\x1f]/.test(note)) return 'not a signed note';
  const text = note.slice(0, end + 1);
  let signatures = 0;
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const parts = line.split(' ');
    if (parts.length !== 3 || parts[0] !== '\u2014' || !parts[1] || !parts[2]) return 'a signature line is malformed';
    const bytes = strictBase64(parts[2]);
    if (bytes === undefined || bytes.length < 5) return 'a signature line is malformed';
    for (const key of keys) {
      if (key === undefined || key.name !== parts[1] || !sameBytes(key.id, bytes.subarray(0, 4))) continue;
      if (!verify(null, Buffer.from(text, 'utf8'), key.key, bytes.subarray(4))) return 'a signature is wrong';
      signatures += 1;
    }
  }
  if (signatures === 0) return 'no signature by a known key';
  const lines = text.split('\n');
  const root = strictBase64(lines[2] ?? '');
  if (lines.length !== 4 || !lines[0] || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1] ?? '') || root?.length !== 32) return 'not a checkpoint';
  return { origin: lines[0], size: Number(lines[1]), root };
}

function readKey(text: string) {
  const [name, id, encoded, ...more] = text.trim().split('+');
  // Base64 may hold plus signs itself.
  const bytes = strictBase64([encoded ?? '', ...more].join('+'));
  if (!name || !/^[0-9a-f]{8}$/.test(id ?? '') || bytes?.length !== 33 || bytes[0] !== 1) return undefined;
  const wanted = createHash('sha256').update(`${name}\n`).update(bytes).digest().subarray(0, 4);
  if (wanted.toString('hex') !== id) return undefined;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') }, format: 'jwk' });
  return { name, id: wanted, key };
}

/** Bytes of a base64 text that is written as it must be; undefined for any other. */
export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined;
}

/** The value of a text in RFC 8785 form; undefined for any other text, as one with a duplicate name or a number that is no integer. */
export function readCanonical(text: string, numbers: 'whole' | 'finite'): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return rewrite(value, numbers) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

function rewrite(value: unknown, numbers: 'whole' | 'finite'): string {
  if (typeof value === 'number' && numbers === 'whole' && !Number.isSafeInteger(value)) throw new Error('not whole');
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('lone surrogate');
  if (Array.isArray(value)) return `[${value.map((item) => rewrite(item, numbers)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, member]) => `${rewrite(name, numbers)}:${rewrite(member, numbers)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
