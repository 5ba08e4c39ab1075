/**
 * `poll.okta`: events that wait in the log of Okta's stand-in, fetched by pages of a thousand, decided and written down, one page after
 * another. Counted between the first batch that was decided and the last.
 */
import pg from 'pg';
import type { Bench } from './bench.ts';
import { type Counts, checkCounts } from './counts.ts';
import { openOktaOrganisation } from './okta-organisation.ts';
import { median, type Row, round } from './row.ts';

const rounds = 5;
const eventsARound = 5_000;
const lookMs = 50;
const givenUpMs = 60_000;

export const oktaPoll: Bench = {
  names: ['poll.okta'],
  async run({ serviceOptions }) {
    const organisation = await openOktaOrganisation();
    try {
      const service = await organisation.startService(1, serviceOptions);
      const client = new pg.Client(service.ready.database);
      await client.connect();
      try {
        const rates: number[] = [];
        for (let round = 1; round <= rounds; round++) {
          await organisation.okta.ask({ log: eventsARound });
          await until(client, round * eventsARound);
          rates.push(await rateOf(client, (round - 1) * eventsARound));
        }
        checkCounts(await service.ask<Counts>({ count: true }), rounds * eventsARound);
        return [{ name: 'poll.okta', unit: 'events/s', value: round(median(rates)) }] satisfies Row[];
      } finally {
        await client.end();
      }
    } finally {
      await organisation.close();
    }
  },
};

async function until(client: pg.Client, signals: number): Promise<void> {
  for (const startedMs = performance.now(); performance.now() - startedMs < givenUpMs; ) {
    const { rows } = await client.query<{ count: string }>('select count(*) from signal');
    if (Number(rows[0]?.count) >= signals) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new Error(`${signals} signals did not arrive in time`);
}

/** Signals a second after the first batch, of those that came behind the first `before`. */
async function rateOf(client: pg.Client, before: number): Promise<number> {
  const { rows } = await client.query<{ rate: number }>(
    `with these as (select decided_at from signal order by id offset $1),
     edges as (select min(decided_at) as first, max(decided_at) as last from these)
     select (count(*) filter (where decided_at > first) / extract(epoch from max(last) - max(first)))::float8 as rate from these, edges`,
    [before],
  );
  return rows[0]?.rate ?? Number.NaN;
}
