import { createCipheriv, randomBytes, sign, verify } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIdMaker, type IdentityId } from '../../src/model/ids.ts';
import { type Log, silentLog } from '../../src/model/log.ts';
import { createKeyBox } from '../../src/store/key-box.ts';
import { type Keyring, openKeyring } from '../../src/store/keyring.ts';
import { createRecent } from '../../src/store/recent.ts';
import { type WrapKeySource, wrapKeyFromFile, wrapKeyFromValue } from '../../src/store/wrap-key.ts';
import { createManualClock } from '../support/clock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const ids = createIdMaker(randomBytes);
const clock = createManualClock();
const wrap = () => wrapKeyFromValue(randomBytes(32).toString('base64'));
let database: TestDatabase;
let folder: string;
const opened: TestDatabase[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-keys-'));
});
beforeEach(async () => {
  database = await testDatabase();
  opened.push(database);
});
afterAll(async () => {
  for (const each of opened) await each.drop();
  await rm(folder, { recursive: true, force: true });
});

const openWith = (source: WrapKeySource): Promise<Keyring> =>
  openKeyring({ store: database.store, wrap: source, random: randomBytes, ids, clock });
const fileSource = (dir: string, log: Log = silentLog, quiet = true) => wrapKeyFromFile({ dir, random: randomBytes, log, quiet });

