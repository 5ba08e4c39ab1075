/** The sandbox's records: what is saved only while what it hangs on lives. */
import { describe, expect, test } from 'vitest';
import { kinds } from '../../src/adapters/sandbox/kinds.ts';
import { createModelStore } from '../../src/adapters/sandbox/model-store.ts';
import { createMemoryStorage } from '../fakes/memory-storage.ts';
import { createManualClock } from '../support/clock.ts';

function open() {
  const clock = createManualClock();
  const storage = createMemoryStorage(clock);
  return { clock, storage, of: (name: string) => createModelStore(name, storage, clock) };
}

describe('the model store', () => {
  test('a session without a sign-in is not saved, so a save that comes after the end brings nothing back', async () => {
    const { storage, of } = open();
    const session = { accountId: 'alice', uid: 'u1', exp: 1 };
    await of('Session').upsert('s1', session, 60);
    expect(await of('Session').find('s1')).toBeUndefined();
    await storage.put(kinds.signIn, 'u1', { value: { account: 'alice', deviceId: 'd', begunAt: 1 }, account: 'alice', uid: 'u1' });
    await of('Session').upsert('s1', session, 60);
    expect(await of('Session').find('s1')).toMatchObject({ uid: 'u1' });
    await storage.deleteBy(['Session', kinds.signIn], 'uid', 'u1');
    await of('Session').upsert('s2', session, 60);
    expect(await of('Session').find('s2')).toBeUndefined();
    expect(await of('Session').findByUid('u1')).toBeUndefined();
  });

  test('a session does not outlive its sign-in, however often it is saved', async () => {
    const { clock, storage, of } = open();
    const expiresAt = clock.now() + 1_000;
    await storage.put(kinds.signIn, 'u1', {
      value: { account: 'alice', deviceId: 'd', begunAt: 1 },
      account: 'alice',
      uid: 'u1',
      expiresAt,
    });
    await of('Session').upsert('s1', { accountId: 'alice', uid: 'u1' }, 60);
    expect(await of('Session').find('s1')).toBeDefined();
    await clock.advance(1_001);
    expect(await of('Session').find('s1')).toBeUndefined();
    await of('Session').upsert('s1', { accountId: 'alice', uid: 'u1' }, 60);
    expect(await of('Session').find('s1')).toBeUndefined();
  });

  test.each([
    ['AccessToken', 'invalid_grant'],
    ['RefreshToken', 'invalid_grant'],
    ['AuthorizationCode', 'access_denied'],
  ])('%s is refused when its grant is gone', async (name, error) => {
    const { storage, of } = open();
    const payload = { accountId: 'alice', grantId: 'g1' };
    await expect(of(name).upsert('t1', payload, 60)).rejects.toMatchObject({ error });
    await of('Grant').upsert('g1', { accountId: 'alice' }, 60);
    await of(name).upsert('t1', payload, 60);
    expect(await of(name).find('t1')).toMatchObject(payload);
    await storage.deleteBy(['Grant', name], 'grant', 'g1');
    await expect(of(name).upsert('t1', payload, 60)).rejects.toMatchObject({ error });
    expect(await of(name).find('t1')).toBeUndefined();
  });

  test('a code is consumed once: a second use at the same time is refused, and the used one can still be told', async () => {
    const { of } = open();
    await of('Grant').upsert('g1', { accountId: 'alice' }, 60);
    const codes = of('AuthorizationCode');
    await codes.upsert('c1', { accountId: 'alice', grantId: 'g1' }, 60);
    const uses = await Promise.allSettled([codes.consume('c1'), codes.consume('c1')]);
    expect(uses.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await codes.find('c1')).toMatchObject({ consumed: expect.any(Number) });
    await codes.revokeByGrantId('g1');
    expect(await codes.find('c1')).toBeUndefined();
  });
});
