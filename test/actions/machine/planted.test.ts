/** Whether looking through every course of events would notice: faults planted in the store, in people's rules and in the executor's own code. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { createExecutor } from '../../../src/actions/index.ts';
import { explore } from './explore.ts';
import type { Omission } from './memory-plans.ts';
import { nothingGoesWrong, type Scenario } from './scenario.ts';

const one: Scenario = { ...nothingGoesWrong, name: 'one plan', plans: [{ name: 'A', types: ['account.suspend'] }] };

const omissions: readonly (readonly [Omission, Scenario, RegExp])[] = [
  ['claim: pause', { ...one, pauses: 1 }, /begun during a pause/],
  ['claim: nobody else', { ...one, storeErrors: 1 }, /taken from a process that lives/],
  ['claim: lane', { ...one, plans: [...one.plans, { name: 'B', types: ['session.revoke'] }] }, /before A of its lane had ended/],
  ['call: pause', { ...one, pauses: 1 }, /leave to call was given during a pause/],
  ['call: ours', { ...one, lostLocks: 1, keys: true }, /leave was given to who has no claim/],
  ['attempt: pause', { ...one, pauses: 1, failures: 1 }, /leave to call was given during a pause/],
  ['end: ours', { ...one, lostLocks: 1, keys: true }, /ended by who has no claim/],
  ['takeBack: gone', one, /taken from a process that lives/],
  ['change: from', { ...one, words: ['approve A'] }, /went from (done|partial) to released/],
  ['end: undo rows', one, /nothing will end it/],
];

it.each(omissions)('a store that leaves out %s is found out', async (omission, scenario, what) => {
  const { violation } = await explore(scenario, { without: new Set([omission]) });
  expect(violation?.what).toMatch(what);
  expect((await explore(scenario)).violation).toBeUndefined();
});

interface Fault {
  readonly title: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly scenario: Scenario;
  readonly what: RegExp;
}

const faults: readonly Fault[] = [
  {
    title: 'does not look before it calls again, where an answer was lost',
    file: 'course.ts',
    from: "course.phase = 'check';",
    to: "course.phase = 'call';",
    scenario: { ...one, lostAnswers: 1 },
    what: /called again, and nobody had looked/,
  },
  {
    title: 'does not look before it calls again, where a process died',
    file: 'course.ts',
    from: "return fresh || record.state === 'failed' ? 'call' : 'check';",
    to: "return 'call';",
    scenario: { ...one, deaths: 1 },
    what: /called again, and nobody had looked/,
  },
  {
    title: 'asks for leave and does not heed the answer',
    file: 'course.ts',
    from: "if (leave !== 'yes') return leave;",
    to: '',
    scenario: { ...one, pauses: 1 },
    what: /called without leave/,
  },
  {
    title: 'can write no end of what failed',
    file: 'course.ts',
    from: "course.record = { ...course.record, state: 'failed', code: receipt.code };\n      course.dueAt = dueAt;",
    to: "course.phase = 'ended';",
    scenario: { ...one, failures: 1 },
    what: /goes in a circle/,
  },
  {
    title: 'gives back without a job, where nobody sweeps',
    file: 'executor.ts',
    from: 'jobs: nextAt === null ? [] : await jobs.jobStatements([ref], nextAt),',
    to: 'jobs: [],',
    scenario: { ...one, failures: 1, settings: { inlineWaitMs: 0, sweepEveryMs: 900_000 } },
    what: /goes in a circle/,
  },
  {
    title: 'ends what was done without a line in the log',
    file: 'executor.ts',
    from: "course.phase === 'ended' && !course.endedBefore ? [finishedEntry",
    to: "course.phase === 'ended' && course.endedBefore ? [finishedEntry",
    scenario: one,
    what: /the log does not say so/,
  },
  {
    title: 'leaves open what nobody can look at, when a pause comes',
    file: 'executor.ts',
    from: 'for (const course of courses) endUnseen(course, context);',
    to: ';',
    scenario: { ...one, readBack: false, lostAnswers: 1, pauses: 1, words: ['deny A'] },
    what: /nothing will end it/,
  },
];

const folder = mkdtempSync(join(tmpdir(), 'rescind-machine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const source = join(import.meta.dirname, '../../../src');

/** A copy of the room with one fault in it, beside the words that it is made of. */
async function executorWith({ file, from, to }: Fault, name: string): Promise<typeof createExecutor> {
  const copy = join(folder, name);
  cpSync(join(source, 'actions'), join(copy, 'actions'), { recursive: true });
  for (const room of ['model', 'adapters']) symlinkSync(join(source, room), join(copy, room));
  symlinkSync(join(source, '../node_modules'), join(copy, 'node_modules'));
  const path = join(copy, 'actions', file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`not exactly once in ${file}: ${from}`);
  writeFileSync(path, text.replace(from, to));
  return (await import(/* @vite-ignore */ pathToFileURL(join(copy, 'actions/executor.ts')).href)).createExecutor;
}

it.each(faults.map((fault, n) => [fault.title, fault, n] as const))('an executor that %s is found out', async (_, fault, n) => {
  const create = await executorWith(fault, `copy-${n}`);
  expect((await explore(fault.scenario, { create })).violation?.what).toMatch(fault.what);
  expect((await explore(fault.scenario)).violation).toBeUndefined();
});
