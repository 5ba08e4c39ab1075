/**
 * Calls many of an organisation's people high-risk at a running service, in four ways, and says how many were disturbed, who, and why.
 * `node test/journeys/flood.ts [--people 2000] [--marked 600] [--guards off]`; exit 1 where more were disturbed than the worst case of
 * the shipped guards says, 2 for arguments that are none.
 */
import { parseArgs } from 'node:util';
import { worstCase } from '../../src/guard/index.ts';
import type { Core } from '../../src/model/entry.ts';
import type { ReceivedWebhook } from '../fakes/webhook-receiver.ts';
import { guards } from '../guard/support.ts';
import { startTestServer, type TestDatabase } from '../support/database.ts';
import { disturbingStates, floodBegin, partners } from '../support/flood-world.ts';
import { type FloodService, type Marked, openFloodService } from './flood-service.ts';

export const scenarios = ['at once', 'within one second', 'over five minutes', 'split over three sources'] as const;
export type Scenario = (typeof scenarios)[number];

export interface FloodOptions {
  readonly people: number;
  readonly marked: number;
  /** False: a policy folder whose counting guards are out of reach. */
  readonly guards: boolean;
}

export interface FloodReport {
  readonly scenario: Scenario;
  /** The most that the shipped guards let through in an hour. */
  readonly bound: number;
  /** Who was disturbed by a plan of ours, and why. */
  readonly released: readonly Released[];
  /** Who lost a session, or is asked for a second factor, at the provider. */
  readonly struck: readonly string[];
  /** Plans that were held, and may have expired since, by the guard that held them. */
  readonly held: Readonly<Record<string, number>>;
  readonly incidents: readonly { readonly id: string; readonly signalType: string; readonly state: string }[];
  readonly told: readonly ReceivedWebhook[];
  /** How many of the signals each transaction settled. */
  readonly batches: readonly number[];
  readonly pushedMs: number;
}

export interface Released {
  readonly person: string;
  readonly source: string;
  readonly signalType: string;
  readonly level: string;
  /** Each with the policy and the step that wanted it, e.g. `session.revoke of RP-900/revoke`. */
  readonly actions: readonly string[];
  /** What became of the plan. */
  readonly state: string;
}

const minute = 60_000;
/** Time for the last news of an incident, which waits for a minute. */
const restMs = 2 * minute;

/** How many waves, how far apart, and from how many sources. All of one wave arrive at one instant. */
const shapes: Readonly<Record<Scenario, readonly [waves: number, apartMs: number, sources: number]>> = {
  'at once': [1, 0, 1],
  'within one second': [60, 16, 1],
  'over five minutes': [60, 5_000, 1],
  'split over three sources': [12, 4.5 * minute, 3],
};

function wavesOf(scenario: Scenario, people: readonly string[]): readonly (readonly Marked[])[] {
  const [waves, apartMs, sources] = shapes[scenario];
  const each = Math.ceil(people.length / waves);
  return Array.from({ length: waves }, (_, wave) =>
    people.slice(wave * each, (wave + 1) * each).map((person, n) => ({
      person,
      source: partners[n % sources] as string,
      at: floodBegin + wave * apartMs,
    })),
  );
}

export async function playFlood(database: TestDatabase, scenario: Scenario, options: FloodOptions): Promise<FloodReport> {
  const { people, marked, guards: limits } = options;
  const service = await openFloodService(database, { people, limits });
  try {
    const from = Math.floor((people - marked) / 2);
    const waves = await Promise.all(wavesOf(scenario, service.people.slice(from, from + marked)).map((wave) => service.sign(wave)));
    const startedMs = performance.now();
    for (const wave of waves) await service.push(wave);
    const pushedMs = performance.now() - startedMs;
    await settleDown(database, service);
    const { oneSource, severalSources } = worstCase(guards, 'standard', people);
    const bound = shapes[scenario][2] === 1 ? oneSource : severalSources.inAnHour;
    return {
      scenario,
      bound: bound ?? 0,
      ...(await look(database)),
      struck: service.struck(),
      told: [...service.receiver.received],
      pushedMs,
    };
  } finally {
    await service.close();
  }
}

/** Lets what was released be carried out, and the last news be told. */
async function settleDown({ store }: TestDatabase, service: FloodService): Promise<void> {
  const isZero = async (text: string) => (await store.query<{ count: number }>(text)).rows[0]?.count === 0;
  await service.pass('the plans', 250, () => isZero(`select count(*)::int as count from plan where state = 'released'`));
  const restedAt = service.now() + restMs;
  await service.pass('the rest', 5_000, async () => service.now() >= restedAt);
  await service.pass('the notices', 5_000, () => isZero(`select count(*)::int as count from notice where state = 'waiting'`));
}

