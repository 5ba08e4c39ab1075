/** A source is wrong about a dozen people: some are acted on, the rest is held. One order gives back, one approval lets go. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type Answer, type HoldWorld, openHoldWorld } from './hold-world.ts';

const people = Array.from({ length: 12 }, (_, n) => `p${n}`);
const bystander = 'bystander';
let world: HoldWorld;
let before: Readonly<Record<string, string>>;
let incident: Answer;
beforeAll(async () => {
  world = await openHoldWorld({
    people: [...people, bystander],
    profile: 'standard',
    policy: { acts: [{ type: 'mfa.require' }, { type: 'session.revoke', scope: 'all' }] },
  });
  before = accounts();
  // By an order, and not by the incident.
  const { id } = await world.get(`/api/v1/identities/${bystander}`);
  expect((await world.post('/api/v1/plans', { identityId: id, actions: [{ type: 'mfa.require' }], reason: 'x' }, 'root')).status).toBe(202);
  for (const who of people) await world.hijack(who, 'cookie_replay', 'client');
  await world.carryOut();
  const { items } = await world.get('/api/v1/incidents');
  expect(items).toHaveLength(1);
  incident = await world.get(`/api/v1/incidents/${items[0].id}`);
});
afterAll(() => world?.close());

/** What is reversible of an account, as the provider has it. */
const accounts = () =>
  Object.fromEntries(
    [...people, bystander].map((id) => [id, JSON.stringify([world.provider.account(id), world.provider.standing(id).stepUp])]),
  );
const changed = () => Object.entries(accounts()).flatMap(([id, state]) => (state === before[id] ? [] : [id]));

async function command(...args: string[]): Promise<{ exitCode: number; out: string }> {
  const said: string[] = [];
  const console = { out: (text: string) => void said.push(text), err: (text: string) => void said.push(text), tty: false };
  const env = { RESCIND_URL: world.origin, RESCIND_TOKEN: 'root' };
  const context = { console, env, workingDir: '.', ended: new AbortController().signal, programDir: '.', version: '0' };
  return { exitCode: await runProgram(args, context), out: said.join('') };
}

describe('an incident', () => {
  it('is previewed as a list with its hash, and what nothing gives back for each person', async () => {
    expect([changed().length, incident.heldPlanIds.length]).toEqual([9, 4]);
    const { exitCode, out } = await command('incident', 'undo', incident.id, '--json');
    expect(exitCode).toBe(0);
    const preview = JSON.parse(out) as Answer;
    expect([preview.people, preview.actions.length]).toEqual([8, 8]);
    expect(preview.actions[0]).toMatchObject({ type: 'mfa.require', undoneBy: 'mfa.lift' });
    expect(preview.remaining).toHaveLength(8);
    for (const { types, redo } of preview.remaining) expect([types, redo]).toEqual([['session.revoke'], ['sign in again']]);
    expect((await command('incident', 'undo', incident.id)).out).toContain(`--confirm ${preview.hash}`);
    expect(changed()).toHaveLength(9);
  });

  it('is undone by one order to the state before, and what is held stays held', async () => {
    const { hash } = JSON.parse((await command('incident', 'undo', incident.id, '--json')).out) as Answer;
    expect((await command('incident', 'undo', incident.id, '--confirm', hash)).exitCode).toBe(2);
    const wrong = await command('incident', 'undo', incident.id, '--confirm', 'ab'.repeat(32), '--reason', 'their rule was wrong');
    expect(wrong).toMatchObject({ exitCode: 1, out: expect.stringContaining('not the one of the preview') });
    const done = await command('incident', 'undo', incident.id, '--confirm', hash, '--reason', 'their rule was wrong');
    expect(done).toMatchObject({ exitCode: 0, out: expect.stringContaining('8 actions on 8 people') });
    expect(await world.core.undos.look()).toBe(8);
    await world.carryOut();
    // The difference is nobody of the incident.
    expect(changed()).toEqual([bystander]);
    const after = await world.get(`/api/v1/incidents/${incident.id}`);
    expect(after.undos).toMatchObject([{ undone: 8, held: 0, open: 0, left: 0, orderedBy: 'root' }]);
    expect(JSON.stringify(after)).not.toContain('their rule');
    expect(after.timeline).toContainEqual(expect.objectContaining({ event: 'undo', orderId: after.undos[0].id, by: 'root' }));
    expect(after.heldPlanIds).toEqual(incident.heldPlanIds);
    expect(after.plans).toEqual({ undone: 8, held: 4 });
    const [line] = await world.query(`select core from ledger_entry where type = 'undo.ordered'`);
    expect(JSON.parse(String(line?.['core']))).toMatchObject({ incidentId: incident.id, hash, actions: 8, people: 8, by: 'root' });
  });

  it('is told of as one thing once it is undone', async () => {
    await world.core.undos.look();
    await world.core.undos.look();
    expect(await world.told('undo.finished')).toMatchObject([{ incidentId: incident.id, undone: 8, held: 0, left: 0 }]);
    expect(await world.told('incident.opened')).toEqual([{ incidentId: incident.id, page: true }]);
  });

  it('whose undo is ordered again has nothing left to undo', async () => {
    const { hash, actions } = JSON.parse((await command('incident', 'undo', incident.id, '--json')).out) as Answer;
    expect(actions).toEqual([]);
    expect((await command('incident', 'undo', incident.id, '--confirm', hash, '--reason', 'again')).out).toContain('nothing to undo');
  });

  it('is undone by those who may undo, and unknown ones are not found', async () => {
    const path = `/api/v1/incidents/${incident.id}/undo`;
    const order = { hash: 'ab'.repeat(32), reason: 'x' };
    expect((await world.post(path, order, 'analyst')).status).toBe(403);
    expect((await world.post(`${path}/preview`, {}, 'auditor')).status).toBe(403);
    for (const id of ['nothing', incident.id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'))]) {
      expect((await world.post(`/api/v1/incidents/${id}/undo/preview`, {}, 'root')).status).toBe(404);
      expect((await world.post(`/api/v1/incidents/${id}/undo`, order, 'root')).status).toBe(404);
    }
  });

  it('has one list of what is held, and one approval lets go exactly that', async () => {
    const listed = JSON.parse((await command('plan', 'list', '--state', 'held', '--incident', incident.id, '--json')).out) as Answer;
    expect(listed.items.map(({ id }: Answer) => id).sort()).toEqual([...incident.heldPlanIds].sort());
    const ids = listed.items.map(({ id }: Answer) => id);
    const less = await command('plan', 'approve', ...ids.slice(1), '--hash', listed.hash, '--reason', 'these are right');
    expect(less.exitCode).toBe(1);
    expect((await command('plan', 'approve', ...ids, '--hash', listed.hash, '--reason', 'these are right')).exitCode).toBe(0);
    await world.carryOut();
    expect(changed().sort()).toEqual([bystander, ...people.slice(8)].sort());
    expect((await world.get(`/api/v1/incidents/${incident.id}`)).heldPlanIds).toEqual([]);
  });
});
