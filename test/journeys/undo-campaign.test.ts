/** A wrong campaign is reversed by one order, and what nothing gives back is listed for each person. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPeopleWorld, type PeopleProcess, type PeopleWorld } from './people-world.ts';
import { carryOut, planState, release, suspension } from './undo-world.ts';

const many = Array.from({ length: 600 }, (_, n) => `c${n}`);
// Of two administrators the last may not be taken away.
const admins = ['privileged', 'second-admin', 'third-admin'];
const others = ['held-before', 'other-source', ...admins];
const admin = { name: 'ada', roles: ['admin'] as const };
const wrong = { source: 'partner' } as const;
const revocation = { type: 'session.revoke', parameters: { scope: 'all' } } as const;

let world: PeopleWorld;
let process: PeopleProcess;
beforeAll(async () => {
  world = await openPeopleWorld([...many, ...others]);
  process = await world.start(
    [...many, ...others].map((id) => ({
      id,
      emails: [`${id}@example.com`],
      accounts: [{ connection: 'sandbox', id }],
      ...(admins.includes(id) ? { privileged: true } : {}),
    })),
  );
});
afterAll(() => world?.close());

const states = () => Object.fromEntries([...many, ...others].map((id) => [id, { ...world.provider.account(id) }]));
const difference = (before: ReturnType<typeof states>) => {
  const after = states();
  return Object.keys(before).filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]));
};
const undo = () => process.parts.undo;

describe('a campaign of 600 people', () => {
  it('is reversed by one order, bound to its preview, to the state before', { timeout: 120_000 }, async () => {
    world.provider.hold('held-before', { suspended: true });
    const before = states();
    const { pool } = process.core.store;
    let waiting = 0;
    const look = () => {
      waiting = Math.max(waiting, pool.waitingCount);
    };
    pool.on('acquire', look);
    await release(world, process, [...many, 'held-before'], [revocation, suspension], wrong);
    pool.off('acquire', look);
    // Six hundred at once keep nobody else from the database.
    expect(waiting).toBeLessThan(50);
    await release(world, process, ['other-source'], [suspension], { source: 'okta' });
    expect(difference(before)).toHaveLength(601);
    const preview = (await undo().preview(wrong, admin)) as {
      hash: string;
      people: number;
      actions: { type: string; undoneBy: string }[];
      remaining: { redo: string[] }[];
    };
    expect([preview.actions.length, preview.people, preview.remaining.length]).toEqual([600, 600, 601]);
    expect(preview.actions[0]).toMatchObject({ type: 'account.suspend', undoneBy: 'account.restore' });
    expect(preview.remaining[0]?.redo).toEqual(['sign in again']);
    const order = (await undo().order(wrong, preview.hash, 'a wrong list', admin)) as { id: string };
    expect(order).toMatchObject({ actions: 600, people: 600 });
    const effects = world.provider.effects();
    expect(await process.core.undos.look()).toBe(600);
    await carryOut(world, process);
    // All but the one of another source, whose suspension nobody ordered undone.
    expect(difference(before)).toEqual(['other-source']);
    expect(world.provider.effects() - effects).toBe(600);
    expect(await undo().progress(order.id)).toMatchObject({ undone: 600, held: 0, open: 0, reason: 'a wrong list', orderedBy: 'ada' });
    const [log] = await world.query(`select core from ledger_entry where type = 'undo.ordered'`);
    expect(JSON.parse(String(log?.['core']))).toMatchObject({ campaignId: order.id, hash: preview.hash, actions: 600, by: 'ada' });
  });

  it('is not reversed where the list is another one than the preview showed', async () => {
    const preview = (await undo().preview({ source: 'okta' }, admin)) as { hash: string };
    const [added] = await release(world, process, ['c1'], [suspension], { source: 'okta' });
    await expect(undo().order({ source: 'okta' }, preview.hash, 'why', admin)).rejects.toMatchObject({ code: 'conflict' });
    expect(await process.core.undos.look()).toBe(0);
    expect(await planState(world, added?.planId)).toBe('done');
  });

  it('takes only what fits every part of the question', async () => {
    const [held] = await release(world, process, ['c2'], [suspension], { source: 'sensor', policyId: 'RP-003' });
    const count = async (filter: object) => ((await undo().preview(filter, admin)) as { actions: unknown[] }).actions.length;
    expect(await count({ source: 'sensor', policy: 'RP-003', cause: 'risk' })).toBe(1);
    for (const filter of [{ policy: 'RP-004' }, { cause: 'leaver' }, { signalType: 'session_revoked' }, { to: '2026-05-04T09:00:00.000Z' }])
      expect(await count({ source: 'sensor', ...filter }), JSON.stringify(filter)).toBe(0);
    expect(held?.actionIds).toHaveLength(1);
  });

  it('leaves the privileged for a second person', async () => {
    await release(world, process, ['c3', 'privileged'], [suspension], { source: 'mixed' });
    const preview = (await undo().preview({ source: 'mixed' }, admin)) as { hash: string };
    const order = (await undo().order({ source: 'mixed' }, preview.hash, 'why', admin)) as { id: string };
    await process.core.undos.look();
    await carryOut(world, process);
    expect([world.provider.account('c3').suspended, world.provider.account('privileged').suspended]).toEqual([false, true]);
    expect(await undo().progress(order.id)).toMatchObject({ undone: 1, held: 1, open: 0 });
  });

  it('by single orders is held above fifty in ten minutes', { timeout: 60_000 }, async () => {
    const held = await release(world, process, many.slice(100, 155), [suspension], { source: 'single' });
    const answers = [];
    for (const { actionIds } of held) answers.push(await undo().one(actionIds[0] as string, 'one by one', admin));
    expect(answers.filter((answer) => answer?.['state'] === 'released')).toHaveLength(50);
    expect(answers.at(-1)).toMatchObject({ state: 'held', heldFor: 'undo' });
    await carryOut(world, process);
  });
});