async function look({ store }: TestDatabase): Promise<Pick<FloodReport, 'released' | 'held' | 'incidents' | 'batches'>> {
  const { rows } = await store.query<{ person: string; state: string; core: string }>(
    `select a.alias as person, p.state, e.core from plan p join identity_alias a on a.identity_id = p.identity_id
     join ledger_entry e on e.id = p.decision_id where p.state = any ($1) order by p.id`,
    [disturbingStates],
  );
  const released = rows.map(({ person, state, core }): Released => {
    const { source, type, level, actions } = JSON.parse(core) as Core<'signal.decided'>;
    const ran = actions.filter((action) => action.state === 'released');
    const named = ran.map((action) => `${action.type} of ${action.policyId}/${action.step}`);
    return { person, source, signalType: type, level, actions: named, state };
  });
  const { rows: held } = await store.query<{ guard: string; count: number }>(
    `select held_for as guard, count(*)::int as count from plan where state in ('held', 'expired') group by 1 order by 1`,
  );
  const { rows: incidents } = await store.query<FloodReport['incidents'][number] & { [column: string]: unknown }>(
    'select id, signal_type as "signalType", state from incident order by id',
  );
  const { rows: batches } = await store.query<{ count: number }>(
    `select count(*)::int as count from signal where type = 'caep_risk_high' group by xmin::text order by min(id::text)`,
  );
  return {
    released,
    held: Object.fromEntries(held.map(({ guard, count }) => [guard, count])),
    incidents,
    batches: batches.map(({ count }) => count),
  };
}

/** People, each once, whom plans disturbed. */
export const disturbedBy = ({ released }: Pick<FloodReport, 'released'>) => [...new Set(released.map(({ person }) => person))];

/** For a person to read. */
export function formatReport(report: FloodReport): string {
  const { scenario, bound, released, struck, held, incidents, told, batches, pushedMs } = report;
  const counted = (items: readonly string[]) =>
    [...new Set(items)].map((item) => `${items.filter((other) => other === item).length} ${item}`).join(', ') || 'none';
  const shown = released.slice(0, 12);
  const more = released.length - shown.length;
  return [
    `flood ${scenario}: ${disturbedBy(report).length} disturbed by plans, ${struck.length} at the provider, at most ${bound}`,
    ...shown.map(
      ({ person, source, signalType, level, actions, state }) =>
        `  ${person}: ${signalType} of ${source}, so ${level}: ${actions.join(', ')}: ${state}`,
    ),
    ...(more > 0 ? [`  and ${more} plans more`] : []),
    `  held: ${
      Object.entries(held)
        .map(([guard, count]) => `${count} by ${guard}`)
        .join(', ') || 'none'
    }`,
    `  incidents: ${counted(incidents.map(({ signalType, state }) => `${signalType} ${state}`))}; told: ${counted(told.map(({ type }) => type))}`,
    `  ${batches.reduce((sum, count) => sum + count, 0)} signals in ${batches.length} batches, the largest of ${Math.max(0, ...batches)}, pushed in ${Math.round(pushedMs)} ms`,
    '',
  ].join('\n');
}

/** Whether some flood disturbed more people than it may. */
async function playAll(options: FloodOptions): Promise<boolean> {
  const server = await startTestServer();
  let isAbove = false;
  try {
    for (const scenario of scenarios) {
      const database = await server.database();
      const report = await playFlood(database, scenario, options);
      await database.drop();
      process.stdout.write(formatReport(report));
      isAbove ||= Math.max(report.struck.length, disturbedBy(report).length) > report.bound;
    }
  } finally {
    await server.stop();
  }
  return isAbove;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '2000' },
      marked: { type: 'string', default: '600' },
      guards: { type: 'string', default: 'on' },
    },
  });
  const [people, marked] = [Number(values.people), Number(values.marked)];
  if (marked >= 1 && marked <= people && ['on', 'off'].includes(values.guards))
    process.exitCode = (await playAll({ people, marked, guards: values.guards === 'on' })) ? 1 : 0;
  else {
    process.stderr.write('--people and --marked are numbers, the second not above the first; --guards is on or off\n');
    process.exitCode = 2;
  }
}
