import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../src/ledger/checkpoint.ts';
import { emptyGrowth, grow } from '../../src/ledger/growth.ts';
import { formatVerifierKey } from '../../src/ledger/note.ts';
import { prepareEntry } from '../../src/ledger/prepare.ts';
import { encodeBundle, formatTilePath, tilesOf } from '../../src/ledger/tiles.ts';
import { leafHash, rootOf } from '../../src/ledger/tree.ts';
import { openLogFolder } from '../../src/ledger/verifier/folder.ts';
import { type LogVerdict, verifyLedger } from '../../src/ledger/verifier/verify.ts';
import { createSigner, origin, pauseEntry } from './support.ts';

const signer = createSigner();
const verifierKeys = [formatVerifierKey(signer)];

/** A log as files, made without a database. */
function makeLog(rows: readonly { body: string; core: string }[]): Map<string, Buffer> {
  const { growth, tiles } = grow(
    emptyGrowth,
    rows.map((row) => leafHash(row.body)),
  );
  const files = new Map<string, Buffer>();
  for (const path of tilesOf(rows.length)) {
    const bytes =
      path.kind === 'entries'
        ? encodeBundle(rows.slice(path.tile * 256, path.tile * 256 + path.width).map((row) => row.body))
        : (tiles.find((row) => row.level === path.level && row.tile === path.tile)?.hashes as Buffer);
    files.set(formatTilePath(path), bytes);
  }
  files.set('records/0.jsonl', Buffer.from(rows.map((row, index) => `${JSON.stringify({ index, core: row.core })}\n`).join('')));
  files.set('checkpoint', Buffer.from(signCheckpoint(origin, { size: rows.length, root: rootOf(growth.range) }, [signer])));
  return files;
}

const rows = Array.from({ length: 300 }, (_, i) => prepareEntry(pauseEntry(`admin ${i}`), null, randomBytes));
const files = makeLog(rows);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-log-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function verifyFiles(
  changes: ReadonlyMap<string, Buffer | null> = new Map(),
  options: { kept?: string; origin?: string } = {},
): Promise<LogVerdict> {
  const all = new Map<string, Buffer | null>([...files, ...changes]);
  return verifyLedger(
    {
      read: async (path) => all.get(path) ?? undefined,
      records: async (first, count) =>
        (all.get('records/0.jsonl')?.toString('utf8') ?? '')
          .split('\n')
          .flatMap((line) => {
            try {
              return [JSON.parse(line)];
            } catch {
              return [];
            }
          })
          .filter((record) => typeof record.core === 'string' && record.index >= first && record.index < first + count),
    },
    { verifierKeys, ...options },
  );
}

