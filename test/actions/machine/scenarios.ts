/** The worlds that are looked through: small ones for each test run, and larger ones for when somebody has changed how plans move. */
import { nothingGoesWrong, type Scenario } from './scenario.ts';

const two = [
  { name: 'A', types: ['account.suspend'] },
  { name: 'B', types: ['session.revoke'] },
] as const;
const one = [{ name: 'A', types: ['account.suspend', 'session.revoke'] }] as const;

export const scenarios: readonly Scenario[] = [
  { ...nothingGoesWrong, name: 'two plans of a lane, a death, a pause', plans: two, deaths: 1, pauses: 1 },
  { ...nothingGoesWrong, name: 'a plan of two actions, a death, a lost answer, a pause', plans: one, deaths: 1, lostAnswers: 1, pauses: 1 },
];
