/** Opens a breaker when one of its conditions is met, tells of it once, and closes it when a person says so. */
import { type BreakerCondition, type BreakerRule, hitGuards, type Measured, openForMs, opens, spanOf } from '../guard/index.ts';
import type { Clock, Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import { type EntryId, isId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { JudgingSettings } from '../model/settings.ts';
import { arriveBreaker, type Batcher, type Item, toItem } from '../signals/index.ts';
import {
  closeBreaker,
  countErrors,
  countLimitHits,
  countPeopleAboveMedium,
  countWrong,
  insertBreaker,
  lastBreakerEnd,
  markTold,
  openBreaker,
  untoldBreakers,
} from '../store/breaker.ts';
import { countHour, sourceRates } from '../store/source-hours.ts';
import type { Judging } from './judging.ts';
import type { RecordParts } from './records.ts';
import type { Telling } from './telling.ts';

export interface Breakers {
  /** Looks at every condition but the rates of sources, and tells of what was opened. */
  look(): Promise<void>;
  /** Looks at how much each source sends. */
  lookAtSources(): Promise<void>;
  /** Throws `notFound` or `conflict`. */
  close(id: string, reason: string, by: string): Promise<{ readonly id: string }>;
}

export interface BreakerParts {
  readonly judging: Judging;
  readonly settings: JudgingSettings;
  readonly batcher: Batcher<Item, unknown>;
  readonly records: RecordParts;
  readonly telling: Pick<Telling, 'tell'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Further back than this no condition without a span of its own looks. */
const longestMs = 7 * 86_400_000;

export function createBreakers({ judging, settings, batcher, records, telling, clock, log }: BreakerParts): Breakers {
  const { store, ids, append } = records;
  const real = Object.keys(settings.connections).filter((id) => settings.connections[id]?.profile !== 'sandbox');

  /** Undefined where nothing could be held. */
  function ruleNow(): BreakerRule | undefined {
    const { breaker } = judging.state().bundle.guards.profiles[settings.profile].standing;
    return breaker === 'off' || real.length === 0 ? undefined : breaker;
  }

  async function measure(condition: BreakerCondition, now: Instant): Promise<readonly Measured[]> {
    const since = Math.max(await lastBreakerEnd(store), now - (spanOf(condition) ?? longestMs));
    if ('limitHits' in condition) return [{ of: 'limitHits', hits: await countLimitHits(store, hitGuards, since) }];
    if ('undoneOrFalsePercent' in condition) return [{ of: 'undoneOrFalse', ...(await countWrong(store, condition.ofLast, since)) }];
    if ('providerErrorPercent' in condition)
      return (await countErrors(store, real, condition.ofLast, since)).map(({ connection, ...counted }) => ({
        of: 'providerErrors' as const,
        ref: connection,
        ...counted,
      }));
    if ('peopleAboveMediumPercent' in condition) {
      const { population, bundle } = judging.state();
      const { countsOnlyBelow } = bundle.guards;
      return [{ of: 'peopleAboveMedium', people: await countPeopleAboveMedium(store), population, countsOnlyBelow }];
    }
    return [];
  }

  async function open(rule: BreakerRule, condition: BreakerCondition, detail: string, at: Instant): Promise<void> {
    const [name = ''] = Object.keys(condition);
    const id = ids.next<EntryId>(at);
    const opened = await store.transaction(async (tx) => {
      if (!(await insertBreaker(tx, { id, condition: name, detail, openedAt: at, until: at + openForMs(rule) }))) return false;
      await append(tx, [
        { id: ids.next<EntryId>(at), type: 'breaker.opened', at, core: { breakerId: id, condition: name, detail }, pii: null },
      ]);
      // Limits that were reached are an incident, and have paged as that.
      const page = name === 'limitHits' ? {} : { page: true as const };
      await telling.tell(tx, [{ type: 'breaker.opened', about: id, data: { breakerId: id, condition: name, ...page }, people: [] }], at);
      return true;
    });
    if (!opened) return;
    log.error({ breakerId: id, condition: name, detail }, 'breaker.opened');
    await judging.refreshPauses();
  }

  async function openWhere(measuredOf: (condition: BreakerCondition, now: Instant) => Promise<readonly Measured[]>): Promise<void> {
    const rule = ruleNow();
    const now = clock.now();
    if (rule === undefined || (await openBreaker(store, now)) !== undefined) return;
    for (const condition of rule.opensOn) {
      for (const measured of await measuredOf(condition, now)) {
        const why = opens(condition, measured);
        if (why !== undefined) return open(rule, condition, why, now);
      }
    }
  }

  /** The row is the guarantee: told again after a crash, the door knows the signal. */
  async function tell(): Promise<void> {
    for (const breaker of await untoldBreakers(store)) {
      await batcher.submit([toItem(arriveBreaker(breaker, clock.now()), ids)]);
      await markTold(store, breaker.id, clock.now());
    }
  }

  return {
    async look() {
      await openWhere(measure);
      await tell();
    },
    async lookAtSources() {
      await countHour(store, clock.now(), longestMs);
      await openWhere(async (condition, now) =>
        'sourceTimesHourlyMean' in condition
          ? (await sourceRates(store, now, spanOf(condition) ?? longestMs)).map(({ source, ...rate }) => ({
              of: 'sourceRate' as const,
              ref: source,
              ...rate,
            }))
          : [],
      );
    },
    async close(id, reason, by) {
      if (!isId(id)) throw new AppError('notFound', 'There is no such breaker.');
      const at = clock.now();
      const closed = await store.transaction(async (tx) => {
        if (!(await closeBreaker(tx, { id, reason, by, at }))) return false;
        await append(tx, [{ id: ids.next<EntryId>(at), type: 'breaker.closed', at, core: { breakerId: id, by }, pii: null }]);
        return true;
      });
      if (!closed) throw new AppError('conflict', 'No such breaker is open.');
      await judging.refreshPauses();
      return { id };
    },
  };
}