describe('the checker', () => {
  it('finds a whole log whole', async () => {
    expect(await verifyFiles()).toEqual({ ok: true, origin, size: 300, root: expect.any(String), records: 300, disclosed: 0, faults: [] });
  });

  it('reads an exported folder, with and without its records', async () => {
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    expect(await verifyLedger(await openLogFolder(folder), { verifierKeys })).toMatchObject({ ok: true, size: 300, records: 300 });
    await rm(join(folder, 'records'), { recursive: true });
    expect(await verifyLedger(await openLogFolder(folder), { verifierKeys })).toMatchObject({ ok: true, size: 300, records: 0 });
    await rm(join(folder, 'tile/entries/000'));
    expect(await verifyLedger(await openLogFolder(folder), { verifierKeys })).toMatchObject({ ok: false });
  });

  it('finds every changed byte of every file', async () => {
    for (const [path, bytes] of files) {
      // Each byte of the checkpoint, a spread of the others.
      const step = path === 'checkpoint' ? 1 : Math.ceil(bytes.length / 25);
      for (let at = 0; at < bytes.length; at += step) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ 1;
        const verdict = await verifyFiles(new Map([[path, changed]]));
        expect(verdict.ok, `${path} byte ${at}`).toBe(false);
      }
    }
  }, 60_000);

  it('finds any file that is missing', async () => {
    for (const path of files.keys()) expect((await verifyFiles(new Map([[path, null]]))).ok, path).toBe(false);
  });

  it('finds a middle entry that was taken out, even where the rest was put together again', async () => {
    const without = makeLog(rows.toSpliced(150, 1));
    // Whoever has no key can only keep the old checkpoint.
    without.set('checkpoint', files.get('checkpoint') as Buffer);
    expect((await verifyFiles(without)).ok).toBe(false);
    const records = (files.get('records/0.jsonl') as Buffer).toString('utf8').split('\n').toSpliced(150, 1).join('\n');
    expect(await verifyFiles(new Map([['records/0.jsonl', Buffer.from(records)]]))).toMatchObject({
      ok: false,
      faults: [{ kind: 'record', index: 150 }],
    });
  });

  it('finds a tail that was cut off, and a history that was written anew, by a checkpoint kept from earlier', async () => {
    const kept = (files.get('checkpoint') as Buffer).toString('utf8');
    const cut = makeLog(rows.slice(0, 250));
    const drop = new Map([...files.keys()].filter((path) => !cut.has(path)).map((path) => [path, null]));
    const shorter = new Map<string, Buffer | null>([...drop, ...cut]);
    expect(await verifyFiles(shorter)).toMatchObject({ ok: true, size: 250 });
    expect(await verifyFiles(shorter, { kept })).toMatchObject({ ok: false, faults: [{ kind: 'kept' }] });

    const early = (makeLog(rows.slice(0, 100)).get('checkpoint') as Buffer).toString('utf8');
    expect(await verifyFiles(new Map(), { kept: early })).toMatchObject({ ok: true });
    const rewritten = makeLog(rows.with(50, prepareEntry(pauseEntry('somebody else'), null, randomBytes)));
    expect(await verifyFiles(rewritten)).toMatchObject({ ok: true });
    expect(await verifyFiles(rewritten, { kept: early })).toMatchObject({ ok: false, faults: [{ kind: 'kept' }] });
    expect(await verifyFiles(new Map(), { kept: early.replace('100', '101') })).toMatchObject({ ok: false, faults: [{ kind: 'kept' }] });
  });

  it('finds a core that is not what was hashed, and an entry that is no envelope', async () => {
    const records = (files.get('records/0.jsonl') as Buffer).toString('utf8').replace('admin 77', 'admin 78');
    expect(await verifyFiles(new Map([['records/0.jsonl', Buffer.from(records)]]))).toMatchObject({
      ok: false,
      faults: [{ kind: 'core', index: 77 }],
    });
    for (const body of ['{}', rows[0]?.body.replace('"v":1', '"v":2'), `${rows[0]?.body} `, rows[0]?.body.replace('{', '{"a":1,')]) {
      const odd = makeLog([{ body: body as string, core: rows[0]?.core as string }]);
      const drop = new Map([...files.keys()].filter((path) => !odd.has(path)).map((path) => [path, null]));
      const verdict = await verifyFiles(new Map<string, Buffer | null>([...drop, ...odd]));
      expect(verdict.faults, body).toContainEqual({ kind: 'entry', index: 0, detail: expect.any(String) });
    }
  });

  it('takes no key but the given ones, and no other log', async () => {
    const other = [formatVerifierKey(createSigner())];
    expect(await verifyLedger({ read: async (path) => files.get(path) }, { verifierKeys: other })).toMatchObject({
      ok: false,
      size: 0,
      root: null,
    });
    expect(await verifyLedger({ read: async (path) => files.get(path) }, { verifierKeys: ['nonsense'] })).toMatchObject({ ok: false });
    expect(await verifyFiles(new Map(), { origin: 'other.example/log' })).toMatchObject({ ok: false });
    expect(await verifyLedger({ read: async () => undefined }, { verifierKeys })).toMatchObject({
      ok: false,
      faults: [{ kind: 'checkpoint' }],
    });
  });

  it('shares no code with the writer: it imports nothing but Node and its own folder', () => {
    for (const name of ['verify.ts', 'primitives.ts', 'folder.ts']) {
      const text = readFileSync(new URL(`../../src/ledger/verifier/${name}`, import.meta.url), 'utf8');
      const imports = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] as string);
      expect(imports.length).toBeGreaterThan(0);
      for (const each of imports) expect(each).toMatch(/^(node:|\.\/[a-z]+\.ts$)/);
    }
  });
});
