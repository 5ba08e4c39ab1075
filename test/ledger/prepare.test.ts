import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkCore } from '../../src/ledger/append.ts';
import { discloseEntry, prepareEntry } from '../../src/ledger/prepare.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { IdentityId } from '../../src/model/ids.ts';
import { ids, pauseEntry, personalEntry, startAt } from './support.ts';

const identityId = ids.next<IdentityId>(startAt);
const newKey = () => createSecretKey(randomBytes(32));

describe('an entry as it is stored', () => {
  it('has a leaf in canonical form with the hash of its core and nothing personal', () => {
    const key = newKey();
    const row = prepareEntry(personalEntry(identityId, { email: 'alice@example.com', score: 12.5 }), key, randomBytes);
    expect(JSON.stringify(JSON.parse(row.body))).toBe(row.body);
    expect(JSON.parse(row.body)).toMatchObject({ v: 1, t: 'pause.ended', id: row.id, ts: '2026-05-04T10:00:00.000Z' });
    expect(JSON.parse(row.body).core).toBe(createHash('sha256').update(row.core).digest('base64url'));
    expect(`${row.body}${row.core}${Buffer.from(row.sealed as Uint8Array).toString('latin1')}`).not.toContain('alice');
    expect(Buffer.byteLength(row.body)).toBeLessThan(400);
  });

  it('has a core that two entries of the same facts do not share, by its nonce of 16 bytes', () => {
    const [a, b] = [pauseEntry(), pauseEntry()].map((entry) => prepareEntry(entry, null, randomBytes));
    expect(a?.core).not.toBe(b?.core);
    expect(Buffer.from(JSON.parse(a?.core as string).nonce, 'base64url')).toHaveLength(16);
  });

  it('shows its personal data to the key of its owner, with the salt that proves the commitment', () => {
    const key = newKey();
    const row = prepareEntry(personalEntry(identityId, { b: 1, a: 'é' }), key, randomBytes);
    const disclosure = discloseEntry(row, key);
    expect(disclosure?.pii).toBe('{"a":"é","b":1}');
    const salt = Buffer.from(disclosure?.salt as string, 'base64url');
    expect(salt).toHaveLength(32);
    expect(JSON.parse(row.body).pii).toBe(
      createHmac('sha256', salt)
        .update(disclosure?.pii as string)
        .digest('base64url'),
    );
    expect(row).toMatchObject({ sealedFor: identityId, sealedBy: null });
  });

  it('opens with no other key, for no other entry, and with no byte changed', () => {
    const key = newKey();
    const row = prepareEntry(personalEntry(identityId, { a: 1 }), key, randomBytes);
    const sealed = row.sealed as Uint8Array;
    expect(discloseEntry(row, newKey())).toBeUndefined();
    expect(discloseEntry({ ...row, id: pauseEntry().id }, key)).toBeUndefined();
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed);
      changed[i] = (changed[i] as number) ^ 1;
      expect(discloseEntry({ id: row.id, sealed: changed }, key)).toBeUndefined();
    }
    expect(discloseEntry({ id: row.id, sealed: sealed.subarray(0, 20) }, key)).toBeUndefined();
  });

  it('names the entry that it amends, and the connection whose key seals it', () => {
    const first = pauseEntry();
    const entry: Entry = { ...pauseEntry(), previous: first.id, pii: { owner: { connection: 'okta-main' }, value: {} } };
    const row = prepareEntry(entry, newKey(), randomBytes);
    expect(JSON.stringify(JSON.parse(row.body))).toBe(row.body);
    expect(Object.keys(JSON.parse(row.body))).toEqual(['core', 'id', 'pii', 'prev', 't', 'ts', 'v']);
    expect(row).toMatchObject({ sealedFor: null, sealedBy: 'okta-main' });
  });

  it('refuses a core with a float, and personal data without a key', () => {
    const entry = { ...pauseEntry(), core: { pauseId: 'p', by: 1.5 } } as unknown as Entry;
    expect(() => prepareEntry(entry, null, randomBytes)).toThrow(expect.objectContaining({ code: 'ledger.notCanonical' }));
    expect(() => prepareEntry(personalEntry(identityId, {}), null, randomBytes)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('has a core that fits the schema of its type where it is written outside the settle batch', () => {
    expect(() => checkCore(pauseEntry())).not.toThrow();
    expect(() => checkCore({ ...pauseEntry(), core: { pauseId: 'p' } } as unknown as Entry)).toThrow('core of pause.ended: by');
  });
});
