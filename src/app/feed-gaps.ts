/** Spans of which pushed events are missing: opened with an entry in the log, read once more, and closed with what polling alone brought. */
import type { EventFeed } from '../adapters/contract.ts';
import { type Instant, toRfc3339 } from '../model/clock.ts';
import type { EntryId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import { closeGap, countIntoGap, type FeedGap, noteGap, openGaps } from '../store/feed-gap.ts';
import type { Core } from './core.ts';
import type { Brought, ProviderEvents } from './provider-events.ts';

/** `hook.undelivered`: the provider says so. `hook.silent`: polling brings what nobody pushes. `cursor.lost`: the provider forgot our place. */
export type GapReason = 'hook.undelivered' | 'hook.silent' | 'cursor.lost';

export interface FeedGaps {
  /** Of a span that touches an open one of the same reason it becomes a part. Noting the same again does nothing. */
  note(reason: GapReason, from: Instant, to: Instant): Promise<void>;
  /** What polling brought, before anything pushed it, counts for every open gap that it lies in. */
  count(brought: readonly Brought[]): Promise<void>;
  /** Reads open gaps once more that end before `before`, but for those of `except`, and closes them. Throws what the feed throws. */
  reconcile(before: Instant, except: GapReason | undefined, signal: AbortSignal): Promise<void>;
}

/** What was brought lately, for gaps of which we hear only afterwards. */
const remembered = 10_000;

export function createFeedGaps(parts: {
  readonly connection: string;
  readonly feed: EventFeed;
  readonly events: ProviderEvents;
  readonly core: Pick<Core, 'store' | 'append' | 'ids' | 'clock'>;
  readonly log: Log;
}): FeedGaps {
  const { connection, feed, events, core, log } = parts;
  const { store, append, ids, clock } = core;
  let lately: readonly Instant[] = [];

  async function add(gaps: readonly Pick<FeedGap, 'id' | 'from' | 'to'>[], times: readonly Instant[]): Promise<void> {
    for (const gap of gaps) {
      const found = times.filter((at) => isWithin(at, gap)).length;
      if (found > 0) await countIntoGap(store, gap.id, found);
    }
  }

  async function reconcileOne(gap: FeedGap, signal: AbortSignal): Promise<void> {
    for await (const page of feed.between?.(gap.from, gap.to, signal) ?? []) {
      const brought = await events.take('poll', page, clock.now());
      await add(
        [gap],
        brought.map(({ occurredAt }) => occurredAt),
      );
    }
    const at = clock.now();
    await store.transaction(async (tx) => {
      const closed = await closeGap(tx, gap.id, at);
      if (closed === undefined) return;
      const core = { ...coreOf(closed), events: closed.events };
      await append(tx, [{ id: ids.next<EntryId>(at), type: 'source.reconciled', at, core, pii: null }]);
      log.info({ connection, reason: closed.reason, events: closed.events }, 'source.reconciled');
    });
  }

  return {
    async note(reason, from, to) {
      const at = clock.now();
      const gap = { id: ids.next<EntryId>(at), connection, reason, from, to };
      const noted = await store.transaction(async (tx) => {
        const became = await noteGap(tx, gap, at);
        if (became.kind === 'opened') await append(tx, [{ id: gap.id, type: 'source.gap', at, core: coreOf(gap), pii: null }]);
        return became;
      });
      if (noted.kind === 'opened') {
        log.warn({ connection, reason }, 'source.gap');
        await add([gap], lately);
      }
      if (noted.kind === 'extended')
        for (const old of noted.gaps)
          await add(
            [{ id: old.id, from: Math.min(old.from, from), to: Math.max(old.to, to) }],
            lately.filter((time) => !isWithin(time, old)),
          );
    },
    async count(brought) {
      if (brought.length === 0) return;
      const times = brought.map(({ occurredAt }) => occurredAt);
      lately = [...lately, ...times].slice(-remembered);
      await add(await openGaps(store, connection), times);
    },
    async reconcile(before, except, signal) {
      for (const gap of await openGaps(store, connection))
        if (gap.to <= before && gap.reason !== except && !signal.aborted) await reconcileOne(gap, signal);
    },
  };
}

function isWithin(at: Instant, { from, to }: Pick<FeedGap, 'from' | 'to'>): boolean {
  return from <= at && at <= to;
}

function coreOf({ id, connection, reason, from, to }: Pick<FeedGap, 'id' | 'connection' | 'reason' | 'from' | 'to'>) {
  return { gapId: id, connection, reason, from: toRfc3339(from), to: toRfc3339(to) };
}
