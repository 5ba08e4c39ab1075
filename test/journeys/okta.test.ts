/** What is done at Okta by the whole service: seen there, read back, ended by its time, and refused where a status forbids it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { giveOrder } from '../../src/app/orders.ts';
import { type OktaWorld, openOktaWorld } from './okta-people-world.ts';
import { carryOut, release, suspension } from './undo-world.ts';

let world: OktaWorld;
beforeAll(async () => {
  world = await openOktaWorld(['ann', 'ben', 'cleo', 'dan'].map((name) => `${name}@example.com`));
});
afterAll(() => world?.close());

const idOf = (name: string) => world.okta.person(`${name}@example.com`).id;
const actionsOf = (planId: unknown) =>
  world.query(`select type, state, code, verified_at is not null as seen, residual_access_ms as left from action where plan_id = $1`, [
    planId,
  ]);

describe('at Okta', () => {
  it('an order ends the sessions of a person whom the directory brought, seen in Okta’s log, and nobody else’s', async () => {
    const [row] = await world.query(`select identity_id as id from account where external_id = $1`, [idOf('ann')]);
    const request = { identityId: String(row?.['id']), actions: [{ type: 'session.revoke' }], reason: 'she called' };
    const given = await giveOrder(world.core, request, { name: 'lead', roles: ['admin'] });
    expect(given).toMatchObject({ state: 'released', planIds: [expect.any(String)] });
    await carryOut(world, world);
    expect(world.okta.access(idOf('ann')).sessions).toEqual([]);
    expect(world.okta.access(idOf('ben')).sessions.length).toBe(1);
    const [planId] = (given?.['planIds'] ?? []) as readonly unknown[];
    expect(await actionsOf(planId)).toEqual([
      { type: 'session.revoke', state: 'done', code: null, seen: true, left: expect.toSatisfy((left) => Number(left) === 3_600_000) },
    ]);
  });

  it('a suspension is lifted when its time has come, and what held it besides stays', async () => {
    const [held] = await release(world, world, [idOf('ben')], [suspension]);
    expect(world.okta.person(idOf('ben')).status).toBe('SUSPENDED');
    expect(await actionsOf(held?.planId)).toMatchObject([{ state: 'done', seen: true }]);
    const [cut] = await release(world, world, [idOf('dan')], [suspension, { type: 'account.disable' }]);
    expect(await actionsOf(cut?.planId)).toMatchObject([{ state: 'done' }, { state: 'done' }]);
    await world.pass(4 * 3_600);
    expect(await world.core.undos.look()).toBe(2);
    await carryOut(world, world);
    expect(world.okta.person(idOf('ben')).status).toBe('ACTIVE');
    expect(world.okta.person(idOf('dan')).status).toBe('SUSPENDED');
  });

  it('what a status forbids is refused with the reason, and nothing is written', async () => {
    world.okta.change(world.okta.person(idOf('cleo')), { status: 'LOCKED_OUT' });
    const before = world.okta.writes().length;
    const [refused] = await release(world, world, [idOf('cleo')], [suspension]);
    expect(await actionsOf(refused?.planId)).toMatchObject([{ state: 'refused', code: 'statusLockedOut' }]);
    expect(world.okta.writes().length).toBe(before);
  });
});
