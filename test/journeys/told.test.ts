/** What others are told of and what pages: pauses, held plans whose time is over, what was undone, what somebody else reversed. */
import { afterEach, describe, expect, it } from 'vitest';
import { keepPauses } from '../../src/app/pausing.ts';
import { type NoticeType, noticeData } from '../../src/model/notice.ts';
import { type HoldPolicy, type HoldWorld, openHoldWorld } from './hold-world.ts';
import { openPeopleWorld, type PeopleProcess, type PeopleWorld } from './people-world.ts';
import { carryOut, release, suspension } from './undo-world.ts';

let holds: HoldWorld | undefined;
let world: PeopleWorld;
afterEach(async () => {
  await holds?.close();
  await world?.close();
  holds = undefined;
});

const admin = { name: 'ada', roles: ['admin'] as const };
async function openPeople(ids: readonly string[], privileged: readonly string[] = []): Promise<PeopleProcess> {
  world = await openPeopleWorld(ids);
  return start(ids, privileged);
}
const start = (ids: readonly string[], privileged: readonly string[] = []) =>
  world.start(
    ids.map((id) => ({
      id,
      emails: [`${id}@example.com`],
      accounts: [{ connection: 'sandbox', id }],
      ...(privileged.includes(id) ? { privileged: true } : {}),
    })),
  );
/** All that was told has the shape that its type promises. */
async function expectShapes(): Promise<void> {
  for (const { type, data } of await world.query('select type, data from notice'))
    expect(noticeData[type as NoticeType].safeParse(JSON.parse(String(data))).error, String(type)).toBeUndefined();
}

describe('a pause', () => {
  it('of everything pages, and again each half hour for as long as it runs, once for all processes', async () => {
    const process = await openPeople(['ann']);
    const other = await start(['ann']);
    const look = () => Promise.all([process, other].map(({ core }) => keepPauses(core)));
    const { id } = await process.parts.pause({}, 'stop', undefined, admin);
    await other.core.judging.refreshPauses();
    expect(await world.told('pause.set')).toEqual([{ pauseId: id, scope: {}, page: true }]);
    await world.pass(29 * 60);
    await look();
    expect(await world.told('pause.reminded')).toEqual([]);
    await world.pass(60);
    await look();
    await look();
    const reminder = { pauseId: id, scope: {}, since: '2026-05-04T10:00:00.000Z', page: true };
    expect(await world.told('pause.reminded')).toEqual([reminder]);
    // Nobody looked for two hours: that is one reminder, not four.
    await world.pass(2 * 3600);
    await look();
    await look();
    expect(await world.told('pause.reminded')).toEqual([reminder, reminder]);
    await process.parts.resume(id, admin);
    expect(await world.told('pause.ended')).toEqual([{ pauseId: id, scope: {} }]);
    await world.pass(3600);
    await look();
    expect(await world.told('pause.reminded')).toHaveLength(2);
    await expectShapes();
  });

  it('of a part is told and wakes nobody, and its own end is told too', async () => {
    const process = await openPeople(['ann']);
    const scope = { connection: 'sandbox' };
    const until = process.core.clock.now() + 3_600_000;
    const { id } = await process.parts.pause(scope, 'stop', until, admin);
    await world.pass(30 * 60);
    await keepPauses(process.core);
    await world.pass(30 * 60);
    await keepPauses(process.core);
    expect(await world.told('pause.set')).toEqual([{ pauseId: id, scope }]);
    expect(await world.told('pause.reminded')).toEqual([{ pauseId: id, scope, since: '2026-05-04T10:00:00.000Z' }]);
    expect(await world.told('pause.ended')).toEqual([{ pauseId: id, scope }]);
  });
});

describe('held plans whose time is over', () => {
  const expire = async (onTimeout: NonNullable<HoldPolicy['onTimeout']>) => {
    holds = await openHoldWorld({ people: ['ann', 'ben'], policy: { timeout: '10m', onTimeout, alone: true } });
    for (const who of ['ann', 'ben']) await holds.hijack(who);
    const { items } = await holds.held();
    await holds.pass(600);
    await Promise.all([holds.core.holds.sweep(), holds.core.holds.sweep()]);
    const plans = items.map(({ id, decisionId, connection, heldFor }) => ({ planId: id, decisionId, connection, heldFor }));
    return { plans: expect.arrayContaining(plans), more: 0 };
  };

  it('are told of together', async () => {
    const expected = await expire('deny');
    expect(await holds?.told('plan.expired')).toEqual([expected]);
    expect(await holds?.told('plan.escalated')).toEqual([]);
  });

  it('page where their approval asks for it', async () => {
    const expected = await expire('escalate');
    expect(await holds?.told('plan.escalated')).toEqual([{ ...expected, page: true }]);
    expect(await holds?.told('plan.expired')).toEqual([]);
  });
});

describe('undoing', () => {
  it('at somebody’s word is told once it is seen undone; what ends at its time was announced', async () => {
    const process = await openPeople(['ann', 'ben']);
    const [ann] = await release(world, process, ['ann']);
    await release(world, process, ['ben']);
    const actionId = ann?.actionIds[0] as string;
    world.provider.inject({ kind: 'status', status: 403, on: 'write' });
    await process.parts.undo.one(actionId, 'a mistake', admin);
    await carryOut(world, process);
    await process.core.undos.look();
    expect(await world.told('undo.finished')).toEqual([]);
    world.provider.heal();
    await world.pass(130);
    await process.core.undos.look();
    await carryOut(world, process);
    for (let n = 0; n < 2; n++) await process.core.undos.look();
    expect(await world.told('undo.finished')).toEqual([{ actions: [{ actionId, planId: ann?.planId }] }]);
    await world.pass(4 * 3600);
    await process.core.undos.look();
    await carryOut(world, process);
    await process.core.undos.look();
    expect(world.provider.account('ben').suspended).toBe(false);
    expect(await world.told('undo.announced')).toHaveLength(1);
    expect(await world.told('undo.finished')).toHaveLength(1);
    await expectShapes();
  });

  it('of a campaign is told once, with those who wait for another person, by one of two processes', async () => {
    const admins = ['p1', 'p2', 'p3'];
    const ids = ['ann', 'ben', 'cat', ...admins];
    const process = await openPeople(ids, admins);
    const other = await start(ids, admins);
    await release(world, process, ['ann', 'ben', 'cat', 'p1'], [suspension], { source: 'partner' });
    const preview = (await process.parts.undo.preview({ source: 'partner' }, admin)) as { hash: string };
    const order = (await process.parts.undo.order({ source: 'partner' }, preview.hash, 'why', admin)) as { id: string };
    await process.core.undos.look();
    await carryOut(world, process);
    await Promise.all([process, other].map(({ core }) => core.undos.look()));
    await process.core.undos.look();
    expect(await world.told('undo.finished')).toEqual([{ campaignId: order.id, incidentId: null, undone: 3, held: 1, left: 0 }]);
    await expectShapes();
  });
});

describe('what somebody else reverses', () => {
  it('is told, and pages when it was put back and is reversed again', async () => {
    const process = await openPeople(['ann']);
    const [held] = await release(world, process, ['ann']);
    for (let times = 1; times <= 2; times++) {
      world.provider.hold('ann', { suspended: false });
      await world.pass(60);
      await process.core.undos.watch(AbortSignal.timeout(10_000));
      await carryOut(world, process);
    }
    const facts = { actionId: held?.actionIds[0], planId: held?.planId };
    expect(await world.told('action.reversed')).toEqual([
      { ...facts, times: 1 },
      { ...facts, times: 2, page: true },
    ]);
    await expectShapes();
  });
});
