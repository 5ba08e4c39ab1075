/** Every journey of `cases/` once more with enforcement off: whatever is decided, nothing is done. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCase, play } from './cases/world.ts';

const folder = join(import.meta.dirname, 'cases');
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((file) => ({ file, case: parseCase(parse(readFileSync(join(folder, file), 'utf8'))) }));
const writesOf = (calls: readonly string[]) => calls.filter((call) => !/^(GET|HEAD) /.test(call));

it('the journeys write where enforcement is on', () => {
  expect(cases.filter(({ case: journey }) => writesOf(journey.expect.calls).length > 0).length).toBeGreaterThanOrEqual(5);
});

it.each(cases)('$file makes no write call', { timeout: 60_000 }, async ({ case: journey }) => {
  const { given } = journey;
  const outcome = await play({ ...journey, given: { ...given, enforcement: 'report-only' } });
  expect(outcome.decisions.length).toBeGreaterThan(0);
  expect(writesOf(outcome.calls)).toEqual([]);
  expect(outcome.decisions.flatMap(({ actions }) => actions.filter((action) => / released/.test(action)))).toEqual([]);
  const untouched = Object.fromEntries(given.people.map(({ id, sessions }) => [id, [sessions, 2 * sessions]]));
  expect(outcome.access).toEqual(untouched);
});
