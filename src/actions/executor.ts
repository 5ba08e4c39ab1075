/**
 * Carries out plans. The claim decides who may; the intention is in the log before the call; the outcome is written in one transaction.
 * Whatever instant the process dies at, another run settles what is open by reading the provider's state back.
 */

import type { Adapter } from '../adapters/contract.ts';
import type { ActionType } from '../model/action.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { IdMaker, PlanId, RandomBytes } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { EndOf, PlanState } from '../model/plan-state.ts';
import { beginCourse, type Course, type CourseSettings, endUnseen, type RunContext, stepCourse } from './course.ts';
import { codeOf } from './fault.ts';
import { barOf, type Checks, finishedEntry, firstIntention, heldEntry } from './intention.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import type { ActionRecord, JobDisposition, JobQueue, PlanEnd, PlanRef, PlanStore, PlanView, ProcessNumber } from './ports.ts';
import { reversibleOf, undoneBy, undoneEntries } from './undo.ts';
import { createUpkeep, type UpkeepSettings } from './upkeep.ts';

export interface ExecutorSettings extends CourseSettings, UpkeepSettings {
  /** How long a run waits for an earlier plan of its lane before its job is given back. */
  readonly lanePatienceMs: number;
  /** Longer waits than this are not sat out: the plan is given back with a job for the instant. */
  readonly inlineWaitMs: number;
  /** A run that lasts longer gives its plan back at the next wait. */
  readonly runMs: number;
  /** What a run after a crash or a late start has at least for retries, though the deadline has passed. */
  readonly graceMs: number;
  /** When a leaver's plan that a pause holds up is tried again. */
  readonly pauseRetryMs: number;
}

export const executorSettings: ExecutorSettings = {
  callTimeoutMs: 10_000,
  verifyWithinMs: 120_000,
  callBackoff: { baseMs: 500, ceilingMs: 60_000 },
  readBackoff: { baseMs: 250, ceilingMs: 15_000 },
  lanePatienceMs: 3_000,
  inlineWaitMs: 2_000,
  runMs: 60_000,
  graceMs: 60_000,
  pauseRetryMs: 5_000,
  recoverEveryMs: 1_000,
  sweepEveryMs: 60_000,
  ownClaimMs: 30_000,
  strandedMs: 2_000,
};

/** A plan that has ended, as it was committed. */
export interface FinishedPlan {
  readonly plan: PlanView['plan'];
  readonly cause: PlanView['cause'];
  readonly state: PlanState;
  readonly records: readonly ActionRecord[];
  readonly at: Instant;
}

export interface ExecutorParts extends Omit<Checks, 'manifest'> {
  readonly plans: PlanStore;
  readonly jobs: Pick<JobQueue, 'jobStatements' | 'send' | 'queued'>;
  /** The adapter of a connection; undefined where there is no such connection. */
  adapter(connection: string): Adapter | undefined;
  readonly process: ProcessNumber;
  readonly ids: IdMaker;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** How long an action lasts whose call names no end; undefined: until a person lifts it. */
  lastsMs?(type: ActionType): number | undefined;
  /** Told after the commit; not told again after a crash. What it throws is logged. */
  onFinished?(finished: FinishedPlan): void;
  readonly settings?: Partial<ExecutorSettings>;
}

export type RunResult =
  | { readonly result: 'finished'; readonly state: EndOf<'finish'> }
  /** Given back; a job for `until` has been sent. */
  | { readonly result: 'waiting'; readonly until: Instant }
  /** A pause turned the plan into a held one. */
  | { readonly result: 'held' }
  /** Not claimed; the job must come again. */
  | { readonly result: 'blocked'; readonly by: 'lane' | 'pause' | 'notDue' | 'process' }
  /** Nothing to do: not released, carried out by another process, or taken from us meanwhile. */
  | { readonly result: 'none' };

