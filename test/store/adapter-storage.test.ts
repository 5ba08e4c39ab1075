import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AdapterStorage } from '../../src/adapters/contract.ts';
import type { Clock } from '../../src/model/clock.ts';
import { createAdapterStorage, sweepExpiredRecords } from '../../src/store/adapter-storage.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';

let database: TestDatabase;
let storage: AdapterStorage;
let now = 1_000_000;
const clock: Clock = { ...systemClock, now: () => now };

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  now = 1_000_000;
  await database.store.query('truncate adapter_record');
  storage = createAdapterStorage(database.store, 'sandbox', clock);
});

test('a record comes back as it was put, and a second put replaces it', async () => {
  const record = { value: { a: [1, 'x\0'] }, account: 'ann', grant: 'g', uid: 'u', expiresAt: now + 1 };
  expect(await storage.put('Session', 's', record)).toBe(true);
  expect(await storage.get('Session', 's')).toEqual(record);
  expect(await storage.put('Session', 's', { value: {} })).toBe(true);
  expect(await storage.get('Session', 's')).toEqual({ value: {} });
  expect(await storage.delete('Session', 's')).toBe(true);
  expect(await storage.delete('Session', 's')).toBe(false);
  expect(await storage.get('Session', 's')).toBeUndefined();
});

test('connections do not see each other', async () => {
  await storage.put('Session', 's', { value: {}, account: 'ann' });
  const other = createAdapterStorage(database.store, 'other', clock);
  expect(await other.get('Session', 's')).toBeUndefined();
  expect(await other.deleteBy(['Session'], 'account', 'ann')).toBe(0);
});

test('an expired record is absent before anybody swept it, and does not open a gate', async () => {
  await storage.put('Grant', 'g', { value: {}, account: 'ann', expiresAt: now + 10 });
  now += 10;
  expect(await storage.get('Grant', 'g')).toBeUndefined();
  expect(await storage.find('Grant', 'account', 'ann')).toEqual([]);
  expect(await storage.list('Grant', undefined, 10)).toEqual([]);
  expect(await storage.put('Token', 't', { value: {} }, { onlyIf: { kind: 'Grant', key: 'g' } })).toBe(false);
  expect(await sweepExpiredRecords(database.store, now)).toBe(1);
});

test('find gives the newest first by any index, list pages by key', async () => {
  for (const key of ['b', 'a', 'c']) {
    await storage.put('Session', key, { value: {}, account: 'ann', grant: 'g', uid: key });
    now += 1;
  }
  await storage.put('Session', 'b', { value: { again: true }, account: 'ann', grant: 'g', uid: 'b' });
  expect((await storage.find('Session', 'account', 'ann')).map((record) => record.key)).toEqual(['c', 'a', 'b']);
  expect((await storage.find('Session', 'grant', 'g')).length).toBe(3);
  expect((await storage.find('Session', 'uid', 'a')).map((record) => record.key)).toEqual(['a']);
  expect((await storage.list('Session', undefined, 2)).map((record) => record.key)).toEqual(['a', 'b']);
  expect((await storage.list('Session', 'b', 2)).map((record) => record.key)).toEqual(['c']);
});

test('deleting by index takes every record of the kinds named and no other', async () => {
  await storage.put('Session', 's', { value: {}, account: 'ann' });
  await storage.put('Token', 't', { value: {}, account: 'ann' });
  await storage.put('Person', 'p', { value: {}, account: 'ann' });
  await storage.put('Session', 'x', { value: {}, account: 'bob' });
  expect(await storage.deleteBy(['Session', 'Token'], 'account', 'ann')).toBe(2);
  expect(await storage.get('Person', 'p')).toBeDefined();
  expect(await storage.get('Session', 'x')).toBeDefined();
});

test('a put behind a gate is refused when the gate is gone', async () => {
  expect(await storage.put('Token', 't', { value: {} }, { onlyIf: { kind: 'Grant', key: 'g' } })).toBe(false);
  await storage.put('Grant', 'g', { value: {} });
  expect(await storage.put('Token', 't', { value: {} }, { onlyIf: { kind: 'Grant', key: 'g' } })).toBe(true);
});

test('attack: tokens saved while their grant is being revoked never outlive it', async () => {
  const puts = async (round: number) => {
    for (let n = 0; n < 15; n++) {
      await storage.put('Token', `t${round}-${n}`, { value: {}, account: 'ann' }, { onlyIf: { kind: 'Grant', key: `g${round}` } });
      await storage.put('Token', 'shared', { value: { n }, account: 'ann' }, { onlyIf: { kind: 'Grant', key: `g${round}` } });
    }
  };
  for (let round = 0; round < 10; round++) {
    await storage.put('Grant', `g${round}`, { value: {}, account: 'ann' });
    await Promise.all([puts(round), puts(round), storage.deleteBy(['Grant', 'Token'], 'account', 'ann')]);
    expect(await storage.find('Token', 'account', 'ann')).toEqual([]);
  }
});

test('attack: a name with NUL or half a surrogate pair is never found, and not put', async () => {
  for (const key of ['a\0b', '\ud800']) {
    expect(await storage.get('Token', key)).toBeUndefined();
    expect(await storage.find('Token', 'uid', key)).toEqual([]);
    expect(await storage.delete('Token', key)).toBe(false);
    expect(await storage.deleteBy(['Token'], 'uid', key)).toBe(0);
    await expect(storage.put('Token', key, { value: {} })).rejects.toMatchObject({ code: 'request.invalid' });
  }
});
