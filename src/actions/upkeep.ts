/** What keeps plans from being forgotten: claims of dead processes are taken over, released plans without a job are found. */
import type { Clock, Timer } from '../model/clock.ts';
import type { PlanId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { JobHandler, JobQueue, PlanRef, PlanStore, ProcessNumber } from './contract.ts';
import { codeOf } from './fault.ts';

export interface UpkeepSettings {
  readonly recoverEveryMs: number;
  /** Also the age from which a released plan without a job counts as forgotten. */
  readonly sweepEveryMs: number;
  /** The age from which a claim of this process that no run holds is taken back. */
  readonly ownClaimMs: number;
  /** The age from which a due plan that nobody claimed is tried without waiting for its job. */
  readonly strandedMs: number;
}

export interface UpkeepParts {
  readonly plans: Pick<PlanStore, 'takeBack' | 'waiting'>;
  readonly jobs: Pick<JobQueue, 'send' | 'queued'>;
  readonly process: ProcessNumber;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: UpkeepSettings;
  readonly handle: JobHandler;
  /** Plans that a run of this process holds or is about to claim. */
  running(): readonly PlanId[];
}

export interface Upkeep {
  recover(): Promise<number>;
  sweep(): Promise<number>;
  start(): Promise<void>;
  stop(): void;
}

const recoverWidth = 16;
const sweepLimit = 1_000;
const resendLimit = 10_000;
const strandedLimit = 16;

export function createUpkeep({ plans, jobs, process, clock, log, settings, handle, running }: UpkeepParts): Upkeep {
  const timers = new Map<string, Timer>();
  let stopped = false;

  async function takeBack(): Promise<readonly PlanRef[]> {
    const processId = process.current();
    if (processId === undefined) return [];
    const loose = await plans.takeBack({ processId, running: running(), ownBefore: clock.now() - settings.ownClaimMs });
    if (loose.length > 0) log.warn({ plans: loose.length }, 'plan.takenBack');
    return loose;
  }

  /** Due plans that nobody took: their jobs are in the hands of a process that is gone, and come back only after its heartbeat. */
  async function runStranded(): Promise<void> {
    const held = new Set(running());
    const stranded = (await plans.waiting(clock.now() - settings.strandedMs, strandedLimit)).filter((ref) => !held.has(ref.id));
    // The claim decides who runs them; the job they have stays their guarantee.
    await Promise.all(stranded.map((ref) => handle(ref.id)));
  }

  async function runAll(refs: readonly PlanRef[]): Promise<void> {
    const queue = [...refs];
    const work = async () => {
      for (let ref = queue.shift(); ref && !stopped; ref = queue.shift()) {
        if ((await handle(ref.id)) === 'completed') continue;
        const { id } = ref;
        await jobs.send([ref]).catch((error: unknown) => log.warn({ planId: id, error: codeOf(error) }, 'plan.wakeFailed'));
      }
    };
    await Promise.all(Array.from({ length: Math.min(recoverWidth, queue.length) }, work));
  }

  async function sweep(): Promise<number> {
    const held = new Set(running());
    const waiting = (await plans.waiting(clock.now() - settings.sweepEveryMs, sweepLimit)).filter((ref) => !held.has(ref.id));
    if (waiting.length === 0) return 0;
    const queued = await jobs.queued(waiting);
    const missing = waiting.filter((ref) => !queued.has(ref.id));
    for (const ref of missing) log.error({ planId: ref.id }, 'plan.withoutJob');
    if (missing.length > 0) await jobs.send(missing);
    return missing.length;
  }

  /** One round after the other, so that a slow one is not overtaken by the next. */
  function every(name: string, delayMs: number, task: () => Promise<unknown>): void {
    if (stopped) return;
    const round = () => {
      task()
        .catch((error: unknown) => log.warn({ task: name, error: codeOf(error) }, 'plan.upkeepFailed'))
        .finally(() => every(name, delayMs, task));
    };
    timers.set(name, clock.after(delayMs, round));
  }

  return {
    async recover() {
      const loose = await takeBack();
      await runAll(loose);
      return loose.length;
    },
    sweep,
    async start() {
      // Jobs that a killed process had in hand come back only when their heartbeat has expired; a second job is harmless.
      const waiting = await plans.waiting(clock.now(), resendLimit);
      if (waiting.length > 0) await jobs.send(waiting);
      // Long runs of one round must not keep the next from looking.
      const look = async () => void runAll(await takeBack());
      await look();
      every('recover', settings.recoverEveryMs, look);
      every('stranded', settings.recoverEveryMs, runStranded);
      every('sweep', settings.sweepEveryMs, sweep);
    },
    stop() {
      stopped = true;
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}
