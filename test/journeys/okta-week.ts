/**
 * A week of an organisation's events, told twice: once faultlessly by polling, and once by hooks that lose, repeat, reverse and fall silent,
 * with polling beside them. Both begin with the same people and keys, so that what is known of each person can be compared byte for byte.
 * As a program: `node test/journeys/okta-week.ts [--people N] [--hours N] [--seed N]` prints what came of it, exit 1 where the two differ.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { contextOfPerson } from '../../src/app/held-levels.ts';
import { silentLog } from '../../src/model/log.ts';
import { parseEvidence, score, serialiseEvidence } from '../../src/risk/index.ts';
import { connectStore } from '../../src/store/open.ts';
import { startTestServer, type TestDatabase, testDatabase } from '../support/database.ts';
import { type OktaProcess, type OktaWorld, openOktaWorld, secret } from './okta-world.ts';

export interface WeekOptions {
  readonly people: number;
  readonly hours: number;
  readonly seed: number;
  /** Whether the faulty way is polled as well. Default: it is. */
  readonly polled?: boolean;
}

/** Events of the faulty hook. */
interface HookCount {
  sent: number;
  lost: number;
  repeated: number;
  reversed: number;
}

export interface WeekResult {
  readonly events: number;
  readonly signals: { readonly perfect: number; readonly faulty: number };
  /** Signals that only one of the two has. */
  readonly unmatched: number;
  readonly hook: Readonly<HookCount>;
  /** Signals of the faulty way by what brought them first. */
  readonly brought: { readonly hook: number; readonly poll: number };
  /** People of whom something else is known, or who stand at another level. */
  readonly differing: readonly string[];
  readonly levels: Readonly<Record<string, number>>;
  readonly effects: number;
  /** Actions that took effect more than once, and those that one signal brought about twice at one account. */
  readonly doubled: number;
  readonly gaps: readonly { readonly reason: string; readonly hours: number; readonly events: number; readonly open: boolean }[];
  readonly told: readonly string[];
}

const minute = 60_000;
const hour = 60 * minute;
const tick = 30 * minute;
const startAt = Date.UTC(2026, 4, 4);
/** Four hours in which nothing is pushed and nobody tells of it, and one in which we refuse what is. */
const outage = { from: startAt + 30 * hour, until: startAt + 34 * hour, lost: true };
const refusal = { from: startAt + 52 * hour, until: startAt + 53 * hour };
const hundredths = { lost: 5, repeated: 5, reversed: 20, unpolled: 30, writtenLate: 20 };

/** So often of a hundred each happens. */
const happenings = [
  [60, 'user.session.start', 'SUCCESS'],
  [12, 'user.session.end', 'SUCCESS'],
  [8, 'user.session.start', 'FAILURE'],
  [5, 'user.authentication.auth_via_mfa', 'FAILURE'],
  [4, 'user.account.lock', 'FAILURE'],
  [3, 'user.mfa.factor.activate', 'SUCCESS'],
  [3, 'user.account.update_password', 'SUCCESS'],
  [2, 'user.mfa.okta_verify.deny_push', 'SUCCESS'],
  [1, 'user.session.context.change', 'SUCCESS'],
  [1, 'security.breached_credential.detected', 'SUCCESS'],
  [1, 'user.account.report_suspicious_activity_by_enduser', 'SUCCESS'],
] as const;
/** No hook may ask for it. */
const pollOnly = 'user.mfa.okta_verify.deny_push';
const hookTypes = [...new Set(happenings.map(([, type]) => type as string))].filter((type) => type !== pollOnly);

