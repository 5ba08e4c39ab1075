/**
 * Goes through every kill point of a course: learns them from undisturbed passes, then dies at each and lets the next process recover.
 * A world has a database of its own, so that several share the points between them.
 */
import type { TestDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';
import type { Moment } from './postgres-proxy.ts';
import { adminToken, type FaultWorld, type Service, until } from './world.ts';

/** Something that the service is asked for again and again, each time of somebody else, and a judge of what is left. */
export interface Course<Pass> {
  readonly world: FaultWorld;
  /** Before anything is learnt. */
  prepare?(service: Service): Promise<void>;
  /** What the next pass is about; readies everything that is not of the path. */
  next(): Promise<Pass>;
  /** Asks once. True: it was taken, and must come about. Asked again, of whichever process runs then, until it was. */
  begin(pass: Pass, service: Service): Promise<boolean>;
  isDone(pass: Pass): Promise<boolean>;
  /** Done, and nothing follows from it any more. */
  isSettled(pass: Pass): Promise<boolean>;
  /** What is wrong once all passes are settled. Shares no code with what wrote it. `lostAnswers`: calls whose answer the provider gave and nobody got. */
  judge(service: Service, lostAnswers: number): Promise<readonly string[]>;
}

export interface Point {
  readonly place: 'statement' | 'call';
  readonly name: string;
  readonly moment: Moment;
}

export interface CourseOptions {
  /** `both` dies on either side of each statement; `after` is every state too, since what stands after one stands before the next. A call has two sides in any case. */
  readonly moments: 'both' | 'after';
  /** 1 goes through the points in the order of the path; another changes the order. */
  readonly seed?: number;
}

export interface CourseResult {
  /** Names of the statements and calls of the path. */
  readonly path: readonly string[];
  readonly points: number;
  /** Points at which nobody was killed. */
  readonly missed: readonly string[];
  readonly passes: number;
  /** From asking to the end, undisturbed. */
  readonly slowestMs: number;
  readonly lostAnswers: number;
  readonly faults: readonly string[];
}

const worlds = 2;
/** Longer than every task that a service does by the clock, but for those of hours and minutes. */
const idleMs = 6_500;
const learningRuns = 2;
/** A point that is not passed is tried again at a process that has just begun: not every run has a second round of sequencing. */
const triesPerPoint = 3;

/** Two worlds at once, each with half of the points. */
export async function runCourse<Pass>(
  open: (database: TestDatabase) => Promise<Course<Pass>>,
  database: () => Promise<TestDatabase>,
  options: CourseOptions,
): Promise<CourseResult> {
  const ended = await Promise.allSettled(
    Array.from({ length: worlds }, async (_, part) => {
      const course = await open(await database());
      try {
        return await goThrough(course, part, options);
      } finally {
        await course.world.close();
      }
    }),
  );
  // Both have put their processes away by now.
  const results = ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  const sum = (count: (result: CourseResult) => number) => results.reduce((total, result) => total + count(result), 0);
  // Each world learns the path by itself; that they agree shows that none of it is chance.
  const [first, ...others] = results.map(({ path }) => [...path].sort());
  const differs = others.some((path) => path.join('\n') !== first?.join('\n'));
  return {
    path: first ?? [],
    points: sum(({ points }) => points),
    missed: results.flatMap(({ missed }) => missed),
    passes: sum(({ passes }) => passes),
    slowestMs: Math.max(...results.map(({ slowestMs }) => slowestMs)),
    lostAnswers: sum(({ lostAnswers }) => lostAnswers),
    faults: [...(differs ? ['the worlds learnt different paths'] : []), ...results.flatMap(({ faults }) => faults)],
  };
}

async function goThrough<Pass>(course: Course<Pass>, part: number, { moments, seed = 1 }: CourseOptions): Promise<CourseResult> {
  const { world } = course;
  let service = await world.start();
  let passes = 0;
  let slowestMs = 0;
  let lostAnswers = 0;
  const seen = new Set<string>();
  await course.prepare?.(service);
  // The first time makes what is made once.
  await undisturbed();
  world.postgres.watchIdle(true);
  await systemClock.sleep(idleMs);
  world.postgres.watchIdle(false);

  const path = new Map<string, Point['place']>();
  for (let run = 0; run < learningRuns; run++) {
    // What a process asks only once belongs to the path too: the passes that follow are each of a fresh one.
    if (run === learningRuns - 1) await beginAnew();
    arm(undefined);
    const startedMs = systemClock.elapsedMs();
    await undisturbed();
    slowestMs = Math.max(slowestMs, systemClock.elapsedMs() - startedMs);
    disarm();
    for (const name of world.postgres.census) path.set(name, 'statement');
    for (const name of world.calls.census) path.set(name, 'call');
  }
  const points = shuffled(
    [...path].flatMap(([name, place]) => pointsOf(name, place, moments)),
    seed,
  );
  const mine = points.filter((_, n) => n % worlds === part);
  const missed: string[] = [];
  for (const point of mine) {
    let struck = false;
    for (let tries = 0; tries < triesPerPoint && !struck; tries++) {
      if (tries > 0) await beginAnew();
      struck = await dieAt(point);
    }
    if (!struck) missed.push(describe(point));
    else if (point.place === 'call' && point.moment === 'after') lostAnswers += 1;
  }
  await giveThePlaces();
  const numbered = new Set([...path.keys()].map(withoutNumber));
  const unnumbered = [...seen].filter((name) => !numbered.has(withoutNumber(name)));
  const faults = [...unnumbered.map((name) => `without a point: ${name}`), ...(await course.judge(service, lostAnswers))];
  return { path: [...path.keys()], points: mine.length, missed, passes, slowestMs, lostAnswers, faults };

  async function beginAnew(): Promise<void> {
    await service.kill();
    service = await world.start();
  }

  async function undisturbed(): Promise<void> {
    const pass = await course.next();
    passes += 1;
    await until('it to be taken', async () => ((await course.begin(pass, service)) ? true : undefined));
    await until('the end of a pass', async () => ((await course.isSettled(pass)) ? true : undefined));
  }

  async function dieAt(point: Point): Promise<boolean> {
    const pass = await course.next();
    passes += 1;
    const proxy = arm(point);
    const died = new Promise<void>((resolve) => service.child.once('exit', () => resolve()));
    const taken = course.begin(pass, service);
    await until('the blow', async () => (proxy.struck || (await course.isSettled(pass)) ? true : undefined));
    disarm();
    for (const name of [...world.postgres.census, ...world.calls.census]) seen.add(name);
    if (proxy.struck) {
      await died;
      service = await world.start();
    }
    // Who got no answer asks again.
    if (!(await taken)) await until('it to be taken', async () => ((await course.begin(pass, service)) ? true : undefined));
    const where = describe(point);
    await until(`what was begun when it died ${where}`, async () => ((await course.isDone(pass)) ? true : undefined), 40_000);
    if (proxy.struck) await giveThePlaces();
    await until(`all that follows, dead ${where}`, async () => ((await course.isSettled(pass)) ? true : undefined));
    return proxy.struck;
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
}

function pointsOf(name: string, place: Point['place'], moments: CourseOptions['moments']): readonly Point[] {
  const both = place === 'call' || moments === 'both';
  return (both ? (['before', 'after'] as const) : (['after'] as const)).map((moment) => ({ place, name, moment }));
}

const describe = ({ moment, name }: Point) => `${moment} ${name}`;

/** More of the same beside a pass makes more of the same statements, none of another kind. */
function withoutNumber(name: string): string {
  return name.replace(/ \d+$/, '');
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
