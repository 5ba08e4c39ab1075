/** The job queue of tests: what is due is read from the plans themselves, and handed out when told. */
import type { JobHandler, JobQueue, PlanRef, PlanStore } from '../../src/actions/index.ts';
import type { Clock, Instant } from '../../src/model/clock.ts';

export interface ManualQueue extends JobQueue {
  /** Runs the handler for each plan that is due now, in the order of their ids; answers how many. */
  fireDue(): Promise<number>;
  /** What was sent outside a transaction. */
  readonly sent: { readonly plan: PlanRef; readonly startAt: Instant | undefined }[];
}

export function createManualQueue(parts: { readonly clock: Clock; readonly waiting: PlanStore['waiting'] }): ManualQueue {
  let handler: JobHandler | undefined;
  const sent: ManualQueue['sent'] = [];
  return {
    sent,
    start: async () => {},
    stop: async () => {},
    jobStatements: async () => [],
    send: async (plans, startAt) => void sent.push(...plans.map((plan) => ({ plan, startAt }))),
    queued: async (plans) => new Set(plans.map((plan) => plan.id)),
    async work(next) {
      handler = next;
    },
    async fireDue() {
      const due = await parts.waiting(parts.clock.now(), 10_000);
      for (const { id } of due) await handler?.(id);
      return due.length;
    },
  };
}