/** `database` makes fresh ones; those of the test run where nothing is given. */
export async function runWeek(options: WeekOptions, database: () => Promise<TestDatabase> = testDatabase): Promise<WeekResult> {
  const world = await openOktaWorld(options.people, startAt);
  const faultyDatabase = await database();
  let perfectDatabase: TestDatabase | undefined;
  try {
    const given = { enforce: true, marks: ['password_reset', 'admin_dismiss'] };
    await world.follow(faultyDatabase);
    await (await world.start({ database: faultyDatabase, ...given })).stop();
    perfectDatabase = await copyOf(faultyDatabase);
    await world.follow(perfectDatabase);
    const faulty = await world.start({ database: faultyDatabase, ...given });
    const perfect = await world.start({ database: perfectDatabase, ...given });
    const lived = await live(options, world, faulty, perfect);
    // What was begun is finished.
    await faulty.stop();
    await perfect.stop();
    return { ...lived, ...(await compare(faultyDatabase, perfectDatabase, faulty, world.now())) };
  } finally {
    await world.close();
    await perfectDatabase?.drop();
    await faultyDatabase.drop();
  }
}

type Lived = Pick<WeekResult, 'events' | 'hook' | 'brought'>;

async function live(
  { people, hours, seed, polled = true }: WeekOptions,
  world: OktaWorld,
  faulty: OktaProcess,
  perfect: OktaProcess,
): Promise<Lived> {
  const { okta } = world;
  const random = seeded(seed);
  const chance = (of: number) => random() * 100 < of;
  const hook: HookCount = { sent: 0, lost: 0, repeated: 0, reversed: 0 };
  for (const { poller } of [faulty, perfect]) await poller.look();
  const hookId = await world.subscribe(faulty, hookTypes);
  okta.delivery.outages = [outage];
  okta.delivery.batchSize = 10;
  okta.delivery.lose = () => {
    const lost = chance(hundredths.lost);
    if (lost) hook.lost += 1;
    return lost;
  };

  let events = 0;
  let sent = secret;
  for (let at = startAt; at < startAt + hours * hour; at += tick) {
    for (let n = 0; n < people / 4; n++, events++) happen(okta, people, random, at);
    await world.pass(tick);
    const due = refusal.from <= world.now() && world.now() < refusal.until ? 'a wrong secret' : secret;
    if (due !== sent) await world.changeSecret(faulty, hookId, hookTypes, due);
    sent = due;
    const [copies, order] = [chance(hundredths.repeated) ? 2 : 1, chance(hundredths.reversed) ? 'reversed' : 'persisted'] as const;
    Object.assign(okta.delivery, { copies, order });
    const delivered = (await okta.deliver()).reduce((sum, batch) => sum + batch.events.length, 0);
    hook.sent += delivered;
    if (copies === 2) hook.repeated += delivered / 2;
    if (order === 'reversed') hook.reversed += delivered;
    await perfect.poller.look();
    if (!chance(hundredths.unpolled) && polled) await faulty.poller.look();
  }
  // What is written down late arrives, and gaps are closed.
  for (let n = 0; n < 3; n++) {
    await world.pass(10 * minute);
    await okta.deliver();
    await perfect.poller.look();
    if (polled) await faulty.poller.look();
  }
  const metrics = await faulty.metrics();
  const by = (way: string) =>
    Number(new RegExp(`rescind_provider_signals_brought_total{connection="okta-main",way="${way}"} (\\d+)`).exec(metrics)?.[1] ?? 0);
  return { events, hook, brought: { hook: by('hook'), poll: by('poll') } };
}

/** To a few people more often than to the others. */
function happen(okta: OktaWorld['okta'], people: number, random: () => number, at: number): void {
  let drawn = random() * 100;
  const [, eventType, result] =
    happenings.find(([often]) => {
      drawn -= often;
      return drawn < 0;
    }) ?? happenings[0];
  const { id, profile } = okta.person(`p${1 + Math.floor(random() * random() * people)}@example.com`);
  const party = { id, type: 'User', alternateId: profile.login, displayName: 'P' };
  const publishedAt = at + Math.floor(random() * tick);
  const lateMs = random() * 100 < hundredths.writtenLate ? Math.floor(random() * 10 * minute) : 0;
  const session = `idx${id}${Math.floor(random() * 3)}`;
  okta.log(
    {
      eventType,
      actor: party,
      target: [party],
      outcome: { result, reason: result === 'FAILURE' ? 'INVALID_CREDENTIALS' : null },
      client: { ipAddress: `203.0.113.${1 + Math.floor(random() * 20)}` },
      authenticationContext: { externalSessionId: session, rootSessionId: session },
    },
    { publishedAt, persistedAt: publishedAt + lateMs },
  );
}

