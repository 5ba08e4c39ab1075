/** The worlds that are looked through: small ones for each test run, and larger ones for when somebody has changed how plans move. */
import { nothingGoesWrong, type PlannedRow, type Scenario } from './scenario.ts';

const suspend: PlannedRow = { name: 'A', types: ['account.suspend'] };
const both: PlannedRow = { name: 'A', types: ['account.suspend', 'session.revoke'] };
const lane: readonly PlannedRow[] = [suspend, { name: 'B', types: ['session.revoke'] }];
/** What the lane keeps from being claimed is given back at once: waiting for it adds time and nothing else. */
const impatient = { lanePatienceMs: 0 };

const world = (name: string, plans: readonly PlannedRow[], more: Partial<Scenario>): Scenario => ({
  ...nothingGoesWrong,
  name,
  plans,
  ...more,
});

export const scenarios: readonly Scenario[] = [
  world('one plan, whose process dies and whose answer is lost, and the kill switch', [both], { deaths: 1, lostAnswers: 1, pauses: 1 }),
  world('two plans of a lane, and a death', lane, { deaths: 1, settings: impatient }),
  world('two plans of a lane, and the kill switch', lane, { pauses: 1 }),
  world('a held plan, and people of several minds', [{ ...suspend, state: 'approval' }], {
    pauses: 1,
    words: ['approve A', 'deny A', 'hold A', 'expire A'],
  }),
  world('a plan that goes on after a pause, or does not', [both], { failures: 1, pauses: 1, words: ['approve A', 'hold A', 'expire A'] }),
  world('a plan that is given back, and people who say wait', [suspend], {
    failures: 1,
    blindReads: 1,
    pauses: 1,
    words: ['hold A', 'approve A', 'deny A'],
    settings: { inlineWaitMs: 0 },
  }),
  world('undone afterwards, though a process dies', [suspend], { deaths: 1, undos: 1 }),
  world('undone afterwards, and the kill switch', [suspend], { pauses: 1, undos: 1, words: ['approve U1', 'deny U1'] }),
  world('a provider that cannot be read', [suspend], { readBack: false, lostAnswers: 1, pauses: 1, words: ['approve A', 'deny A'] }),
  world('a process that lost its lock goes on, and calls arrive late', [suspend], {
    keys: true,
    lateArrivals: true,
    lostLocks: 1,
  }),
  world('a store that does not always answer', [suspend], { storeErrors: 1 }),
  world('a leaver, who waits for the end of a pause', [{ ...both, cause: 'leaver' }], { pauses: 1, deaths: 1 }),
];

export const deepScenarios: readonly Scenario[] = [
  ...scenarios,
  world('two plans of a lane, a death and the kill switch', lane, { deaths: 1, pauses: 1, settings: impatient }),
  world('two plans, of which one is held', [suspend, { name: 'B', types: ['session.revoke'], state: 'approval' }], {
    deaths: 1,
    pauses: 1,
    words: ['approve B', 'expire B'],
    settings: impatient,
  }),
  world('one plan, two deaths, two lost answers, and the kill switch twice', [both], {
    deaths: 2,
    lostAnswers: 2,
    pauses: 2,
    words: ['approve A'],
  }),
  world('undone afterwards, a death, a lost answer and the kill switch', [suspend], {
    deaths: 1,
    lostAnswers: 1,
    pauses: 1,
    undos: 1,
    words: ['approve U1', 'approve A', 'expire A'],
  }),
  world('a provider that cannot be read, and a death', [both], {
    readBack: false,
    lostAnswers: 1,
    deaths: 1,
    pauses: 1,
    words: ['approve A', 'deny A'],
  }),
  world('a lost lock, a death, a lost answer and calls that arrive late', [suspend], {
    keys: true,
    lateArrivals: true,
    lostLocks: 1,
    deaths: 1,
    lostAnswers: 1,
  }),
  world('locks lost twice, late calls, a store that does not answer', [suspend], {
    keys: true,
    lateArrivals: true,
    lostLocks: 2,
    deaths: 1,
    lostAnswers: 1,
    storeErrors: 1,
  }),
];
