import { expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import type { Moment } from './postgres-proxy.ts';
import { adminToken, openWorld } from './world.ts';

/** What settles the event that completes a window: the door's key of the event and of the signal, the ring, the writes. */
const statements = [
  'insert into dedupe',
  "select pg_advisory_xact_lock(hashtextextended('ring '",
  'select r.detection',
  'insert into signal (',
  'insert into detection_ring',
  'commit after insert into detection_ring',
];
const moments: readonly Moment[] = ['before', 'after'];

it('a process that dies anywhere while a window is completed finds it once, when the event comes again', { timeout: 300_000 }, async () => {
  const world = await openWorld(await testDatabase(), 1 + 2 * (statements.length + 1), { standby: true });
  try {
    let service = await world.start();
    const deny = async (person: string, n: number): Promise<number | 'lost'> => {
      const body = {
        type: 'mfa.push.denied',
        subject: { format: 'email', email: `${person}@example.com` },
        dedupeKey: `${person} ${n}`,
      };
      try {
        const response = await fetch(`${service.origin}/api/v1/signals`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
          body: JSON.stringify(body),
        });
        await response.arrayBuffer();
        return response.status;
      } catch {
        return 'lost';
      }
    };
    const denyFour = async (person: string) => {
      for (let n = 0; n < 4; n++) expect(await deny(person, n)).toBe(202);
    };
    const [first, ...others] = world.people as [string, ...string[]];
    await denyFour(first);
    world.postgres.arm(undefined);
    expect(await deny(first, 4)).toBe(202);
    world.postgres.disarm();
    const path = [...world.postgres.census].filter((name) => statements.some((statement) => name.startsWith(statement)));
    // The door is asked twice: for the event, and for what it brought about.
    expect(path).toHaveLength(statements.length + 1);

    for (const [n, person] of others.entries()) {
      await denyFour(person);
      world.postgres.arm({ statement: path[n >> 1] as string, moment: moments[n & 1] as Moment });
      expect(await deny(person, 4)).toBe('lost');
      expect(world.postgres.struck, `${path[n >> 1]} ${moments[n & 1]}`).toBe(true);
      await service.kill();
      service = await world.start();
      expect(await deny(person, 4)).toBe(202);
    }
    const { rows } = await world.database.store.query<{ times: number; people: number; entries: number }>(
      `select count(*)::int as times, count(distinct s.identity_id)::int as people, count(e.id)::int as entries
       from signal s left join ledger_entry e on e.id = s.decision_id where s.type = 'mfa_fatigue' and s.state = 'decided'`,
    );
    expect(rows).toEqual([{ times: world.people.length, people: world.people.length, entries: world.people.length }]);
  } finally {
    await world.close();
  }
});
