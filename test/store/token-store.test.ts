import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdMaker } from '../../src/model/ids.ts';
import { findToken, insertToken, listTokens, revokeToken } from '../../src/store/token-store.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const at = Date.UTC(2026, 4, 4, 10);
const ids = createIdMaker(systemRandom);
const sha256 = (secret: string) => createHash('sha256').update(secret).digest();
const make = (name: string, expiresAt: number | null = null) =>
  insertToken(database.store, {
    id: ids.next(at),
    name,
    roles: ['ingest'],
    types: ['impossible_travel'],
    createdAt: at,
    expiresAt,
    sha256: sha256(name),
  });

describe('API tokens', () => {
  it('are found by their hash until they expire or are revoked', async () => {
    await make('edr', at + 1000);
    expect(await findToken(database.store, sha256('edr'), at + 999)).toMatchObject({
      name: 'edr',
      roles: ['ingest'],
      types: ['impossible_travel'],
    });
    expect(await findToken(database.store, sha256('edr'), at + 1000)).toBeUndefined();
    expect(await findToken(database.store, sha256('edr '), at)).toBeUndefined();
    expect(await revokeToken(database.store, 'edr', at + 5)).toBe(true);
    expect(await revokeToken(database.store, 'edr', at + 6)).toBe(false);
    expect(await findToken(database.store, sha256('edr'), at + 7)).toBeUndefined();
    expect((await listTokens(database.store)).map(({ name, revokedAt }) => [name, revokedAt])).toEqual([['edr', at + 5]]);
  });

  it('have a name that is theirs while they count', async () => {
    await make('ci');
    await expect(make('ci')).rejects.toMatchObject({ code: 'conflict' });
  });

  it.each(['', ' ci', 'a'.repeat(64), 'ci\u0000', 'ci/../admin', '<b>'])('are refused under the name %j', async (name) => {
    await expect(make(name)).rejects.toMatchObject({ code: 'request.invalid' });
  });
});
