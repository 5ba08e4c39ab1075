/** A provider's own events on their way in, whether they were pushed or fetched: one door a connection, the same batches, the same counts. */
import type { ProviderEvent } from '../adapters/contract.ts';
import type { Instant } from '../model/clock.ts';
import type { Arrival, Verified } from '../model/signal.ts';
import type { ConnectionSettings } from '../settings/index.ts';
import { createHookDoor, type FeedMove, type HookReading, type Item, toItem } from '../signals/index.ts';
import { moveFeed } from '../store/feed.ts';
import { takeConfirmations } from './confirmations.ts';
import type { Core } from './core.ts';
import type { FeedAlarms } from './feed-alarms.ts';
import type { Metrics } from './metrics.ts';

export type Way = 'hook' | 'poll';

/** A signal that had not come before, by whatever way. */
export interface Brought {
  readonly dedupeKey: string;
  readonly occurredAt: Instant;
}

export interface ProviderEvents {
  /**
   * Resolves once everything is stored and decided; `cursor` is then written with the last of it. Answers what was new. Throws
   * `store.unavailable` where not all was accepted: what was stays, and does no harm when it comes again.
   */
  take(way: Way, events: readonly ProviderEvent[], receivedAt: Instant, cursor?: string): Promise<readonly Brought[]>;
}

export interface ProviderEventsParts {
  readonly core: Pick<Core, 'store' | 'batcher' | 'ids' | 'clock'>;
  readonly alarms: FeedAlarms;
  readonly metrics: Metrics;
  readonly log: Parameters<typeof takeConfirmations>[3]['log'];
}

/** Names of event types that nobody knows, of each connection, said once a process. */
const mostUnknown = 256;

export function createProviderEvents(
  connection: Pick<ConnectionSettings, 'id' | 'kind'>,
  marks: readonly string[],
  { core, alarms, metrics, log }: ProviderEventsParts,
): ProviderEvents {
  const { store, batcher, ids } = core;
  const source = connection.id;
  const door = createHookDoor({ source, sourceKind: connection.kind, marks });
  const said = new Set<string>();

  function count(way: Way, { arrivals, confirmations, silent, unknown, droppedMarks }: HookReading): void {
    const counted = [...silent, ['signal', arrivals.length] as const, ['confirmation', confirmations.length] as const];
    for (const [reading, events] of counted) if (events > 0) metrics.eventsRead(source, way, reading, events);
    for (const [reason, dropped] of droppedMarks) metrics.marksDropped(source, reason, dropped);
    for (const event of unknown) {
      if (said.has(event) || said.size >= mostUnknown) continue;
      said.add(event);
      log.warn({ connection: source, event }, 'providerEvent.unknownType');
    }
  }

  return {
    async take(way, events, receivedAt, cursor) {
      const reading = door.read(events, receivedAt);
      count(way, reading);
      await takeConfirmations(source, reading.confirmations, receivedAt, { store, alarms, metrics, log });
      const feed = cursor === undefined ? undefined : { connection: source, cursor };
      const items = itemsOf(reading.arrivals, feed, ids);
      if (items.length === 0) {
        if (feed === undefined) return [];
        const { text, values } = moveFeed(source, feed.cursor, core.clock.now());
        await store.query(text, [...values]);
        return [];
      }
      const acknowledged = await batcher.submit(items);
      const brought = items.flatMap(({ arrival: { dedupeKey, occurredAt } }, n) =>
        acknowledged[n]?.repeated === false ? [{ dedupeKey, occurredAt }] : [],
      );
      if (brought.length > 0) metrics.signalsBrought(source, way, brought.length);
      return brought;
    },
  };
}

/** The cursor goes with the last: parts of a page are settled in order, and until then it is read again. */
function itemsOf(arrivals: readonly Verified<Arrival>[], feed: FeedMove | undefined, ids: Core['ids']): readonly Item[] {
  return arrivals.map((arrival, n) => {
    // Hook and log tell the same event, and not always in the same words.
    const item = toItem(arrival, ids, `${arrival.type} ${arrival.quarantine ?? arrival.occurredAt}`);
    return feed === undefined || n < arrivals.length - 1 ? item : { ...item, feed };
  });
}
