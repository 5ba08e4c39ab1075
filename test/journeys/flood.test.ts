/** One source, or three, calls six hundred of two thousand people high-risk: a mistake stays small. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Core } from '../../src/app/core.ts';
import { testDatabase } from '../support/database.ts';
import { type FloodWorld, floodBegin, openFloodWorld, partners } from '../support/flood-world.ts';

const minute = 60_000;
let world: FloodWorld | undefined;
let ending: (() => Promise<void>) | undefined;
afterEach(async () => {
  await world?.close();
  await ending?.();
});

async function open(limits = true): Promise<FloodWorld> {
  const database = await testDatabase();
  ending = () => database.drop();
  world = await openFloodWorld(database, { people: 2_000, limits });
  return world;
}

const marked = (flood: FloodWorld) => flood.people.slice(700, 1_300);
const settle = (flood: FloodWorld, items: readonly ReturnType<FloodWorld['arrival']>[]) => (flood.cores[0] as Core).batcher.submit(items);

/** Who and why, for people to read. */
async function tell(flood: FloodWorld, how: string): Promise<readonly string[]> {
  const disturbed = await flood.disturbed();
  const { rows } = await (flood.cores[0] as Core).store.query<{ held_for: string | null; count: number }>(
    'select held_for, count(*)::int as count from plan group by held_for order by 1',
  );
  process.stdout.write(
    `flood ${how}: ${disturbed.length} disturbed (${disturbed.slice(0, 10).join(', ')}); plans ${rows.map(({ held_for, count }) => `${count} ${held_for ?? 'released'}`).join(', ')}\n`,
  );
  return disturbed;
}

describe('a flood of six hundred', { timeout: 120_000 }, () => {
  it('in one batch disturbs eight people, and waits until somebody has judged it', async () => {
    const flood = await open();
    await settle(
      flood,
      marked(flood).map((person) => flood.arrival(person, partners[0])),
    );
    expect(await tell(flood, 'in one batch')).toHaveLength(8);
    const { store } = flood.cores[0] as Core;
    const { rows: hits } = await store.query(
      `select scope, count(*)::int as count from limit_hit where judged_at is null group by scope order by 1`,
    );
    expect(hits).toEqual([
      { scope: 'source:partner-a', count: 592 },
      { scope: 'surge:caep_risk_high:partner-a', count: 592 },
    ]);

    // Two days later time alone has opened nothing.
    await flood.at(floodBegin + 49 * 60 * minute);
    await settle(
      flood,
      flood.people.slice(0, 20).map((person) => flood.arrival(person, partners[0])),
    );
    expect(await flood.disturbed()).toHaveLength(8);

    // Somebody says that it was all true.
    const { rows } = await store.query<{ id: string }>(
      `select decision_id as id from limit_hit where scope like 'surge:%' order by 1 limit 1`,
    );
    const verdict = {
      type: 'verdict',
      source: 'operators',
      sourceKind: 'operators',
      cause: 'person',
      facts: { decisionId: rows[0]?.id as string, verdict: 'false' },
    } as const;
    await settle(flood, [flood.arrival('person-700', 'operators', verdict)]);
    await settle(
      flood,
      flood.people.slice(20, 40).map((person) => flood.arrival(person, partners[0])),
    );
    expect(await flood.disturbed()).toHaveLength(8);
    await settle(flood, [flood.arrival('person-700', 'operators', { ...verdict, facts: { ...verdict.facts, verdict: 'true' } })]);
    await settle(
      flood,
      flood.people.slice(40, 60).map((person) => flood.arrival(person, partners[0])),
    );
    expect(await flood.disturbed()).toHaveLength(16);
  });

  it('within one second, in many small batches, disturbs eight people', async () => {
    const flood = await open();
    for (const [n, from] of Array.from({ length: 60 }, (_, index) => index * 10).entries()) {
      await flood.at(floodBegin + n * 16);
      await settle(
        flood,
        marked(flood)
          .slice(from, from + 10)
          .map((person) => flood.arrival(person, partners[0])),
      );
    }
    expect(await tell(flood, 'within one second')).toHaveLength(8);
  });

  it('over five minutes disturbs eight people', async () => {
    const flood = await open();
    for (let n = 0; n < 60; n++) {
      await flood.at(floodBegin + n * 5_000);
      await settle(
        flood,
        marked(flood)
          .slice(n * 10, n * 10 + 10)
          .map((person) => flood.arrival(person, partners[0])),
      );
    }
    expect(await tell(flood, 'over five minutes')).toHaveLength(8);
  });

  it('split over three sources disturbs ten people in an hour', async () => {
    const flood = await open();
    for (let n = 0; n < 12; n++) {
      await flood.at(floodBegin + n * 5 * minute - n);
      await settle(
        flood,
        marked(flood)
          .slice(n * 50, n * 50 + 50)
          .map((person, index) => flood.arrival(person, partners[index % 3] as string)),
      );
    }
    expect(await tell(flood, 'split over three sources')).toHaveLength(10);
  });

  it('with the guards that count switched off disturbs all six hundred', async () => {
    const flood = await open(false);
    await settle(
      flood,
      marked(flood).map((person) => flood.arrival(person, partners[0])),
    );
    expect(await tell(flood, 'without guards that count')).toHaveLength(600);
  });
});
