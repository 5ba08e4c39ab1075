/**
 * What Okta's System Log shows of an action that leaves no other trace: nothing lists a person's sessions. The log has a small allowance,
 * so what is asked while one query is under way goes into the next.
 */
import { z } from 'zod';
import { type Clock, type Instant, toRfc3339 } from '../../model/clock.ts';
import { urgencies } from './budget.ts';
import type { OktaClient } from './client.ts';
import { OktaFailure, toFailure } from './failure.ts';
import { shaped } from './reads.ts';
import type { Errand } from './transport.ts';

export interface LogProofs {
  /** The last instant since `since` at which an event of this type was about the account; undefined where the log shows none by now. */
  latest(eventType: string, account: string, since: Instant, errand: Errand): Promise<Instant | undefined>;
}

interface Asked {
  readonly eventType: string;
  readonly account: string;
  readonly since: Instant;
  readonly errand: Errand;
  readonly answer: (at: Instant | undefined) => void;
  readonly fail: (failure: OktaFailure) => void;
  gone: boolean;
}

const eventSchema = z.object({
  eventType: z.string(),
  published: z.date(),
  outcome: z.object({ result: z.string().optional() }).nullish(),
  target: z.array(z.object({ id: z.string().nullish() })).nullish(),
});

/** Accounts a query names; the whole expression must stay a short address. */
const mostTogether = 20;
/** Beyond it the log answers nothing. */
const keptMs = 89 * 86_400_000;
/** For clocks that differ: what was written a moment ahead of ours is meant as well. */
const aheadMs = 60_000;

export function createLogProofs(okta: OktaClient, clock: Clock): LogProofs {
  let waiting: Asked[] = [];
  let underWay = false;

  async function work(): Promise<void> {
    underWay = true;
    while (waiting.length > 0) {
      waiting.sort((a, b) => urgencies[a.errand.urgency] - urgencies[b.errand.urgency]);
      const batch = waiting.splice(0, mostTogether);
      await answerAll(batch);
    }
    underWay = false;
  }

  async function answerAll(batch: readonly Asked[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    // It ends when nobody waits for it any more.
    const stop = new AbortController();
    const look = () => {
      if (batch.every(({ gone }) => gone)) stop.abort();
    };
    for (const { errand } of batch) errand.signal.addEventListener('abort', look, { once: true });
    look();
    try {
      const events = await query(batch, { urgency: first.errand.urgency, signal: stop.signal });
      for (const asked of batch) asked.answer(latestOf(events, asked));
    } catch (error) {
      for (const { fail } of batch) fail(toFailure(error));
    } finally {
      for (const { errand } of batch) errand.signal.removeEventListener('abort', look);
    }
  }

  async function query(batch: readonly Asked[], errand: Errand): Promise<readonly z.output<typeof eventSchema>[]> {
    const any = (name: string, values: Iterable<string>) => [...new Set(values)].map((value) => `${name} eq "${value}"`).join(' or ');
    const types = any(
      'eventType',
      batch.map(({ eventType }) => eventType),
    );
    const accounts = any(
      'target.id',
      batch.map(({ account }) => account),
    );
    const since = Math.max(Math.min(...batch.map((one) => one.since)), clock.now() - keptMs);
    const list = await okta.call(errand, (sdk) =>
      sdk.systemLogApi.listLogEvents({
        since: toRfc3339(since),
        until: toRfc3339(clock.now() + aheadMs),
        sortOrder: 'DESCENDING',
        limit: 1_000,
        filter: `(${types}) and (${accounts})`,
      }),
    );
    // The newest thousand: the last of each account are among them but in a flood, which then is looked at again.
    const page = await okta.call(errand, () => list.getNextPage());
    return shaped(z.array(eventSchema), page);
  }

  return {
    latest(eventType, account, since, errand) {
      const aborted = () => new OktaFailure({ outcome: 'failed', code: 'aborted' });
      if (errand.signal.aborted) return Promise.reject(aborted());
      const { promise, resolve, reject } = Promise.withResolvers<Instant | undefined>();
      const asked: Asked = { eventType, account, since, errand, answer: resolve, fail: reject, gone: false };
      const leave = () => {
        asked.gone = true;
        waiting = waiting.filter((other) => other !== asked);
        reject(aborted());
      };
      errand.signal.addEventListener('abort', leave, { once: true });
      waiting.push(asked);
      if (!underWay) void work();
      return promise.finally(() => errand.signal.removeEventListener('abort', leave));
    },
  };
}

function latestOf(events: readonly z.output<typeof eventSchema>[], { eventType, account }: Asked): Instant | undefined {
  const meant = events.filter(
    (event) =>
      event.eventType === eventType &&
      (event.outcome?.result ?? 'SUCCESS') === 'SUCCESS' &&
      (event.target ?? []).some(({ id }) => id === account),
  );
  return meant.length === 0 ? undefined : Math.max(...meant.map(({ published }) => published.getTime()));
}
