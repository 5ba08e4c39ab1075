/**
 * People who are protected, with a fault planted above the executor: the guards bind nobody any more for protected people, so that every
 * path lets its plan go. What the executor refuses, nobody does.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { actionTypeNames } from '../../src/model/action.ts';
import { type Answer, type HoldWorld, openHoldWorld } from './hold-world.ts';

let world: HoldWorld;
afterEach(() => world?.close());
const why = { reason: 'the session is not hers' };

/** As a mistake in the table of guards, or in the code that asks them, would. */
function plant(): void {
  const { binds } = world.core.judging.state().bundle.guards as { binds: Record<string, ReadonlySet<string>> };
  binds['protected'] = new Set();
}

async function openPlanted(options: Partial<Parameters<typeof openHoldWorld>[0]> = {}): Promise<void> {
  world = await openHoldWorld({ people: ['ann', 'ben'], about: { ann: { protected: true } }, ...options });
  plant();
}

const approve = (list: { items: Answer[]; hash: string }) =>
  world.post('/api/v1/plans/approve', { planIds: list.items.map(({ id }) => id), hash: list.hash, ...why }, 'lead');
const protect = () =>
  world.query(`update identity set protected = true where id = (select identity_id from identity_alias where alias = 'ann')`);

/** What was let go has been carried out: nobody waits in the lane of an account, which takes a clock that runs. */
const idle = () => expect.poll(() => world.query(`select 1 from plan where state = 'released'`), { timeout: 15_000 }).toEqual([]);

/** So many plans came as far as the executor, which refused each action of them; the provider was asked to change nothing. */
async function expectRefused(plans: number, effects = 0): Promise<void> {
  await world.carryOut();
  // Some begin by themselves once they are let go.
  await idle();
  expect(
    await world.query(`select distinct plan_id from action where code = 'protected' and state = 'refused' and attempts = 0`),
  ).toHaveLength(plans);
  expect(await world.query(`select 1 from action where state <> 'refused'`)).toHaveLength(effects);
  expect(world.provider.effects()).toBe(effects);
}

describe('with a fault above it that lets everything go, the executor refuses for somebody protected', () => {
  it('what a policy wants', async () => {
    await openPlanted({ policy: { approvers: [], alone: true } });
    await world.hijack('ann');
    await expectRefused(1);
    expect(world.provider.sessions('ann')).toHaveLength(1);
  });

  it('what a client of the API brings about', async () => {
    await openPlanted({ policy: { approvers: [], alone: true } });
    await world.hijack('ann', 'aitm_phishing', 'client');
    await expectRefused(1);
  });

  it('what somebody approves, and the lesser step that runs meanwhile', async () => {
    await openPlanted();
    await world.hijack('ann');
    expect((await approve(await world.held())).body.plans).toMatchObject([{ state: 'released' }]);
    await expectRefused(2);
  });

  it('every action that can be ordered', { timeout: 60_000 }, async () => {
    await openPlanted();
    const ordered: string[] = [];
    for (const type of actionTypeNames) {
      if ((await world.order('ann', type)).status === 202) ordered.push(type);
      await idle();
    }
    expect(ordered).toEqual(
      expect.arrayContaining(['session.revoke', 'token.revoke', 'mfa.require', 'mfa.reset', 'password.expire', 'account.suspend']),
    );
    for (const { id, hash } of (await world.held()).items) {
      const body = { planIds: [id], hash, ...why };
      expect((await world.post('/api/v1/plans/approve', body, 'lead')).body.plans).toMatchObject([{ state: 'released' }]);
      await idle();
    }
    await expectRefused(ordered.length);
  });

  it('an undoing, and everything that falls due by itself, once they became protected', async () => {
    await openPlanted({ about: {} });
    await world.order('ann', 'account.suspend');
    await approve(await world.held());
    await world.carryOut();
    expect(world.provider.account('ann').suspended).toBe(true);
    await protect();
    const [action] = await world.query(`select action_id as id from undo`);
    expect((await world.post(`/api/v1/actions/${action?.['id']}/undo`, why, 'lead')).status).toBe(202);
    await expectRefused(1, 1);
    expect(world.provider.account('ann').suspended).toBe(true);
  });
});
