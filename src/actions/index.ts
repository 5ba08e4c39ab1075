/** Carrying out plans. */
export {
  createExecutor,
  type Executor,
  type ExecutorParts,
  type ExecutorSettings,
  executorSettings,
  type FinishedPlan,
  type RunResult,
} from './executor.ts';
export { type Checks, finishedEntry } from './intention.ts';
export { createLimiter } from './limiter.ts';
export type {
  ActionRecord,
  JobDisposition,
  JobHandler,
  JobQueue,
  PlanEnd,
  PlanLook,
  PlanRef,
  PlanStore,
  PlanView,
  ProcessNumber,
} from './ports.ts';
export { createQueue, type QueueParts } from './queue.ts';
export { endsAllSessions, sessionsEndedAt } from './revocation.ts';
