/** One process of the service: the real executor, whose every request waits until the scheduler lets it happen. */
import type { createExecutor, Executor, ExecutorSettings, PlanStore } from '../../../src/actions/index.ts';
import type { ActionOrder, Adapter, ReadBack, Receipt } from '../../../src/adapters/contract.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { EntryId, PlanId } from '../../../src/model/ids.ts';
import { silentLog } from '../../../src/model/log.ts';
import type { MemoryPlans } from './memory-plans.ts';
import type { Provider } from './provider.ts';

/** A request that waits. `ways` are how it may go, the good one first; each is taken at once and as a whole. */
export interface Request {
  readonly kind: 'store' | 'act' | 'read';
  readonly what: string;
  readonly order?: ActionOrder;
  readonly ways: readonly {
    readonly name: string;
    readonly costs?: 'lostAnswers' | 'failures' | 'blindReads' | 'storeErrors';
    go(): unknown;
  }[];
}

export interface Sleeper {
  readonly dueAt: number;
  wake(): void;
}

export interface Process {
  readonly name: string;
  number: number;
  readonly executor: Executor;
  readonly requests: Set<Request>;
  readonly sleepers: Set<Sleeper>;
  /** What it was answered since it last had nothing in hand: with the code, all that its inner state depends on. */
  history: string;
  /** Runs under way: the plan's id, or `recover`, `sweep`. */
  readonly busy: Set<string>;
  /** Plans that it knows to have ended. */
  readonly ended: Set<PlanId>;
}

export interface ProcessParts {
  readonly name: string;
  readonly number: number;
  readonly plans: MemoryPlans;
  readonly provider: Provider;
  readonly create: typeof createExecutor;
  readonly settings: Partial<ExecutorSettings>;
  now(): number;
  send(planId: PlanId, startAt: number | undefined): void;
  queued(planId: PlanId): boolean;
  /** What an outsider sees: told of each request as it happens. */
  readonly watch: Watch;
  /** An answer as text, without instants that nothing depends on. */
  digest(answer: unknown): string;
}

export interface Watch {
  onStore(process: Process, name: keyof PlanStore, asked: readonly unknown[], answer: unknown): void;
  onCall(process: Process, order: ActionOrder): void;
  onArrival(order: ActionOrder): void;
  onCallAnswered(process: Process, order: ActionOrder, receipt: Receipt): void;
  onRead(order: ActionOrder): void;
}

class StoreAway extends Error {}

export function createProcess(parts: ProcessParts): Process {
  const { plans, provider, watch, digest } = parts;
  const requests = new Set<Request>();
  const sleepers = new Set<Sleeper>();

  function request<T>(of: Pick<Request, 'kind' | 'what' | 'order'>, ways: readonly (Omit<Request['ways'][number], 'go'> & { go(): T })[]) {
    return new Promise<T>((resolve, reject) => {
      const waiting: Request = {
        ...of,
        ways: ways.map(({ go, ...way }) => ({
          ...way,
          go() {
            requests.delete(waiting);
            try {
              const answer = go();
              self.history += ` ${of.what}${way.name}=${digest(answer)}`;
              resolve(answer);
            } catch (error) {
              if (!(error instanceof StoreAway)) throw error;
              self.history += ` ${of.what}${way.name}!`;
              reject(error);
            }
          },
        })),
      };
      requests.add(waiting);
    });
  }

  const store = new Proxy({} as PlanStore, {
    get: (_, name: keyof PlanStore) => {
      const method = plans[name] as (...asked: unknown[]) => unknown;
      return (...asked: unknown[]) => {
        const happen = () => {
          const answer = method(...asked);
          watch.onStore(self, name, asked, answer);
          return answer;
        };
        const away = (done: boolean) => () => {
          if (done) happen();
          throw new StoreAway();
        };
        return request({ kind: 'store', what: name }, [
          { name: '', go: happen },
          { name: ', done, not answered', costs: 'storeErrors', go: away(true) },
          { name: ', not done', costs: 'storeErrors', go: away(false) },
        ]);
      };
    },
  });

  const adapter: Adapter = {
    manifest: provider.manifest,
    act(order) {
      watch.onCall(self, order);
      const answered = (receipt: Receipt) => {
        watch.onCallAnswered(self, order, receipt);
        return receipt;
      };
      const arrive = () => {
        watch.onArrival(order);
        return provider.arrive(order);
      };
      return request<Receipt>({ kind: 'act', what: `act ${order.type}`, order }, [
        { name: '', go: () => answered(arrive()) },
        {
          name: ', answer lost',
          costs: 'lostAnswers',
          go() {
            arrive();
            return answered({ outcome: 'unknown', code: 'timeout' });
          },
        },
        { name: ', lost on the way', costs: 'lostAnswers', go: () => answered({ outcome: 'unknown', code: 'timeout' }) },
        { name: ', failed', costs: 'failures', go: () => answered({ outcome: 'failed', code: 'http.500' }) },
      ]);
    },
    readBack(order) {
      const read = () => {
        watch.onRead(order);
        return provider.read(order);
      };
      return request<ReadBack>({ kind: 'read', what: `read ${order.type}`, order }, [
        { name: '', go: read },
        { name: ', away', costs: 'blindReads', go: () => ({ inForce: null, code: 'http.503' }) },
      ]);
    },
    probe: async () => [],
  };

  const startedAt = parts.now();
  const clock: Clock = {
    now: parts.now,
    elapsedMs: () => parts.now() - startedAt,
    // A call that is cut is one whose answer is lost: that has a way of its own.
    after: () => ({ cancel() {} }),
    sleep: (delayMs) =>
      new Promise((resolve) => {
        const sleeper: Sleeper = {
          dueAt: parts.now() + delayMs,
          wake() {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
      }),
  };

  let ids = 0;
  const executor = parts.create({
    plans: store,
    jobs: {
      jobStatements: async (refs, startAt) => refs.map(({ id }) => ({ text: 'job', values: [id, startAt] })),
      send: async (refs, startAt) => {
        for (const { id } of refs) parts.send(id, startAt);
      },
      queued: async (refs) => new Set(refs.map(({ id }) => id).filter(parts.queued)),
    },
    adapter: () => adapter,
    refuses: (identity) => identity.protected,
    spares: () => undefined,
    ceiling: () => ({ mode: 'enforce', maxRung: 6 }),
    process: { current: () => self.number },
    ids: { next: <T extends string>() => `${parts.name}-${++ids}` as unknown as T & EntryId },
    clock,
    random: () => new Uint8Array([128, 0, 0, 0]),
    log: silentLog,
    onFinished: ({ plan }) => void self.ended.add(plan.id),
    settings: parts.settings,
  });
  const self: Process = {
    name: parts.name,
    number: parts.number,
    executor,
    requests,
    sleepers,
    history: '',
    busy: new Set(),
    ended: new Set(),
  };
  return self;
}
