/** What was done ends when its time comes or somebody orders it, once, and stays done until then. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../src/model/errors.ts';
import type { Role } from '../../src/model/operator.ts';
import { openPeopleWorld, type PeopleProcess, type PeopleWorld } from './people-world.ts';
import { carryOut, linesOf, planState, release, rowOf, suspension } from './undo-world.ts';

const names = Array.from({ length: 27 }, (_, n) => `u${n}`);
const admin = { name: 'ada', roles: ['admin'] as readonly Role[] };
const hourMs = 3_600_000;

let world: PeopleWorld;
let process: PeopleProcess;
let other: PeopleProcess;
let left: string[];
beforeAll(async () => {
  world = await openPeopleWorld(names);
  const identities = names.map((id) => ({
    id,
    emails: [`${id}@example.com`],
    accounts: [{ connection: 'sandbox', id }],
    // Of two the last may not be taken away.
    ...(['u0', 'u1', 'u2'].includes(id) ? { privileged: true } : {}),
  }));
  process = await world.start(identities);
  other = await world.start(identities);
  left = names.slice(3);
});
afterAll(() => world?.close());
let who = '';
beforeEach(() => {
  who = left.pop() as string;
});

const undo = () => process.parts.undo;
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: AppError) => ({ code: error.code, detail: error.detail }),
  );
const isSuspended = (person = who) => world.provider.account(person).suspended;
async function suspend(person = who) {
  const [held] = await release(world, process, [person]);
  if (held === undefined) throw new Error('nobody was suspended');
  expect(isSuspended(person)).toBe(true);
  return { ...held, actionId: held.actionIds[0] as string };
}

describe('an action with an end', () => {
  it('is undone at its end and no earlier, by a plan of its own that is read back', async () => {
    const { actionId, planId } = await suspend();
    expect(await rowOf(world, actionId)).toMatchObject({ expiresAt: process.core.clock.now() + 4 * hourMs });
    await world.pass(4 * 3600 - 1);
    expect(await process.core.undos.look()).toBe(0);
    await world.pass(1);
    expect(await process.core.undos.look()).toBe(1);
    await carryOut(world, process);
    expect(isSuspended()).toBe(false);
    expect(await rowOf(world, actionId)).toMatchObject({ endedBy: 'undone', dueAt: null });
    expect(await planState(world, planId)).toBe('undone');
    const [decision] = await world.query(
      `select s.type, s.source, s.cause, s.outcome, s.mode from signal s join undo u on u.undo_decision_id = s.decision_id where u.action_id = $1`,
      [actionId],
    );
    expect(decision).toEqual({ type: 'undo', source: 'own:timer', cause: 'undo', outcome: 'released', mode: 'order' });
    expect(await linesOf(world, 'actionId', actionId)).toEqual(['action.intended', 'action.finished', 'action.expiring', 'action.undone']);
    expect(await process.core.undos.look()).toBe(0);
  });

  it('is undone once, though two processes look at once', async () => {
    const { actionId } = await suspend();
    await world.pass(4 * 3600);
    const before = world.provider.effects();
    await Promise.all([process.core.undos.look(), other.core.undos.look(), process.core.undos.look()]);
    await world.pass(6);
    await Promise.all([process.core.undos.look(), other.core.undos.look()]);
    await carryOut(world, other);
    expect(world.provider.effects() - before).toBe(1);
    expect(await linesOf(world, 'actionId', actionId)).toContain('action.undone');
    const decided = await world.query(
      `select from signal where type = 'undo' and decision_id in (select undo_decision_id from undo where action_id = $1)`,
      [actionId],
    );
    expect(decided).toHaveLength(1);
  });

  it('is taken up by another process where one died with it in hand', async () => {
    const { actionId } = await suspend();
    await world.pass(4 * 3600);
    // As a process leaves it that died between taking it and deciding on it.
    await world.query(`update undo set due_at = due_at + interval '5 seconds' where action_id = $1`, [actionId]);
    expect(await other.core.undos.look()).toBe(0);
    await world.pass(5);
    expect(await other.core.undos.look()).toBe(1);
    await carryOut(world, other);
    expect(isSuspended()).toBe(false);
  });

  it('is tried again where undoing failed, and is never lost', async () => {
    const { actionId } = await suspend();
    await world.pass(4 * 3600);
    world.provider.inject({ kind: 'status', status: 403, on: 'write' });
    await process.core.undos.look();
    await carryOut(world, process);
    expect(isSuspended()).toBe(true);
    world.provider.heal();
    expect(await process.core.undos.look()).toBe(0);
    expect(await rowOf(world, actionId)).toMatchObject({ tries: 1, undoDecisionId: null });
    await world.pass(130);
    expect(await process.core.undos.look()).toBe(1);
    await carryOut(world, process);
    expect(isSuspended()).toBe(false);
  });

  it('of an account that was held before us is not ours to undo', async () => {
    world.provider.hold(who, { suspended: true });
    const [held] = await release(world, process, [who]);
    expect(await world.query('select from undo where action_id = $1', [held?.actionIds[0]])).toEqual([]);
    expect(await refusal(undo().one(held?.actionIds[0] as string, 'why', admin))).toEqual({
      code: 'conflict',
      detail: 'There is nothing of it to undo: its state is already.',
    });
  });

  it('leaves in force what another action holds', async () => {
    const { actionId } = await suspend();
    await release(world, process, [who], [{ type: 'account.disable' }]);
    await world.pass(4 * 3600);
    await process.core.undos.look();
    await carryOut(world, process);
    expect(world.provider.account(who)).toEqual({ suspended: false, disabled: true });
    expect(await rowOf(world, actionId)).toMatchObject({ endedBy: 'undone' });
  });

  it('that was done once more for longer lasts as long as the later one', async () => {
    const stepUp = (lasts: string) => release(world, process, [who], [{ type: 'mfa.require', parameters: { for: lasts } }]);
    const [first] = await stepUp('1h');
    const [second] = await stepUp('4h');
    expect(await rowOf(world, first?.actionIds[0])).toMatchObject({ endedBy: 'superseded' });
    await world.pass(3600);
    expect(await process.core.undos.look()).toBe(0);
    await world.pass(3 * 3600);
    expect(await process.core.undos.look()).toBe(1);
    await carryOut(world, process);
    expect(await rowOf(world, second?.actionIds[0])).toMatchObject({ endedBy: 'undone' });
    expect(world.provider.calls.filter(({ path, effect }) => path.endsWith(`/${who}/mfa/lift`) && effect)).toHaveLength(1);
  });

  it('is announced a quarter of an hour ahead, once, and again when its end was put off', async () => {
    const { actionId } = await suspend();
    await world.pass(4 * 3600 - 900);
    await process.core.undos.look();
    await process.core.undos.look();
    expect((await linesOf(world, 'actionId', actionId)).filter((type) => type === 'action.expiring')).toHaveLength(1);
    const end = process.core.clock.now() + 8 * hourMs;
    expect(await undo().end(actionId, { lasts: '8h' }, admin)).toEqual({ id: actionId, until: new Date(end).toISOString() });
    await world.pass(8 * 3600 - 900);
    expect(await process.core.undos.look()).toBe(0);
    expect((await linesOf(world, 'actionId', actionId)).filter((type) => type === 'action.expiring')).toHaveLength(2);
    await world.pass(900);
    await process.core.undos.look();
    await carryOut(world, process);
    expect(isSuspended()).toBe(false);
  });

  it('may last as long as the guard allows and no longer, or until a person lifts it', async () => {
    const { actionId } = await suspend();
    const at = (hours: number) => ({ at: new Date(process.core.clock.now() + hours * hourMs).toISOString() });
    expect((await refusal(undo().end(actionId, at(73), admin)))?.code).toBe('conflict');
    expect((await refusal(undo().end(actionId, at(1), admin)))?.detail).toBe('It would end earlier than now; undo it instead.');
    await undo().end(actionId, at(72), admin);
    expect(await undo().end(actionId, null, admin)).toEqual({ id: actionId, until: null });
    await world.pass(100 * 3600);
    expect(await process.core.undos.look()).toBe(0);
    expect(isSuspended()).toBe(true);
    expect((await linesOf(world, 'actionId', actionId)).filter((type) => type === 'action.extended')).toHaveLength(2);
    await undo().one(actionId, 'enough', admin);
    await carryOut(world, process);
    expect(isSuspended()).toBe(false);
  });
});

describe('an order to undo', () => {
  it('is one decision and one plan, however often it is given', async () => {
    const { actionId, planId } = await suspend();
    const orders = await Promise.all([undo().one(actionId, 'wrong person', admin), other.parts.undo.one(actionId, 'wrong person', admin)]);
    expect(new Set(orders.map((order) => order?.['decisionId'])).size).toBe(1);
    expect(orders[0]).toMatchObject({ state: 'released', heldFor: null });
    await carryOut(world, process);
    expect([isSuspended(), await planState(world, planId)]).toEqual([false, 'undone']);
    expect(await refusal(undo().one(actionId, 'again', admin))).toEqual({ code: 'conflict', detail: 'It is not in force any more.' });
    const replay = await process.parts.replay(String(orders[0]?.['decisionId']), 'stored');
    expect(replay).toMatchObject({ same: true });
  });

  it('for a privileged person waits for a second person, and puts the end of the action not off', async () => {
    const { actionId } = await suspend('u0');
    expect(await undo().one(actionId, 'wrong person', admin)).toMatchObject({ state: 'held', heldFor: 'approval' });
    expect(isSuspended('u0')).toBe(true);
    await world.pass(4 * 3600);
    await process.core.undos.look();
    await carryOut(world, process);
    expect(isSuspended('u0')).toBe(false);
  });

  it('of what nothing gives back says what the person must do again', async () => {
    const [held] = await release(world, process, [who], [{ type: 'session.revoke', parameters: { scope: 'all' } }, suspension]);
    const [revoked, suspended] = held?.actionIds ?? [];
    expect(await refusal(undo().one(revoked as string, 'why', admin))).toEqual({
      code: 'conflict',
      detail: 'session.revoke cannot be undone: the person must sign in again.',
    });
    await undo().one(suspended as string, 'why', admin);
    await carryOut(world, process);
    expect(await planState(world, held?.planId)).toBe('undone');
  });

  it('acts for nobody who is protected meanwhile', async () => {
    const { actionId, identityId } = await suspend();
    await world.query('update identity set protected = true where id = $1', [identityId]);
    const answer = await undo()
      .one(actionId, 'why', admin)
      .catch(() => undefined);
    await carryOut(world, process);
    expect(isSuspended(), JSON.stringify(answer)).toBe(true);
    await world.query('update identity set protected = false where id = $1', [identityId]);
  });

  it('during a pause is held, and acts on nobody', async () => {
    const { actionId } = await suspend();
    const pause = await process.parts.pause({}, 'stop', undefined, admin);
    await world.pass(4 * 3600);
    await process.core.undos.look();
    await carryOut(world, process);
    expect(isSuspended()).toBe(true);
    const [plan] = await world.query(
      `select state, held_for as "heldFor" from plan where decision_id = (select undo_decision_id from undo where action_id = $1)`,
      [actionId],
    );
    expect(plan).toEqual({ state: 'held', heldFor: 'pause' });
    await process.parts.resume(pause.id, { name: 'bob', roles: ['admin'] });
    await other.core.judging.refreshPauses();
  });
});

describe('a suspension that somebody reverses', () => {
  const reverse = () => world.provider.hold(who, { suspended: false });
  const watch = async () => {
    await process.core.undos.watch(AbortSignal.timeout(10_000));
    await carryOut(world, process);
  };

  it('is read again after 1, 5, 15 and 60 minutes, then each hour', async () => {
    await suspend();
    const reads: number[] = [];
    for (let minute = 1; minute <= 200; minute++) {
      await world.pass(60);
      const before = world.provider.calls.length;
      await watch();
      if (world.provider.calls.slice(before).some(({ path }) => path.includes(`/${who}/`))) reads.push(minute);
    }
    expect(reads).toEqual([1, 5, 15, 60, 120, 180]);
  });

  it('is read at once where the provider tells that the account was enabled', async () => {
    await suspend();
    reverse();
    await watch();
    expect(isSuspended()).toBe(false);
    await process.event('account_enabled', who);
    await watch();
    expect(isSuspended()).toBe(true);
  });

  it('is put back once, and held the second time', async () => {
    const { actionId } = await suspend();
    reverse();
    await world.pass(60);
    await watch();
    expect(isSuspended()).toBe(true);
    expect(await rowOf(world, actionId)).toMatchObject({ reversed: 1, endedBy: null });
    reverse();
    await world.pass(60);
    await watch();
    expect(isSuspended()).toBe(false);
    expect(await rowOf(world, actionId)).toMatchObject({ reversed: 2 });
    const [held] = await world.query(
      `select state, held_for as "heldFor", cause from plan where decision_id = (select put_back_decision_id from undo where action_id = $1)`,
      [actionId],
    );
    expect(held).toEqual({ state: 'held', heldFor: 'approval', cause: 'risk' });
    for (let hours = 0; hours < 3; hours++) {
      await world.pass(3600);
      await watch();
    }
    expect(isSuspended()).toBe(false);
    expect((await linesOf(world, 'actionId', actionId)).filter((type) => type === 'action.reversed')).toHaveLength(2);
  });

  it('is put back, though another action on the account was undone by us meanwhile', async () => {
    await suspend();
    const [disabled] = await release(world, process, [who], [{ type: 'account.disable' }]);
    await world.pass(1);
    await undo().one(disabled?.actionIds[0] as string, 'enough', admin);
    await carryOut(world, process);
    expect(world.provider.account(who)).toEqual({ suspended: true, disabled: false });
    reverse();
    await world.pass(60);
    await watch();
    expect(isSuspended()).toBe(true);
  });

  it('by an undo of ours stays as the undo left it', async () => {
    const { actionId } = await suspend();
    await undo().one(actionId, 'a mistake', admin);
    await carryOut(world, process);
    await world.pass(60);
    await watch();
    expect(isSuspended()).toBe(false);
    expect(await rowOf(world, actionId)).toMatchObject({ reversed: 0, endedBy: 'undone' });
  });

  it('is put back with its own end, at which it is undone', async () => {
    const { actionId } = await suspend();
    reverse();
    await world.pass(60);
    await watch();
    await world.pass(4 * 3600 - 60);
    expect(await process.core.undos.look()).toBeGreaterThan(0);
    await carryOut(world, process);
    expect(isSuspended()).toBe(false);
    expect(await rowOf(world, actionId)).toMatchObject({ endedBy: 'undone' });
  });
});