export interface Executor {
  /** Carries out a plan as far as it goes now. Throws only where the store does. Two calls for one plan share one run. */
  run(planId: PlanId): Promise<RunResult>;
  /** The same as a job handler; a failure of the store gives the job back. */
  handle(planId: PlanId): Promise<JobDisposition>;
  /** Takes back and runs plans of dead processes; answers how many. */
  recover(): Promise<number>;
  /** Reports released plans without a job and sends them one; answers how many. */
  sweep(): Promise<number>;
  /** Recovers at once, sends a job for every plan that waits, then recovers each second and sweeps each minute. */
  start(): Promise<void>;
  /** Begins nothing more and lets runs end for `timeoutMs`; what is left is cut off and stays for recovery. */
  shutdown(timeoutMs: number): Promise<void>;
}

const laneWaitStepsMs = [20, 30, 40, 60, 80, 120, 160, 200];
const endRetryMs = [100, 500, 2_000];
const rememberedEnds = 4_096;

export function createExecutor(parts: ExecutorParts): Executor {
  const { plans, jobs, clock, ids, random, log } = parts;
  const settings: ExecutorSettings = { ...executorSettings, ...parts.settings };
  const checks: Checks = {
    manifest: (connection) => parts.adapter(connection)?.manifest,
    refuses: (identity) => parts.refuses(identity),
    spares: (...asked) => parts.spares(...asked),
    ceiling: (connection, identity) => parts.ceiling(connection, identity),
  };
  const running = new Map<PlanId, Promise<RunResult>>();
  /** Plans that ended here lately: their jobs, which come afterwards, need not ask the database. */
  const ended = new Set<PlanId>();
  const limiters = new Map<string, Limiter>();
  const stopping = new AbortController();
  const cutting = new AbortController();

  const limiterOf = (connection: string, adapter: Adapter): Limiter => {
    const known = limiters.get(connection) ?? createLimiter(adapter.manifest.concurrency);
    limiters.set(connection, known);
    return known;
  };
  const sleep = (delayMs: number) => clock.sleep(delayMs, stopping.signal).catch(() => {});

  /** Claims the plan, waiting a while where only the lane is in the way. */
  async function claim(planId: PlanId): Promise<{ view: PlanView; processId: number; written: readonly ActionRecord[] } | RunResult> {
    const startedMs = clock.elapsedMs();
    for (let tries = 0; ; tries++) {
      const processId = parts.process.current();
      if (processId === undefined || stopping.signal.aborted) return { result: 'blocked', by: 'process' };
      const now = clock.now();
      let written: readonly ActionRecord[] = [];
      const view = await plans.claim({ planId, processId }, now, (read) => {
        const intention = firstIntention(read, checks, ids, now);
        written = intention.records;
        return intention;
      });
      if (view) return { view, processId, written };
      const look = await plans.look(planId);
      if (look === undefined || look.state !== 'released' || look.claimedBy !== null) return { result: 'none' };
      if (look.paused) return holdOrWait(planId, look);
      const waitMs =
        look.nextAt !== null && look.nextAt > now
          ? look.nextAt - now
          : (laneWaitStepsMs[Math.min(tries, laneWaitStepsMs.length - 1)] as number);
      if (clock.elapsedMs() - startedMs + waitMs > settings.lanePatienceMs) {
        return { result: 'blocked', by: look.nextAt !== null && look.nextAt > now ? 'notDue' : 'lane' };
      }
      await sleep(waitMs);
    }
  }

  /** During a pause only due leavers stay released; nothing else runs by itself afterwards. */
  async function holdOrWait(planId: PlanId, { cause, connection }: { cause: PlanView['cause']; connection: string }): Promise<RunResult> {
    if (isLeaver(cause)) {
      const until = clock.now() + settings.pauseRetryMs;
      await jobs.send([{ id: planId, connection }], until);
      return { result: 'waiting', until };
    }
    const held = await plans.holdPaused(planId, (plan) => [heldEntry(plan, ids, clock.now())]);
    return held ? { result: 'held' } : { result: 'blocked', by: 'pause' };
  }

  async function carryOut(planId: PlanId): Promise<RunResult> {
    const claimed = await claim(planId);
    if ('result' in claimed) return claimed;
    const { view, processId, written } = claimed;
    const now = clock.now();
    const fresh = view.records.length === 0;
    const records = fresh ? written : view.records;
    const courses = view.plan.actions.flatMap((action) => {
      const record = records.find((each) => each.id === action.id);
      return record ? [beginCourse(action, record, fresh, now)] : [];
    });
    const adapter = parts.adapter(view.plan.connection);
    const late = view.nextAt === null || now > view.nextAt + settings.graceMs / 2;
    const context: RunContext | undefined = adapter && {
      view,
      holder: { planId, processId },
      adapter,
      limiter: limiterOf(view.plan.connection, adapter),
      plans,
      clock,
      random,
      ids,
      settings,
      retryUntil: late ? Math.max(view.deadlineAt, now + settings.graceMs) : view.deadlineAt,
      stop: cutting.signal,
      bar: (action) => barOf(action, view, checks),
    };
    const left = context ? await follow(courses, context) : abandon(courses, now);
    if (left === 'lost' || cutting.signal.aborted) return { result: 'none' };
    // Nobody may ever come back to what is held.
    if (context && left === 'paused' && !isLeaver(view.cause)) for (const course of courses) endUnseen(course, context);
    return conclude(view, processId, courses, left);
  }

  /** Steps through the actions until all have ended or nothing is left to do now. */
  async function follow(courses: readonly Course[], context: RunContext): Promise<'ended' | 'paused' | 'lost' | 'waiting'> {
    const startedMs = clock.elapsedMs();
    const parked = new Set<Course>();
    for (;;) {
      const open = courses.filter((course) => course.phase !== 'ended' && !parked.has(course));
      if (open.length === 0) return parked.size > 0 ? 'paused' : 'ended';
      if (stopping.signal.aborted || parts.process.current() !== context.holder.processId)
        return stopping.signal.aborted ? 'waiting' : 'lost';
      const now = clock.now();
      const due = open.filter((course) => course.dueAt <= now);
      // Access is taken away before anything is looked at a second time.
      const next = due.find((course) => course.phase === 'call') ?? due[0];
      if (next === undefined) {
        const waitMs = Math.min(...open.map((course) => course.dueAt)) - now;
        if (waitMs > settings.inlineWaitMs || clock.elapsedMs() - startedMs > settings.runMs) return 'waiting';
        await sleep(waitMs);
        continue;
      }
      const step = await stepCourse(next, context);
      if (step === 'lost' || cutting.signal.aborted) return 'lost';
      if (step === 'paused') parked.add(next);
    }
  }

  /** The connection is no longer configured: nothing can be called or read. */
  function abandon(courses: readonly Course[], now: Instant): 'ended' {
    for (const course of courses) {
      if (course.phase === 'ended') continue;
      course.record = { ...course.record, state: course.phase === 'call' ? 'refused' : 'unknown', code: 'noConnection', finishedAt: now };
      course.phase = 'ended';
    }
    return 'ended';
  }

  async function conclude(
    view: PlanView,
    processId: number,
    courses: readonly Course[],
    left: 'ended' | 'paused' | 'waiting',
  ): Promise<RunResult> {
    const at = clock.now();
    const open = courses.filter((course) => course.phase !== 'ended');
    const held = left === 'paused' && open.length > 0 && !isLeaver(view.cause);
    const nextAt =
      open.length === 0 || held
        ? null
        : left === 'paused'
          ? at + settings.pauseRetryMs
          : Math.max(at, Math.min(...open.map((course) => course.dueAt)));
    const entries = courses.flatMap((course) =>
      course.phase === 'ended' && !course.endedBefore ? [finishedEntry(view, course.action, course.record, ids, at)] : [],
    );
    const state = open.length === 0 ? stateOf(courses) : held ? 'held' : 'released';
    const ref: PlanRef = { id: view.plan.id, connection: view.plan.connection };
    const undone = undoneBy(view, courses);
    if (undone.length > 0) entries.push(...undoneEntries(view, undone, ids, at));
    const end: PlanEnd = {
      planId: view.plan.id,
      processId,
      at,
      state,
      heldFor: held ? 'pause' : null,
      nextAt,
      records: courses.map((course) => course.record),
      entries: held ? [...entries, heldEntry(view.plan, ids, at)] : entries,
      reversible: reversibleOf(courses, checks.manifest(view.plan.connection), (type) => parts.lastsMs?.(type), at),
      undone,
      jobs: nextAt === null ? [] : await jobs.jobStatements([ref], nextAt),
    };
    const { kept, next } = await endWithRetries(end);
    if (!kept) return { result: 'none' };
    if (state === 'released') return { result: 'waiting', until: nextAt ?? at };
    // Those behind it may have given their jobs back for longer than they need to wait now.
    if (next && at - view.plan.createdAt > settings.lanePatienceMs) await wake(next);
    if (state === 'held') return { result: 'held' };
    remember(view.plan.id);
    tell({ plan: view.plan, cause: view.cause, state, records: end.records, at });
    return { result: 'finished', state };
  }

  async function wake(next: PlanRef): Promise<void> {
    await jobs.send([next]).catch((error: unknown) => log.warn({ planId: next.id, error: codeOf(error) }, 'plan.wakeFailed'));
  }

  /** A moment's absence of the database does not lose what the provider answered. */
  async function endWithRetries(end: PlanEnd): ReturnType<PlanStore['end']> {
    for (const delayMs of endRetryMs) {
      try {
        return await plans.end(end);
      } catch (error) {
        log.warn({ planId: end.planId, error: codeOf(error) }, 'plan.endFailed');
        await sleep(delayMs);
      }
    }
    return plans.end(end);
  }

  function remember(planId: PlanId): void {
    ended.add(planId);
    const [oldest] = ended;
    if (ended.size > rememberedEnds && oldest !== undefined) ended.delete(oldest);
  }

  function tell(finished: FinishedPlan): void {
    log.info({ planId: finished.plan.id, state: finished.state }, 'plan.finished');
    try {
      parts.onFinished?.(finished);
    } catch (error) {
      log.error({ planId: finished.plan.id, error: codeOf(error) }, 'plan.hookFailed');
    }
  }

  function run(planId: PlanId): Promise<RunResult> {
    const known = running.get(planId);
    if (known) return known;
    const begun = carryOut(planId).finally(() => running.delete(planId));
    running.set(planId, begun);
    return begun;
  }

  async function handle(planId: PlanId): Promise<JobDisposition> {
    if (ended.has(planId)) return 'completed';
    try {
      return (await run(planId)).result === 'blocked' ? 'retry' : 'completed';
    } catch (error) {
      log.error({ planId, error: codeOf(error) }, 'plan.runFailed');
      return 'retry';
    }
  }

  const upkeep = createUpkeep({ plans, jobs, process: parts.process, clock, log, settings, handle, running: () => [...running.keys()] });

  return {
    run,
    handle,
    recover: upkeep.recover,
    sweep: upkeep.sweep,
    start: upkeep.start,
    async shutdown(timeoutMs) {
      stopping.abort();
      upkeep.stop();
      const ended = Promise.allSettled([...running.values()]);
      const limit = new AbortController();
      await Promise.race([ended, clock.sleep(timeoutMs, limit.signal).catch(() => {})]);
      limit.abort();
      cutting.abort();
      await Promise.allSettled([...running.values()]);
    },
  };
}

function isLeaver(cause: PlanView['cause']): boolean {
  return cause === 'leaver' || cause === 'leaver.immediate';
}

function stateOf(courses: readonly Course[]): EndOf<'finish'> {
  const states = courses.map((course) => course.record.state);
  if (states.every((state) => state === 'done' || state === 'already')) return 'done';
  if (states.some((state) => state === 'done' || state === 'already' || state === 'unverified')) return 'partial';
  return courses.every((course) => course.record.state === 'refused' && course.record.attempts === 0) ? 'refused' : 'failed';
}
