/**
 * `ingest.okta.hook`: bodies of a hundred events that Okta's stand-in would push, four in flight, accepted, decided and written down, against
 * the same rows in plain inserts. Slices of the two take turns, so that a noisy minute strikes both.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillEvent } from '../test/fakes/okta/log-event.ts';
import type { Bench } from './bench.ts';
import { startChild } from './child.ts';
import { type Counts, checkCounts } from './counts.ts';
import type { GeneratorArgument, LoadOrder, LoadResult } from './generator.ts';
import { oktaEvent } from './okta-events.ts';
import { hookSecret, openOktaOrganisation } from './okta-organisation.ts';
import { median, type Row, round, spread } from './row.ts';
import { averageBatch, openRowWriter } from './row-writer.ts';

const connections = 4;
const eventsABody = 100;
const slices = 7;
const warmUpBodies = 24;
const sliceBodies = 24;
/** Polling has its own bench; here it is asked once, at the start. */
const hardlyEverSeconds = 3_600;

export const oktaHook: Bench = {
  names: ['baseline.pg-rows.hook', 'ingest.okta.hook'],
  async run({ serviceOptions }) {
    const organisation = await openOktaOrganisation();
    const ending: (() => Promise<void>)[] = [() => organisation.close()];
    try {
      const bodies = join(organisation.folder, 'bodies');
      writeFileSync(bodies, bodiesOf(warmUpBodies + slices * sliceBodies, organisation.okta.ready.people));
      const generator = await startChild<object>('generator.ts', {
        tokens: bodies,
        path: '/hooks/okta-main',
        authorization: hookSecret,
        mediaType: 'application/json',
        taken: '200',
      } satisfies GeneratorArgument);
      ending.push(() => generator.stop());
      const service = await organisation.startService(hardlyEverSeconds, serviceOptions);
      let accepted = 0;
      const push = async (from: number, count: number) => {
        const result = await generator.ask<LoadResult>({ port: service.ready.port, connections, from, count } satisfies LoadOrder);
        if (result.accepted !== count) throw new Error(`the service refused: ${JSON.stringify(result.refused)}`);
        accepted += count * eventsABody;
        return result;
      };
      await push(0, warmUpBodies);
      const rows = await openRowWriter(service.ready.database, await averageBatch(service.ready.database));
      ending.push(() => rows.close());
      await rows.write();

      const measured: { rate: number; rowsPerSecond: number; latenciesMs: readonly number[] }[] = [];
      for (let slice = 0; slice < slices; slice++) {
        const { elapsedMs, latenciesMs } = await push(warmUpBodies + slice * sliceBodies, sliceBodies);
        measured.push({ rate: (sliceBodies * eventsABody * 1000) / elapsedMs, rowsPerSecond: await rows.write(), latenciesMs });
      }
      checkCounts(await service.ask<Counts>({ count: true }), accepted);
      return [
        { name: 'baseline.pg-rows.hook', unit: 'signals/s', value: round(median(measured.map(({ rowsPerSecond }) => rowsPerSecond))) },
        {
          name: 'ingest.okta.hook',
          unit: 'events/s',
          value: round(median(measured.map(({ rate }) => rate))),
          ...spread(measured.flatMap(({ latenciesMs }) => latenciesMs)),
          ratioTo: 'baseline.pg-rows.hook',
          ratio: round(median(measured.map(({ rate, rowsPerSecond }) => rate / rowsPerSecond))),
        },
      ] satisfies Row[];
    } finally {
      for (const end of ending.reverse()) await end();
    }
  },
};

/** One a line, each event with a name of its own. */
function bodiesOf(count: number, people: Parameters<typeof oktaEvent>[1]): string {
  const now = Date.now();
  const envelope = (n: number) => ({
    eventType: 'com.okta.event_hook',
    eventTypeVersion: '1.0',
    cloudEventsVersion: '0.1',
    eventId: `delivery-${n}`,
    data: { events: Array.from({ length: eventsABody }, (_, m) => fillEvent(oktaEvent(n * eventsABody + m, people), now)) },
  });
  return Array.from({ length: count }, (_, n) => JSON.stringify(envelope(n))).join('\n');
}
