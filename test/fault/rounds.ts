/**
 * Goes through every kill point: learns them from undisturbed runs, then dies at each and lets the next process recover. A world has a
 * database of its own, so that several can share the points between them.
 */
import type { TestDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import { check, type Findings, isDone, isSettled } from './checker.ts';
import type { Moment } from './postgres-proxy.ts';
import { adminToken, type FaultWorld, openWorld, until } from './world.ts';

export interface Point {
  readonly place: 'statement' | 'call';
  readonly name: string;
  readonly moment: Moment;
}

export interface RoundsResult {
  /** Names of the statements and calls of the path. */
  readonly path: readonly string[];
  readonly points: readonly Point[];
  /** Points at which nobody was killed. */
  readonly missed: readonly Point[];
  /** Statements and calls that came up on the path and have no point. */
  readonly unnumbered: readonly string[];
  /** Answers of the provider that were lost, so that a call may have been made again. */
  readonly lostAnswers: number;
  readonly findings: Findings;
  readonly accepted: number;
}

export interface RoundsOptions {
  /** 1 goes through the points in the order of the path; another changes the order, and sends a second person's signal beside each. */
  readonly seed: number;
  /** Which part of the points is this world's: the `part`-th of `parts`. */
  readonly part: number;
  readonly parts: number;
}

/** Small and repeatable. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  if (seed === 1) return items;
  const out = [...items];
  let state = seed;
  for (let n = out.length - 1; n > 0; n--) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    const other = state % (n + 1);
    [out[n], out[other]] = [out[other] as T, out[n] as T];
  }
  return out;
}

const people = 180;
/** Longer than every task that a service does by the clock, but for those of hours and minutes. */
const idleMs = 6_500;
const learningRuns = 2;
/** A point that is not passed is tried again: not every run has a second round of sequencing. */
const triesPerPoint = 3;

export async function runRounds(database: TestDatabase, options: RoundsOptions): Promise<RoundsResult> {
  const world = await openWorld(database, people, { standby: true });
  try {
    return await goThrough(world, options);
  } finally {
    await world.close();
  }
}

async function goThrough(world: FaultWorld, { seed, part, parts }: RoundsOptions): Promise<RoundsResult> {
  const accepted = new Map<string, number>();
  let service = await world.start();
  let next = 0;

  const statements = new Set<string>();
  const calls = new Set<string>();
  await send(await signal(), false);
  world.postgres.watchIdle(true);
  await systemClock.sleep(idleMs);
  world.postgres.watchIdle(false);
  for (let run = 0; run < learningRuns; run++) {
    await send(await signal(), true);
    for (const name of world.postgres.census) statements.add(name);
    for (const name of world.calls.census) calls.add(name);
  }
  const points = shuffled<Point>(
    [
      ...[...statements].map((name) => ({ place: 'statement' as const, name })),
      ...[...calls].map((name) => ({ place: 'call' as const, name })),
    ].flatMap((each) => (['before', 'after'] as const).map((moment): Point => ({ ...each, moment }))),
    seed,
  );

  const mine = points.filter((_, n) => n % parts === part);
  const missed: Point[] = [];
  const seen = new Set<string>();
  let lostAnswers = 0;
  for (const point of mine) {
    let struck = false;
    for (let tries = 0; tries < triesPerPoint && !struck; tries++) struck = await dieAt(point);
    if (!struck) missed.push(point);
    else if (point.place === 'call' && point.moment === 'after') lostAnswers += 1;
  }
  const path = [...statements, ...calls];
  const numbered = new Set(path.map(withoutNumber));
  const unnumbered = [...seen].filter((name) => !numbered.has(withoutNumber(name)));
  const findings = await check(world, accepted, service.origin);
  return { path, points: mine, missed, unnumbered, lostAnswers, findings, accepted: [...accepted.values()].reduce((sum, n) => sum + n, 0) };

  async function signal(): Promise<{ readonly who: string; readonly token: string }> {
    const who = world.people[next++] as string;
    world.provider.signIn(who);
    return { who, token: await world.sign(who) };
  }

  /** Sends until it is accepted, and waits for the end of all that follows. */
  async function send({ who, token }: { who: string; token: string }, armed: boolean): Promise<void> {
    if (armed) arm(undefined);
    await pushAgain({ who, token });
    await until(`the plan of ${who}`, async () => ((await isSettled(world, who)) ? true : undefined));
    disarm();
  }

  async function pushAgain({ who, token }: { who: string; token: string }): Promise<void> {
    await until('202', async () => ((await world.push(service.origin, token)) === 202 ? true : undefined));
    accepted.set(who, 1);
  }

  function arm(point: Point | undefined): { readonly struck: boolean } {
    world.calls.arm(point?.place === 'call' ? { call: point.name, moment: point.moment } : undefined);
    world.postgres.arm(point?.place === 'statement' ? { statement: point.name, moment: point.moment } : undefined);
    return point?.place === 'call' ? world.calls : world.postgres;
  }

  function disarm(): void {
    world.postgres.disarm();
    world.calls.disarm();
  }

  /** Reading the head gives everything that is written its place at once, and not at the next second. */
  async function giveThePlaces(): Promise<void> {
    await fetch(`${service.origin}/api/v1/ledger/checkpoint`, { headers: { authorization: `Bearer ${adminToken}` } });
  }

  async function dieAt(point: Point): Promise<boolean> {
    const signals = [await signal(), ...(seed === 1 ? [] : [await signal()])];
    const proxy = arm(point);
    const died = new Promise<void>((resolve) => service.child.once('exit', () => resolve()));
    const sent = signals.map(async (one) => ({ one, answer: await world.push(service.origin, one.token) }));
    const all = async (ask: typeof isDone) => (await Promise.all(signals.map(({ who }) => ask(world, who)))).every(Boolean);
    await until('the blow', async () => (proxy.struck || (await all(isSettled)) ? true : undefined));
    disarm();
    for (const name of [...world.postgres.census, ...world.calls.census]) seen.add(name);
    if (proxy.struck) {
      await died;
      service = await world.start();
    }
    const answers = await Promise.all(sent);
    for (const { one, answer } of answers) {
      if (answer === 202) accepted.set(one.who, 1);
      // A sender who got no 202 sends again.
      else await pushAgain(one);
    }
    await until(`the plans after ${point.moment} ${point.name}`, async () => ((await all(isDone)) ? true : undefined), 40_000);
    if (proxy.struck) await giveThePlaces();
    await until(`the end of all that follows ${point.moment} ${point.name}`, async () => ((await all(isSettled)) ? true : undefined));
    for (const { who } of signals) {
      if (world.provider.sessions(who).length !== 0 || world.provider.tokens(who) !== 0)
        throw new Error(`${who} still has access after ${point.moment} ${point.name}`);
    }
    return proxy.struck;
  }
}

/** A second signal beside the first makes more of the same statements, none of another kind. */
function withoutNumber(name: string): string {
  return name.replace(/ \d+$/, '');
}
