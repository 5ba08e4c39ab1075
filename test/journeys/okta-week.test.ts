import { expect, it } from 'vitest';
import { runWeek } from './okta-week.ts';

it('a week of lost, repeated, reversed and missing hooks, with polling on: everybody stands as by a faultless feed, and nothing is done twice', {
  timeout: 120_000,
}, async () => {
  const week = await runWeek({ people: 24, hours: 168, seed: 7 });
  expect(week).toMatchObject({ unmatched: 0, differing: [], doubled: 0 });
  expect(week.signals.faulty).toBeGreaterThan(1_500);
  // The faults took place, and something was done.
  for (const count of Object.values(week.hook)) expect(count).toBeGreaterThan(50);
  expect(week.brought.poll).toBeGreaterThan(week.hook.lost);
  expect(week.effects).toBeGreaterThan(0);
  expect(Object.keys(week.levels).length).toBeGreaterThan(2);

  const [silent, ...undelivered] = week.gaps;
  expect(silent).toMatchObject({ reason: 'hook.silent', open: false });
  expect(silent?.hours).toBeGreaterThanOrEqual(4);
  expect(silent?.events).toBeGreaterThan(20);
  expect(undelivered.length).toBeGreaterThan(0);
  for (const gap of undelivered) expect(gap).toMatchObject({ reason: 'hook.undelivered', open: false });
  expect(week.told).toContain('hook.silent');
});

it('the same without polling shows: what a hook lost is not known', { timeout: 60_000 }, async () => {
  const days = await runWeek({ people: 16, hours: 40, seed: 7, polled: false });
  expect(days.unmatched).toBeGreaterThan(20);
  expect(days.differing.length).toBeGreaterThan(3);
});