type Compared = Omit<WeekResult, keyof Lived>;

async function compare(faulty: TestDatabase, perfect: TestDatabase, { core, provider }: OktaProcess, at: number): Promise<Compared> {
  const rows = async (database: TestDatabase, text: string) => (await database.store.query<Record<string, unknown>>(text)).rows;
  const known = async (database: TestDatabase) =>
    new Map(
      (await rows(database, 'select id, evidence from identity')).map((row) => [String(row['id']), withoutOwn(String(row['evidence']))]),
    );
  const keys = async (database: TestDatabase) =>
    new Set((await rows(database, `select encode(key, 'hex') as key from dedupe`)).map(({ key }) => String(key)));
  const [one, other] = [await known(faulty), await known(perfect)];
  const [theirs, ours] = [await keys(perfect), await keys(faulty)];
  const state = core.judging.state();
  const levelOf = (evidence: string) => {
    const held = parseEvidence(evidence);
    return score(held, at, contextOfPerson({ tier: 'none', executive: false }, held, state), state.bundle.risk).level;
  };
  const levels: Record<string, number> = {};
  for (const evidence of one.values()) levels[levelOf(evidence)] = (levels[levelOf(evidence)] ?? 0) + 1;
  const [twice] = await rows(
    faulty,
    `select count(*)::int as count from (
       select from action a join plan p on p.id = a.plan_id where a.state <> 'refused'
       group by p.signal_id, a.account_id, a.type having count(*) > 1) as again`,
  );
  return {
    signals: { perfect: theirs.size, faulty: ours.size },
    unmatched: [...theirs].filter((key) => !ours.has(key)).length + [...ours].filter((key) => !theirs.has(key)).length,
    differing: [...other].flatMap(([id, evidence]) => {
      const mine = one.get(id);
      return mine === evidence && levelOf(mine) === levelOf(evidence) ? [] : [id];
    }),
    levels,
    effects: provider.acted.effects.size,
    doubled: [...provider.acted.effects.values()].filter((times) => times > 1).length + Number(twice?.['count']),
    gaps: (
      await rows(
        faulty,
        `select reason, round(extract(epoch from to_at - from_at)::numeric / 3600, 1)::float8 as hours, events, closed_at is null as open
         from feed_gap order by from_at`,
      )
    ).map((row) => row as unknown as WeekResult['gaps'][number]),
    told: (await rows(faulty, `select data from notice where type = 'feed.alarm' order by id`)).map(
      ({ data }) => (JSON.parse(String(data)) as { code: string }).code,
    ),
  };
}

/** What our own actions took from a score has the time at which they acted, which is no fact about the events. */
function withoutOwn(evidence: string): string {
  const { own: _own, ...state } = parseEvidence(evidence);
  const classes = state.marks.classes.filter(([markClass]) => markClass !== 'sessions_revoked');
  return serialiseEvidence({ ...state, marks: { ...state.marks, classes } });
}

async function copyOf({ connection, name }: TestDatabase): Promise<TestDatabase> {
  const copy = `${name}_copy`;
  const administer = async (work: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client({ ...connection, database: 'postgres' });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  };
  await administer(async (client) => {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    await client.query(`create database ${copy} template ${name}`);
  });
  const store = connectStore({ connection: { ...connection, database: copy }, log: silentLog, poolSize: 8 });
  return {
    store,
    connection: { ...connection, database: copy },
    name: copy,
    async drop() {
      await store.close();
      await administer((client) => client.query(`drop database if exists ${copy} with (force)`));
    },
  };
}

/** The same numbers for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (import.meta.main) {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({ options: { people: number, hours: number, seed: number } });
  const server = await startTestServer();
  try {
    const options = { people: Number(values.people ?? 400), hours: Number(values.hours ?? 168), seed: Number(values.seed ?? 1) };
    const result = await runWeek(options, () => server.database());
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    process.exitCode = result.differing.length === 0 && result.doubled === 0 && result.unmatched === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
}
