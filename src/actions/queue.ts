/**
 * Jobs of plans on pg-boss: policy `standard`, no keys, no groups, since order and "not twice" are the claim's. A queue for each
 * connection, so that the ones that wait for a slow provider take no worker from the others.
 */
import type pg from 'pg';
import { type JobInsert, PgBoss } from 'pg-boss';
import { type Instant, toRfc3339 } from '../model/clock.ts';
import type { PlanId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { JobHandler, JobQueue, PlanRef } from './contract.ts';

export interface QueueParts {
  /** pg-boss opens a pool of its own: LISTEN needs session connections, so not through PgBouncer in transaction mode. */
  readonly connection: pg.ClientConfig;
  /** Schema of pg-boss's tables; made at the first start. Default `pgboss`. */
  readonly schema?: string;
  /** The connections whose plans this process carries out. Letters, digits, `_`, `.`, `-` and `/`. */
  readonly connections: readonly string[];
  readonly log: Log;
}

interface PlanJob {
  readonly planId: PlanId;
}

const queuePrefix = 'plan/';
const poolSize = 8;
const nameOf = (connection: string) => `${queuePrefix}${connection}`;

const queueOptions = {
  policy: 'standard',
  notify: true,
  heartbeatSeconds: 10,
  expireInSeconds: 300,
  retryLimit: 20,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  // A job is only a wake: what happened is in the plan.
  deleteAfterSeconds: 3_600,
} as const;

const workOptions = {
  localConcurrency: 4,
  // One at a time works a backlog off at a few jobs a second.
  batchSize: 10,
  burstWhenBatchFull: true,
  perJobResults: true,
  pollingIntervalSeconds: 0.5,
  // A job with startAfter is seen only by polling.
  notifyPollingIntervalSeconds: 0.5,
  heartbeatRefreshSeconds: 3,
} as const;

/** Does nothing until `start`. */
export function createQueue({ connection, schema = 'pgboss', connections, log }: QueueParts): JobQueue {
  const boss = new PgBoss({
    ...(connection as Record<string, never>),
    schema,
    max: poolSize,
    application_name: 'rescind jobs',
    useListenNotify: true,
    schedule: false,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
  });
  boss.on('error', (error) => log.warn({ error: error.name, code: (error as { code?: unknown }).code ?? null }, 'jobs.error'));
  boss.on('warning', (warning) => log.warn({ message: warning.message }, 'jobs.warning'));

  const made = new Map<string, Promise<void>>();
  const makeQueue = (name: string): Promise<void> => {
    const known = made.get(name) ?? boss.createQueue(name, queueOptions);
    made.set(name, known);
    known.catch(() => made.delete(name));
    return known;
  };

  const byConnection = (plans: readonly PlanRef[]): ReadonlyMap<string, readonly PlanRef[]> =>
    Map.groupBy(plans, (plan) => plan.connection);

  const jobsOf = (plans: readonly PlanRef[], startAt: Instant | undefined): JobInsert<PlanJob>[] =>
    plans.map(({ id }) => ({ data: { planId: id }, ...(startAt === undefined ? {} : { startAfter: toRfc3339(startAt) }) }));

  return {
    async start() {
      await boss.start();
      await Promise.all(connections.map((each) => makeQueue(nameOf(each))));
    },
    async stop(timeoutMs) {
      await boss.stop({ graceful: true, timeout: timeoutMs, close: true });
    },
    async jobStatements(plans, startAt) {
      const statements: { name: string; text: string; values: readonly unknown[] }[] = [];
      for (const [each, refs] of byConnection(plans)) {
        await makeQueue(nameOf(each));
        // Long, and the same each time but for the jobs: worth preparing once a queue.
        const name = `jobs-${[...made.keys()].indexOf(nameOf(each))}`;
        const capture: ReturnType<PgBoss['getDb']> = {
          async executeSql(text: string, values: unknown[] = []) {
            statements.push({ name, text, values });
            return { rows: [] };
          },
        };
        await boss.insert(nameOf(each), jobsOf(refs, startAt), { db: capture });
      }
      return statements;
    },
    async send(plans, startAt) {
      for (const [each, refs] of byConnection(plans)) {
        await makeQueue(nameOf(each));
        await boss.insert(nameOf(each), jobsOf(refs, startAt));
      }
    },
    async queued(plans) {
      const { rows } = await boss.getDb().executeSql(
        `select data->>'planId' as id from ${schema}.job
         where name = any ($1) and state in ('created', 'retry', 'active') and data->>'planId' = any ($2)`,
        [[...byConnection(plans).keys()].map(nameOf), plans.map((plan) => plan.id)],
      );
      return new Set(rows.map((row: { id: PlanId }) => row.id));
    },
    async work(handler) {
      // Plans of a connection that is no longer configured must come to an end too.
      const stored = (await boss.getQueues()).map(({ name }) => name).filter((name) => name.startsWith(queuePrefix));
      const names = new Set([...stored, ...connections.map(nameOf)]);
      await Promise.all([...names].map((name) => workOn(boss, name, handler)));
    },
  };
}

async function workOn(boss: PgBoss, name: string, handler: JobHandler): Promise<void> {
  await boss.work<PlanJob, unknown, typeof workOptions>(name, workOptions, async (jobs) =>
    Promise.all(
      jobs.map(async (job) => {
        const disposition = await handler(job.data.planId);
        return { id: job.id, status: disposition === 'completed' ? ('completed' as const) : ('failed' as const) };
      }),
    ),
  );
}
