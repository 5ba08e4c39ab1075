/** Goes through every kill point: learns them from an undisturbed run, then dies at each and lets the next process recover. */

import type { TestDatabase } from '../support/database.ts';
import { check, type Findings, isSettled } from './checker.ts';
import type { Moment } from './postgres-proxy.ts';
import { type FaultWorld, openWorld, type Service, until } from './world.ts';

export interface Point {
  readonly place: 'statement' | 'call';
  readonly name: string;
  readonly moment: Moment;
}

export interface RoundsResult {
  readonly points: readonly Point[];
  /** Points at which nobody was killed. */
  readonly missed: readonly Point[];
  /** Kinds of statements that came up on the path and have no point. */
  readonly unnumbered: readonly string[];
  /** Answers of the provider that were lost, so that a call may have been made again. */
  readonly lostAnswers: number;
  readonly findings: Findings;
  readonly accepted: number;
}

/** Small and repeatable; the seed changes the order of the points, and so what was done before each. */
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

const surplus = 200;

export async function runRounds(database: TestDatabase, seed: number, tell: (line: string) => void = () => {}): Promise<RoundsResult> {
  const world = await openWorld(database, surplus);
  try {
    const accepted: string[] = [];
    let service = await world.start();
    let next = 0;
    const person = () => world.people[next++] as string;

    // Undisturbed runs tell which statements and calls there are; the first warms what is made once.
    for (let run = 0; run < 3; run++) {
      if (run === 1) {
        world.postgres.arm(undefined);
        world.calls.arm(undefined);
      }
      await pushUntilAccepted(world, service, person(), accepted);
      await untilSettled(world, world.people[next - 1] as string);
    }
    const statements = [...world.postgres.census.keys()];
    const calls = [...world.calls.census.keys()];
    const points = shuffled<Point>(
      [
        ...statements.flatMap((name) => (['before', 'after'] as const).map((moment): Point => ({ place: 'statement', name, moment }))),
        ...calls.flatMap((name) => (['before', 'after'] as const).map((moment): Point => ({ place: 'call', name, moment }))),
      ],
      seed,
    );
    tell(`seed ${seed}: ${statements.length} statements and ${calls.length} calls, ${points.length} points`);

    const missed: Point[] = [];
    let lostAnswers = 0;
    for (const point of points) {
      const who = person();
      world.provider.signIn(who);
      const token = await world.sign(who);
      const proxy = arm(world, point);
      const died = new Promise<void>((resolve) => service.child.once('exit', () => resolve()));
      const first = await world.push(service.origin, token);
      if (first === 202) accepted.push(token);
      // Struck, or everything went its way without passing the point.
      await until('the blow', async () => (proxy.struck || (await isSettled(world, who)) ? true : undefined));
      world.postgres.disarm();
      world.calls.disarm();
      if (proxy.struck) {
        await died;
        if (point.place === 'call' && point.moment === 'after') lostAnswers += 1;
        service = await world.start();
      } else missed.push(point);
      if (first !== 202) await pushAgain(world, service, token, accepted);
      await untilSettled(world, who);
      if (world.provider.sessions(who).length !== 0 || world.provider.tokens(who) !== 0)
        throw new Error(`${who} still has access after ${point.name}`);
    }
    const unnumbered = [...world.postgres.census.keys()].filter((name) => !statements.includes(name));
    return { points, missed, unnumbered, lostAnswers, findings: await check(world, accepted, service.origin), accepted: accepted.length };
  } finally {
    await world.close();
  }
}

function arm(world: FaultWorld, point: Point): { readonly struck: boolean } {
  world.calls.arm(point.place === 'call' ? { call: point.name, moment: point.moment } : undefined);
  world.postgres.arm(point.place === 'statement' ? { statement: point.name, moment: point.moment } : undefined);
  return point.place === 'call' ? world.calls : world.postgres;
}

async function pushUntilAccepted(world: FaultWorld, service: Service, who: string, accepted: string[]): Promise<void> {
  world.provider.signIn(who);
  await pushAgain(world, service, await world.sign(who), accepted);
}

/** A sender who got no 202 sends again. */
async function pushAgain(world: FaultWorld, service: Service, token: string, accepted: string[]): Promise<void> {
  await until('202', async () => ((await world.push(service.origin, token)) === 202 ? true : undefined));
  accepted.push(token);
}

function untilSettled(world: FaultWorld, who: string): Promise<boolean> {
  return until(`the plan of ${who}`, async () => ((await isSettled(world, who)) ? true : undefined));
}
