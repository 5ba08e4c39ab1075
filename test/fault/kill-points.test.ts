import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { runSeed } from './act.ts';

/** Without these no path was learnt: what accepts, decides, claims, asks leave, ends and gives a line its place. */
const landmarks = [
  'insert into dedupe',
  'select i.id, i.merged_into',
  "select pg_advisory_xact_lock(hashtextextended('guard '",
  'insert into signal (',
  'insert into plan (',
  'WITH ins AS ( INSERT INTO pgboss',
  'commit after WITH ins AS ( INSERT INTO pgboss',
  'select pg_advisory_xact_lock(7302',
  'update plan set claimed_by',
  'insert into action (',
  'insert into ledger_entry',
  'commit after insert into ledger_pending',
  'update plan set state',
  'update action a set state',
  'insert into ledger_leaf',
  'insert into ledger_head',
  'commit after insert into ledger_head',
  'POST /people/{id}/sessions/revoke',
  'POST /people/{id}/tokens/revoke',
  'GET /people/{id}/access',
];

it('a process that dies at any statement or call of the path loses nothing, does nothing twice and leaves nothing open', {
  timeout: 600_000,
}, async () => {
  const { path, points, missed, faults, passes } = await runSeed(1, testDatabase);
  expect(faults).toEqual([]);
  expect(missed).toEqual([]);
  for (const landmark of landmarks)
    expect(
      path.filter((name) => name.startsWith(landmark)),
      landmark,
    ).not.toEqual([]);
  expect(points).toBe(2 * path.length);
  expect(passes).toBeGreaterThanOrEqual(points);
});
