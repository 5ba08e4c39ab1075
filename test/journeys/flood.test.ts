/** One source, or three, calls six hundred of two thousand people high-risk: a mistake stays small. */
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { type FloodWorld, floodBegin, openFloodWorld, partners } from '../support/flood-world.ts';
import { disturbedBy, type FloodReport, formatReport, playFlood, type Scenario, scenarios } from './flood.ts';

const minute = 60_000;

/** Prints who and why, for people to read. */
async function play(scenario: Scenario, guards = true): Promise<FloodReport> {
  const database = await testDatabase();
  try {
    const report = await playFlood(database, scenario, { people: 2_000, marked: 600, guards });
    process.stdout.write(formatReport(report));
    return report;
  } finally {
    await database.drop();
  }
}

describe('a flood of six hundred at a running service', { timeout: 120_000 }, () => {
  it.each(scenarios)('%s disturbs as many as the worst case says, no more, and is one incident and one page', async (scenario) => {
    const report = await play(scenario);
    const disturbed = disturbedBy(report);
    expect(disturbed).toHaveLength(scenario === 'split over three sources' ? 10 : 8);
    expect(report.bound).toBe(disturbed.length);
    // What the records say is what the provider has done.
    expect([...report.struck].sort()).toEqual([...disturbed].sort());
    expect(report.batches.reduce((sum, count) => sum + count, 0)).toBe(600);

    const [incident] = report.incidents;
    expect(report.incidents).toMatchObject([{ signalType: 'caep_risk_high', state: 'open' }]);
    const of = (type: string) => report.told.filter((notice) => notice.type === type);
    const updates = of('incident.updated');
    // One page that is updated, and one that everything from rung 3 on is held from now on, whoever asks: none a plan or a person.
    expect(of('incident.opened')).toMatchObject([{ data: { incidentId: incident?.id } }]);
    expect(of('breaker.opened')).toHaveLength(1);
    expect(report.told.filter(({ data }) => data['page'] === true).map(({ type }) => type)).toEqual(['incident.opened']);
    expect(report.told).toHaveLength(2 + updates.length);
    expect(new Set(updates.map(({ data }) => data['incidentId']))).toEqual(new Set([incident?.id]));
    const sentAt = updates.map(({ timestamp }) => Number(timestamp) * 1_000);
    for (const [n, at] of sentAt.slice(1).entries()) expect(at - (sentAt[n] as number)).toBeGreaterThanOrEqual(minute);
    expect(updates.at(-1)?.data['incident']).toMatchObject({ people: 600 });
  });

  it('at once, with the guards that count out of reach, disturbs all six hundred', async () => {
    const report = await play('at once', false);
    expect(disturbedBy(report)).toHaveLength(600);
    expect(report.struck).toHaveLength(600);
    expect(report.bound).toBe(8);
  });
});

/** No door takes a body of many signals yet: one that does hands it to the batcher as this does, which cuts it into batches of 256. */
describe('a flood of six hundred in one body', { timeout: 120_000 }, () => {
  let world: FloodWorld | undefined;
  let ending: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await world?.close();
    await ending?.();
  });

  it('disturbs eight people, and waits until somebody has judged it', async () => {
    const database = await testDatabase();
    ending = () => database.drop();
    const flood = await openFloodWorld(database, { people: 2_000 });
    world = flood;
    const { core } = flood;
    const settle = (people: readonly string[]) => core.batcher.submit(people.map((person) => flood.arrival(person, partners[0])));
    await settle(flood.people.slice(700, 1_300));
    expect(await flood.disturbed()).toHaveLength(8);
    const { rows: hits } = await core.store.query(
      `select scope, count(*)::int as count from limit_hit where judged_at is null group by scope order by 1`,
    );
    expect(hits).toEqual([
      { scope: 'source:partner-a', count: 592 },
      { scope: 'surge:caep_risk_high:partner-a', count: 592 },
    ]);

    // Two days later time alone has opened nothing.
    await flood.at(floodBegin + 49 * 60 * minute);
    await settle(flood.people.slice(0, 20));
    expect(await flood.disturbed()).toHaveLength(8);

    // Somebody says that it was all true.
    const { rows } = await core.store.query<{ id: string }>(
      `select decision_id as id from limit_hit where scope like 'surge:%' order by 1 limit 1`,
    );
    const judge = (verdict: string) =>
      core.batcher.submit([
        flood.arrival('person-700', 'operators', {
          type: 'verdict',
          source: 'operators',
          sourceKind: 'operators',
          cause: 'person',
          facts: { decisionId: rows[0]?.id as string, verdict },
        }),
      ]);
    await judge('false');
    await settle(flood.people.slice(20, 40));
    expect(await flood.disturbed()).toHaveLength(8);
    await judge('true');
    await settle(flood.people.slice(40, 60));
    expect(await flood.disturbed()).toHaveLength(16);
  });
});
