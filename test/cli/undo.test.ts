/** The commands of undoing, over HTTP to a service whose answers are given. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { AppError } from '../../src/model/errors.ts';
import type { UndoPort } from '../../src/server/index.ts';
import { newId, openWorld, type World } from '../server/world.ts';

const id = newId();
const hash = 'ab'.repeat(32);
const asked: unknown[][] = [];
const undo: UndoPort = {
  async one(...given) {
    asked.push(['one', ...given]);
    if (given[1] === 'twice') throw new AppError('conflict', 'It is not in force any more.');
    return { id, decisionId: id, planIds: ['plan-1'], state: 'held', heldFor: 'approval' };
  },
  async end(...given) {
    asked.push(['end', ...given]);
    return { id, until: given[1] === null ? null : '2026-05-04T18:00:00.000Z' };
  },
  async preview(...given) {
    asked.push(['preview', ...given]);
    return {
      hash,
      people: 1,
      actions: [{ id, identityId: 'p', type: 'account.suspend', undoneBy: 'account.restore' }],
      remaining: [{ identityId: 'p', redo: ['sign in again'] }],
    };
  },
  async order(...given) {
    asked.push(['order', ...given]);
    return { id: 'order-1', actions: 600, people: 600, undone: 0, held: 0, open: 600, left: 0 };
  },
  progress: async () => undefined,
};

let world: World;
beforeAll(async () => {
  world = await openWorld(() => ({ undo }));
});
beforeEach(() => void asked.splice(0));
afterAll(() => world.close());

async function run(args: readonly string[], as = 'approver') {
  const said: string[] = [];
  const warned: string[] = [];
  const console = { out: (text: string) => void said.push(text), err: (text: string) => void warned.push(text), tty: false };
  const env = { RESCIND_URL: world.origin, RESCIND_TOKEN: as };
  const context = { console, env, workingDir: '.', ended: new AbortController().signal, programDir: '.', version: '0' };
  const exitCode = await runProgram(args, context);
  return { exitCode, out: said.join(''), err: warned.join('') };
}
const givenTo = () => asked.map((call) => call.filter((part) => typeof part !== 'object' || part === null || !('roles' in part)));

it('undo takes back one action with a reason, and says what it waits for', async () => {
  expect(await run(['undo', id, '--reason', 'wrong person'])).toEqual({
    exitCode: 0,
    out: 'plan plan-1: held, waits for approval\n',
    err: '',
  });
  expect(givenTo()).toEqual([['one', id, 'wrong person']]);
  expect((await run(['undo', id])).exitCode).toBe(2);
  expect(await run(['undo', id, '--reason', 'twice'])).toMatchObject({
    exitCode: 1,
    err: 'rescind: conflict: It is not in force any more.\n',
  });
  expect(await run(['undo', id, '--reason', 'why'], 'analyst')).toMatchObject({ exitCode: 2 });
});

it('undo of a campaign shows the list first, and takes exactly that list by its hash', async () => {
  const { out } = await run(['undo', '--source', 'partner', '--signal-type', 'session_revoked', '--from', '2026-05-04T10:00:00Z']);
  expect(out).toBe(`nothing is changed; 1 actions on 1 people would be undone:
  ${id}  account.suspend of p by account.restore
  not given back: p must sign in again
to undo exactly these: --confirm ${hash} --reason TEXT
`);
  const filter = { source: 'partner', signalType: 'session_revoked', from: '2026-05-04T10:00:00Z' };
  expect(givenTo()).toEqual([['preview', filter]]);
  expect((await run(['undo', '--source', 'partner', '--confirm', hash])).exitCode).toBe(2);
  expect((await run(['undo', '--reason', 'all of it'])).exitCode).toBe(2);
  expect((await run(['undo', '--source', 'partner', '--confirm', hash, '--reason', 'a wrong list'])).out).toBe(
    'order order-1: 600 actions on 600 people are being undone\n',
  );
  expect(givenTo().at(-1)).toEqual(['order', { source: 'partner' }, hash, 'a wrong list']);
});

it('action extend and action confirm set another end', async () => {
  expect((await run(['action', 'extend', id, '--for', '8h'])).out).toBe('in force until 2026-05-04T18:00:00.000Z\n');
  expect((await run(['action', 'extend', id, '--until', '2026-05-04T18:00:00Z'])).exitCode).toBe(0);
  expect((await run(['action', 'confirm', id])).out).toBe('stays until a person lifts it\n');
  expect(givenTo()).toEqual([
    ['end', id, { lasts: '8h' }],
    ['end', id, { at: '2026-05-04T18:00:00Z' }],
    ['end', id, null],
  ]);
  expect((await run(['action', 'extend', id])).exitCode).toBe(2);
});

it('an order without anything that chooses is refused: all is too much', async () => {
  const answer = await world.ask('/api/v1/undo/preview', { as: 'admin', method: 'POST', body: {} });
  expect(answer.status).toBe(400);
  expect((await world.ask(`/api/v1/undo/${newId()}`, { as: 'admin' })).status).toBe(404);
});
