import { createPrivateKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../src/ledger/checkpoint.ts';
import { formatVerifierKey, keyIdOf, openNote, parseVerifierKey, signNote } from '../../src/ledger/note.ts';
import { encodeBundle, formatTilePath, parseTilePath, tilesOf } from '../../src/ledger/tiles.ts';
import { leafHash } from '../../src/ledger/tree.ts';
import { readCheckpoint } from '../../src/ledger/verifier/primitives.ts';
import { createSigner, origin } from './support.ts';

/** The example of C2SP signed-note and the key that made it. */
const example = `Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`;

describe('signed notes (C2SP signed-note)', () => {
  it('splits the example of the specification at its last empty line and finds no known key in it', () => {
    expect(openNote(example, [])).toEqual({ ok: false, fault: 'not signed by a known key' });
    expect(openNote(example, [createSigner('quasimodo.example/salvatore')])).toEqual({ ok: false, fault: 'not signed by a known key' });
  });

  it('makes the verifier key and signature that Go makes for the key of its own documentation', () => {
    const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    const key = parseVerifierKey(vkey);
    expect(key?.name).toBe('PeterNeumann');
    expect(key && formatVerifierKey(key)).toBe(vkey);
    const note =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    expect(openNote(note, key ? [key] : [])).toMatchObject({ ok: true, text: note.slice(0, note.indexOf('\n\n') + 1) });
    const seed = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'.slice(0), 'base64').subarray(1);
    const privateKey = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    });
    expect(signNote(note.slice(0, note.indexOf('\n\n') + 1), [{ ...(key as { name: string; publicKey: Uint8Array }), privateKey }])).toBe(
      note,
    );
  });

  it('needs one known key and tolerates unknown ones, at least sixteen of them', () => {
    const ours = createSigner();
    const note = signNote('text\n', [...Array.from({ length: 20 }, (_, i) => createSigner(`witness${i}.example`)), ours]);
    expect(openNote(note, [ours])).toMatchObject({ ok: true, text: 'text\n' });
    expect(openNote(note, [createSigner()])).toMatchObject({ ok: false });
  });

  it('refuses the whole note when the signature of a known key fails, even beside a good one', () => {
    const [a, b] = [createSigner('a.example'), createSigner('b.example')];
    const good = signNote('text\n', [a, b]);
    const forged = good.replace(/(— b\.example \S{20})(.)/, (_, head: string, char: string) => `${head}${char === 'A' ? 'B' : 'A'}`);
    expect(openNote(forged, [a, b])).toEqual({ ok: false, fault: 'a signature does not fit' });
    expect(openNote(good.replace('text', 'tEXT'), [a])).toMatchObject({ ok: false });
  });

  it('refuses control characters, names with spaces or plus, and texts without a final newline', () => {
    const signer = createSigner();
    expect(() => signNote('a\tb\n', [signer])).toThrow('not the text of a note');
    expect(() => signNote('a', [signer])).toThrow('not the text of a note');
    expect(() => signNote('a\n', [{ ...signer, name: 'a b' }])).toThrow('not the name of a note key');
    expect(() => signNote('a\n', [{ ...signer, name: 'a+b' }])).toThrow('not the name of a note key');
    expect(openNote('no signature\n', [signer])).toMatchObject({ ok: false });
    expect(openNote(signNote('a\n', [signer]).replace('a\n', 'a\r\n'), [signer])).toMatchObject({ ok: false });
  });

  it('refuses a verifier key whose id is not that of its key', () => {
    const vkey = formatVerifierKey(createSigner());
    expect(parseVerifierKey(vkey)).toBeDefined();
    expect(parseVerifierKey(vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeUndefined();
    expect(parseVerifierKey(vkey.slice(0, -4))).toBeUndefined();
    expect(parseVerifierKey('')).toBeUndefined();
  });

  it('has key ids of four bytes that differ by name', () => {
    const signer = createSigner();
    expect(keyIdOf(signer)).toHaveLength(4);
    expect(keyIdOf(signer)).not.toEqual(keyIdOf({ ...signer, name: 'another' }));
  });
});

describe('checkpoints (C2SP tlog-checkpoint)', () => {
  const root = leafHash('root');
  it('are read back by the writer and by the checker with the same meaning', () => {
    const signer = createSigner();
    const text = signCheckpoint(origin, { size: 20_852_163, root }, [signer]);
    expect(text.split('\n').slice(0, 4)).toEqual([origin, '20852163', root.toString('base64'), '']);
    expect(openCheckpoint(text, origin, [signer])).toEqual({ ok: true, origin, head: { size: 20_852_163, root } });
    expect(readCheckpoint(text, [formatVerifierKey(signer)])).toEqual({ origin, size: 20_852_163, root });
  });

  it('carry one signature for each active key, so that either verifies while keys overlap', () => {
    const [old, fresh] = [createSigner(), createSigner()];
    const text = signCheckpoint(origin, { size: 1, root }, [fresh, old]);
    for (const key of [old, fresh]) expect(typeof readCheckpoint(text, [formatVerifierKey(key)])).toBe('object');
  });

  it.each([
    ['a size with a leading zero', `${origin}\n01\n${root.toString('base64')}\n`],
    ['a root of another length', `${origin}\n1\n${root.subarray(1).toString('base64')}\n`],
    ['an extension line', `${origin}\n1\n${root.toString('base64')}\nextra\n`],
    ['no root', `${origin}\n1\n`],
  ])('are refused with %s, by the writer and by the checker', (_name, text) => {
    const signer = createSigner();
    const note = signNote(text, [signer]);
    expect(openCheckpoint(note, origin, [signer]).ok).toBe(false);
    expect(typeof readCheckpoint(note, [formatVerifierKey(signer)])).toBe('string');
  });

  it('are refused when they are of another log', () => {
    const signer = createSigner();
    expect(openCheckpoint(signCheckpoint('other.example/log', { size: 1, root }, [signer]), origin, [signer])).toMatchObject({ ok: false });
  });
});

describe('tile paths and bundles (C2SP tlog-tiles)', () => {
  it('writes indexes in groups of three digits, all but the last behind an x', () => {
    expect(formatTilePath({ kind: 'hashes', level: 0, tile: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(formatTilePath({ kind: 'entries', tile: 5, width: 7 })).toBe('tile/entries/005.p/7');
  });

  it('reads back every path that it writes', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 256 }), (level, tile, width) => {
        expect(parseTilePath(formatTilePath({ kind: 'hashes', level, tile, width }))).toEqual({ kind: 'hashes', level, tile, width });
        expect(parseTilePath(formatTilePath({ kind: 'entries', tile, width }))).toEqual({ kind: 'entries', tile, width });
      }),
    );
  });

  it.each([
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/../000',
    'tile/entries/',
    '/tile/0/000',
    'tile/0/000/',
  ])('refuses %s, so that a tile has one name only', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('lists the tiles of a tree as the specification counts them for 70,000 entries', () => {
    const paths = [...tilesOf(70_000)].map(formatTilePath);
    expect(paths.filter((path) => path.startsWith('tile/0/'))).toHaveLength(274);
    expect(paths).toContain('tile/0/273.p/112');
    expect(paths).toContain('tile/1/000');
    expect(paths).toContain('tile/1/001.p/17');
    expect(paths).toContain('tile/2/000.p/1');
    expect(paths.filter((path) => path.startsWith('tile/entries/'))).toHaveLength(274);
  });

  it('puts the length of an entry before it, high byte first', () => {
    const long = randomBytes(200).toString('hex');
    expect(encodeBundle(['é', long])).toEqual(Buffer.concat([Buffer.of(0, 2), Buffer.from('é'), Buffer.of(1, 144), Buffer.from(long)]));
  });
});
