/** Plays every journey of `cases/`: signals in, decisions, calls, what access is left, and the lines of the log. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { fromRfc3339 } from '../src/model/clock.ts';
import { parseCase, play } from './cases/world.ts';

const folder = join(import.meta.dirname, 'cases');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

it('has cases to play', () => expect(files.length).toBeGreaterThanOrEqual(11));

const cases = files.map((file) => ({ file, case: parseCase(parse(readFileSync(join(folder, file), 'utf8'))) }));

it.each(cases)('$file: $case.title', { timeout: 60_000 }, async ({ case: journey }) => {
  const outcome = await play(journey);
  const wanted = journey.expect;
  const total = journey.signals.reduce((sum, signal) => sum + signal.count * signal.times, 0);
  expect(outcome.answers).toEqual(wanted.answers ?? Array.from({ length: total }, () => 202));
  expect(outcome.decisions).toMatchObject(
    wanted.decisions.map(({ reasons, actions, ...facts }) => ({ ...facts, actions, reasons: expect.arrayContaining(reasons) })),
  );
  expect({ plans: outcome.plans, calls: outcome.calls, access: outcome.access, ledger: outcome.ledger }).toEqual({
    plans: wanted.plans,
    calls: wanted.calls,
    access: wanted.access,
    ledger: wanted.ledger,
  });
  expect(outcome.ledgerFaults).toEqual([]);
  expect(outcome.instants).toEqual([fromRfc3339(journey.clock)]);
});