describe('the keyring', () => {
  it('gives several processes that start at once the same keys', async () => {
    const source = wrap();
    const rings = await Promise.all(Array.from({ length: 4 }, () => openWith(source)));
    const views = rings.map((ring) => [
      ring.signingKeys('ledger').map((key) => key.id),
      ring.secrets('cookie', 0).map((secret) => secret.toString('hex')),
      ring.ref('session', 's1'),
      ring.derive('sandbox').toString('hex'),
    ]);
    for (const view of views) expect(view).toEqual(views[0]);
    expect(rings[0]?.signingKeys('ledger')).toHaveLength(1);
    const { rows } = await database.store.query<{ purpose: string; count: number }>(
      'select purpose, count(*)::int as count from service_key group by purpose',
    );
    expect(rows.every((row) => row.count === 1)).toBe(true);
  });

  it('signs with a key whose public half is stored beside it', async () => {
    const [key] = (await openWith(wrap())).signingKeys('ledger');
    const signature = sign(null, Buffer.from('text'), key?.privateKey as never);
    const publicKey = { key: { kty: 'OKP', crv: 'Ed25519', x: key?.publicKey.toString('base64url') as string }, format: 'jwk' } as const;
    expect(verify(null, Buffer.from('text'), publicKey as never, signature)).toBe(true);
  });

  it('does not open with another wrapping key, and adds nothing to the database (keys.unusable)', async () => {
    await openWith(wrap());
    const before = await database.store.query('select count(*) from service_key');
    await expect(openWith(wrap())).rejects.toMatchObject({ code: 'keys.unusable' });
    expect((await database.store.query('select count(*) from service_key')).rows).toEqual(before.rows);
  });

  it('makes no new wrapping key beside keys that only the lost one opens (keys.unusable)', async () => {
    const dir = join(folder, 'lost');
    await openWith(fileSource(dir));
    await rm(dir, { recursive: true });
    await expect(openWith(fileSource(dir))).rejects.toMatchObject({ code: 'keys.unusable' });
    await expect(stat(join(dir, 'wrap'))).rejects.toThrow();
  });

  it('keeps a replaced key for as long as it overlaps, and for verifying ever after', async () => {
    const source = wrap();
    const ring = await openWith(source);
    const [old] = ring.signingKeys('ledger');
    const oldCookie = ring.secrets('cookie', 0)[0];
    const at = clock.now();
    const rotated = await database.store.transaction(async (tx) => {
      await ring.rotate(tx, 'cookie', at + 1, 1000);
      return ring.rotate(tx, 'ledger', at + 1, 1000);
    });
    expect(rotated).toMatchObject({ previous: old?.id });
    await ring.reload();
    expect(ring.signingKeys('ledger').map((key) => [key.id, key.retiredAt])).toEqual([
      [rotated.keyId, null],
      [old?.id, at + 1001],
    ]);
    expect(ring.secrets('cookie', at + 1000)[1]).toEqual(oldCookie);
    expect(ring.secrets('cookie', at + 1001)).toHaveLength(1);
    await expect(database.store.transaction((tx) => ring.rotate(tx, 'ref', at, 0))).rejects.toMatchObject({ code: 'conflict' });
    expect((await openWith(source)).signingKeys('ledger')).toHaveLength(2);
  });

  it('makes a key for each person once, which any process opens and erasing destroys', async () => {
    const source = wrap();
    const [ring, other] = [await openWith(source), await openWith(source)];
    const people = [ids.next<IdentityId>(1), ids.next<IdentityId>(2)];
    const [alice, bob] = people as [IdentityId, IdentityId];
    await database.store.transaction((tx) => ring.createPersonKeys(tx, people));
    const aliceKey = await ring.personKey(database.store, alice);
    await database.store.transaction((tx) => other.createPersonKeys(tx, people));
    expect((await other.personKey(database.store, alice))?.equals(aliceKey as never)).toBe(true);
    expect((await other.personKey(database.store, bob))?.equals(aliceKey as never)).toBe(false);
    expect(await database.store.transaction((tx) => other.erasePersonKey(tx, alice))).toBe(true);
    expect(await database.store.transaction((tx) => other.erasePersonKey(tx, alice))).toBe(false);
    expect(await ring.personKey(database.store, alice)).toBeUndefined();
    await expect(ring.keyOf(database.store, { identityId: alice })).rejects.toMatchObject({ code: 'conflict' });
  });

  it("opens no person's key under another person's name", async () => {
    const ring = await openWith(wrap());
    const [a, b] = [ids.next<IdentityId>(1), ids.next<IdentityId>(2)];
    await database.store.transaction((tx) => ring.createPersonKeys(tx, [a]));
    const { rows } = await database.store.query<{ wrapped: Buffer }>('select wrapped from person_key');
    const wrapped = rows[0]?.wrapped as Buffer;
    expect(ring.personKeyOf(a, wrapped)).toBe(ring.personKeyOf(a, Buffer.from(wrapped)));
    expect(() => ring.personKeyOf(b, wrapped)).toThrow(expect.objectContaining({ code: 'keys.unusable' }));
  });

  it('makes one key for a connection, however many ask first', async () => {
    const source = wrap();
    const rings = [await openWith(source), await openWith(source)];
    const keys = await Promise.all(
      rings.flatMap((ring) => [ring.connectionKey('okta-main'), ring.keyOf(database.store, { connection: 'okta-main' })]),
    );
    for (const key of keys) expect(key.equals(keys[0] as never)).toBe(true);
    expect((await rings[0]?.connectionKey('other'))?.equals(keys[0] as never)).toBe(false);
  });

  it('gives pseudonyms of 16 bytes that differ by kind and by deployment', async () => {
    const ring = await openWith(wrap());
    expect(ring.ref('session', 'a')).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(ring.ref('session', 'a')).toBe(ring.ref('session', 'a'));
    expect(ring.ref('session', 'a')).not.toBe(ring.ref('device', 'a'));
    expect(ring.derive('a', 16)).toHaveLength(16);
    expect(ring.derive('a')).not.toEqual(ring.derive('b'));
  });
});

