/** What people order about somebody, outside of any policy: done at once, held for a second person, or refused with the reason. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type HoldWorld, openHoldWorld } from './hold-world.ts';

let world: HoldWorld;
afterEach(() => world?.close());
const endSessions = [{ type: 'session.revoke' }];
const order = (identityId: string, more: object = {}, as = 'analyst') =>
  world.post('/api/v1/plans', { identityId, actions: endSessions, reason: 'she called from the airport', ...more }, as);
const approve = (list: { items: Answer[]; hash: string }, as: string) =>
  world.post('/api/v1/plans/approve', { planIds: list.items.map(({ id }) => id), hash: list.hash, reason: 'confirmed by phone' }, as);

describe('an order', () => {
  it('is done at once below the rung of a second person, is a decision of its own, and is replayed exactly', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'] });
    const given = await order('ann');
    expect(given).toMatchObject({ status: 202, body: { state: 'released', planIds: [expect.any(String)] } });
    await world.carryOut();
    expect(world.provider.sessions('ann')).toEqual([]);
    expect(world.provider.sessions('ben')).toHaveLength(1);
    const { decisionId, planIds } = given.body;
    const decision = await world.get(`/api/v1/decisions/${decisionId}`);
    expect(decision).toMatchObject({
      signalType: 'operator_order',
      source: 'operators',
      cause: 'person',
      mode: 'order',
      policyId: null,
      rung: 3,
      outcome: 'released',
    });
    expect(JSON.stringify(decision)).not.toContain('airport');
    expect((await world.get(`/api/v1/signals/${decision.signalId}`)).facts).toMatchObject({
      by: 'analyst',
      reason: 'she called from the airport',
    });
    expect((await world.get(`/api/v1/plans/${planIds[0]}`)).state).toBe('done');
    expect(await world.get(`/api/v1/decisions/${decisionId}/replay`)).toMatchObject({ same: true, differences: [] });
  });

  it('does not ask the ceiling', async () => {
    world = await openHoldWorld({ people: ['ann'], enforcement: 'report-only' });
    expect(await order('ann')).toMatchObject({ status: 202, body: { state: 'released' } });
    await world.carryOut();
    expect(world.provider.sessions('ann')).toEqual([]);
  });

  it('from the rung of a second person on waits for somebody else than who gave it and whom it is about', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'], personFromRung: 3 });
    const given = await order('ann', {}, 'lead');
    expect(given).toMatchObject({ status: 202, body: { state: 'held' } });
    const list = await world.held();
    expect(list.items).toMatchObject([{ id: given.body.planIds[0], heldFor: 'approval', heldUntil: '2026-05-04T10:10:00.000Z' }]);
    expect((await approve(list, 'lead')).body.detail).toContain('whoever gave the order');
    expect((await approve(list, 'ann')).body.detail).toContain('about themselves');
    expect((await approve(list, 'other')).body.plans).toMatchObject([{ state: 'released' }]);
    await world.carryOut();
    expect(world.provider.sessions('ann')).toEqual([]);
    expect(await world.get(`/api/v1/decisions/${given.body.decisionId}/replay`)).toMatchObject({ same: true });
    // Whoever gave one may take it back, and in the end nothing comes of it by itself.
    const back = await order('ben', {}, 'lead');
    expect((await world.post(`/api/v1/plans/${back.body.planIds[0]}/deny`, { reason: 'a mistake' }, 'lead')).body.state).toBe('refused');
    await order('ben', {}, 'lead');
    await world.pass(600);
    await world.core.holds.sweep();
    await world.carryOut();
    expect(world.provider.sessions('ben')).toHaveLength(1);
  });

  it('that cannot act is answered with the reason, and never acts later', async () => {
    world = await openHoldWorld({ people: ['ann', 'ben'], about: { ann: { protected: true } } });
    expect(await order('ann')).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('guard protected') },
    });
    const { body: pause } = await world.post('/api/v1/pause', { reason: 'looking' }, 'analyst');
    expect((await order('ben')).body.detail).toContain(`pause ${pause.id}`);
    await world.post('/api/v1/resume', { id: pause.id }, 'root');
    expect((await world.held()).items).toEqual([]);
    expect((await order('ben', { actions: [{ type: 'app.signOut' }] })).body.detail).toContain('unsupported sandbox');
    await world.carryOut();
    expect([world.provider.sessions('ann').length, world.provider.sessions('ben').length]).toEqual([1, 1]);
    const { items } = await world.get('/api/v1/decisions');
    expect(items.map(({ outcome }: Answer) => outcome)).toEqual(['refused', 'refused', 'refused']);
  });

  it('that is none is refused before anything is written', async () => {
    world = await openHoldWorld({ people: ['ann'] });
    expect((await order('nobody')).status).toBe(404);
    expect((await order('ann', {}, 'auditor')).status).toBe(403);
    expect((await order('ann', { actions: [] })).status).toBe(400);
    for (const action of [
      { type: 'session.end' },
      { type: 'ip.block' },
      { type: 'session.revoke', connection: 'elsewhere' },
      { type: 'session.revoke', parameters: { scope: 'one' } },
      { type: 'session.revoke', parameters: { soon: true } },
    ])
      expect((await order('ann', { actions: [action] })).status, JSON.stringify(action)).toBe(422);
    expect((await world.get('/api/v1/decisions')).items).toEqual([]);
    // Nobody sends one through the door of signals.
    const sent = { type: 'operator_order', subject: { format: 'email', email: 'ann@example.com' } };
    expect((await world.post('/api/v1/signals', sent, 'root')).status).toBe(422);
  });
});