describe('the wrapping key', () => {
  it('is made once in a file of mode 0600, also by processes that start at once', async () => {
    const dir = join(folder, 'made', 'keys');
    const keys = await Promise.all(Array.from({ length: 5 }, () => fileSource(dir).create()));
    for (const key of keys) expect(Buffer.from(key)).toEqual(Buffer.from(keys[0] as Uint8Array));
    expect((await stat(join(dir, 'wrap'))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(await readdir(dir)).toEqual(['wrap']);
  });

  it('warns that it lies beside the data unless told not to, and when others may read it', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (_fields, event) => void warnings.push(event) };
    const dir = join(folder, 'warned');
    await fileSource(dir, log, true).create();
    expect(warnings).toEqual([]);
    await chmod(join(dir, 'wrap'), 0o644);
    await fileSource(dir, log, false).read();
    expect(warnings).toEqual(['keys.wrapReadableByOthers', 'keys.wrapBesideData']);
  });

  it('is refused when the file or the value does not hold 32 bytes, without echoing it', async () => {
    const dir = join(folder, 'short');
    await fileSource(dir).create();
    await writeFile(join(dir, 'wrap'), 'hunter2');
    await expect(fileSource(dir).read()).rejects.toMatchObject({ code: 'keys.unusable' });
    expect(() => wrapKeyFromValue('hunter2')).toThrow(
      expect.objectContaining({ code: 'config.invalid', detail: expect.not.stringContaining('hunter2') }),
    );
    await rm(join(dir, 'wrap'));
    expect(await fileSource(dir).read()).toBeUndefined();
  });

  it('may be given in base64, base64url or hex', async () => {
    const key = randomBytes(32);
    for (const form of ['base64', 'base64url', 'hex'] as const) {
      expect(Buffer.from((await wrapKeyFromValue(` ${key.toString(form)}\n`).read()) as Uint8Array)).toEqual(key);
    }
  });

  it('is not in the database, nor is any key that it wraps', async () => {
    const dir = join(folder, 'apart');
    const ring = await openWith(fileSource(dir));
    const text = await readFile(join(dir, 'wrap'), 'utf8');
    const { rows } = await database.store.query<{ row: string }>('select row_to_json(k)::text as row from service_key k');
    const all = rows.map((each) => each.row).join();
    for (const secret of [Buffer.from(text, 'base64url'), ...ring.secrets('token', 0)]) expect(all).not.toContain(secret.toString('hex'));
  });
});

describe('a key box', () => {
  it('opens only unchanged bytes under the same label', () => {
    const box = createKeyBox(randomBytes(32), randomBytes);
    const wrapped = box.wrap('person a', Buffer.from('secret'));
    expect(box.unwrap('person a', wrapped).toString()).toBe('secret');
    expect(() => box.unwrap('person b', wrapped)).toThrow('the wrapping key does not open the key of person b');
    for (let i = 0; i < wrapped.length; i++) {
      const changed = Buffer.from(wrapped);
      changed[i] = (changed[i] as number) ^ 0x80;
      expect(() => box.unwrap('person a', changed)).toThrow(expect.objectContaining({ code: 'keys.unusable' }));
    }
    expect(() => box.unwrap('person a', wrapped.subarray(0, 20))).toThrow(expect.objectContaining({ code: 'keys.unusable' }));
  });

  it('does not encrypt with the wrapping key itself', () => {
    const root = randomBytes(32);
    const nonce = Buffer.alloc(12);
    const cipher = createCipheriv('aes-256-gcm', root, nonce);
    cipher.setAAD(Buffer.from('l'));
    const text = Buffer.concat([cipher.update('secret'), cipher.final()]);
    expect(
      createKeyBox(root, () => nonce)
        .wrap('l', Buffer.from('secret'))
        .subarray(13, 19),
    ).not.toEqual(text);
  });
});

describe('a memory of what was used last', () => {
  it('forgets what was not used for longest', () => {
    const recent = createRecent<string, number>(2);
    recent.set('a', 1);
    recent.set('b', 2);
    expect(recent.get('a')).toBe(1);
    recent.set('c', 3);
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3]);
    recent.delete('a');
    expect(recent.get('a')).toBeUndefined();
  });
});
