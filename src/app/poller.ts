/**
 * Reads the events of one connection, in one process of all: page after page, each stored and decided before the next is asked for, with
 * the cursor in the transaction of its last part. Whoever leads next goes on from there.
 */
import { CursorLost, type EventFeed, FeedDelay, type FeedPage, type FeedTrouble } from '../adapters/contract.ts';
import type { Leadership } from '../ledger/index.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type Feed, readFeed } from '../store/feed.ts';
import type { Store } from '../store/open.ts';
import type { FeedAlarms } from './feed-alarms.ts';
import type { FeedGaps } from './feed-gaps.ts';
import type { ProviderEvents } from './provider-events.ts';
import { createPushWatch } from './push-watch.ts';

export interface Poller {
  /** Reads all that waits, where this process leads; answers how long to wait until the next look. Never throws. */
  look(): Promise<number>;
  start(): void;
  /** Resolves once nothing is under way and another process may lead. */
  stop(): Promise<void>;
}

export interface PollerParts {
  readonly connection: string;
  readonly feed: EventFeed;
  /** Whether the connection takes what is pushed, and can miss it. */
  readonly hooked: boolean;
  readonly events: ProviderEvents;
  readonly gaps: FeedGaps;
  readonly alarms: FeedAlarms;
  readonly leadership: Leadership;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const longestBackOffMs = 5 * 60_000;
/** Intervals without an answer until somebody is told, and not before a while. */
const silentIntervals = 8;
const silentAtLeastMs = 5 * 60_000;
/** What is over by itself, or was for a person to look into, is shown that long. */
const shownMs = 86_400_000;
/** The part of a span that was read before is read again with it. */
const overlapMs = 60_000;

export function createPoller(parts: PollerParts): Poller {
  const { connection, feed, hooked, events, gaps, alarms, leadership, store, clock, log } = parts;
  const ending = new AbortController();
  const { signal } = ending;
  const silentMs = Math.max(silentAtLeastMs, silentIntervals * feed.everyMs);
  const pushes = createPushWatch({ connection, gaps, alarms });
  let running: Promise<void> = Promise.resolve();
  let failures = 0;
  /** Where nobody was ever heard, silence counts from our own first look. */
  let firstLookAt: Instant | undefined;

  /** Where the place was lost, what lay between is read by its time. */
  async function pageAfter(state: Feed | undefined): Promise<FeedPage> {
    const cursor = state?.cursor ?? undefined;
    try {
      return await feed.read(cursor, signal);
    } catch (error) {
      if (!(error instanceof CursorLost) || cursor === undefined) throw error;
      await gaps.note('cursor.lost', (state?.movedAt ?? clock.now()) - overlapMs, clock.now());
      return feed.read(undefined, signal);
    }
  }

  /** Gaps are noted before the cursor moves past the events that tell of them. */
  async function noteTrouble(trouble: FeedTrouble): Promise<void> {
    if (trouble.kind === 'gap') await gaps.note(trouble.reason, trouble.from, trouble.to);
    else await alarms.raise(connection, trouble.code, trouble.at);
  }

  async function readOn(): Promise<void> {
    for (let more = true; more && !signal.aborted; ) {
      const state = await readFeed(store, connection);
      const page = await pageAfter(state);
      for (const trouble of page.troubles ?? []) await noteTrouble(trouble);
      const brought = await events.take('poll', page.events, clock.now(), page.cursor);
      const missed = brought.filter(({ dedupeKey }) => page.pushed?.has(dedupeKey) ?? true);
      await gaps.count(missed);
      pushes.missed(missed);
      // A place that does not move would be read for ever.
      more = page.more && page.cursor !== state?.cursor;
    }
  }

  async function lead(): Promise<number> {
    await readOn();
    const now = clock.now();
    await alarms.end(connection, ['poll.failing'], now);
    await alarms.end(connection, ['hook.nearLimit', 'credential.elsewhere'], now - shownMs);
    const pushedAt = (hooked ? await readFeed(store, connection) : undefined)?.pushedAt ?? null;
    const silent = await pushes.look(pushedAt, now);
    // What is late by hook has its interval to arrive.
    await reconcile(now - feed.everyMs, silent);
    return feed.everyMs;
  }

  /** A gap that cannot be read stays open, and keeps nothing of now waiting. */
  async function reconcile(before: Instant, silent: boolean): Promise<void> {
    try {
      await gaps.reconcile(before, silent ? 'hook.silent' : undefined, signal);
    } catch (error) {
      if (error instanceof FeedDelay) throw error;
      log.warn({ connection, error: nameOf(error) }, 'feed.gapUnread');
    }
  }

  async function failed(error: unknown): Promise<number> {
    if (error instanceof FeedDelay) {
      log.info({ connection, delayMs: error.delayMs }, 'feed.delayed');
      return Math.max(error.delayMs, feed.everyMs);
    }
    if (!signal.aborted) log.warn({ connection, error: nameOf(error) }, 'feed.unread');
    return Math.min(feed.everyMs * 2 ** ++failures, Math.max(longestBackOffMs, feed.everyMs));
  }

  /** Whoever leads: all processes look, so that one that hangs is noticed by another. */
  async function noticeSilence(): Promise<void> {
    const now = clock.now();
    firstLookAt ??= now;
    const heardAt = (await readFeed(store, connection))?.polledAt ?? firstLookAt;
    if (now - heardAt > silentMs) await alarms.raise(connection, 'poll.failing', now);
  }

  async function look(): Promise<number> {
    let waitMs = feed.everyMs;
    try {
      if (await leadership.acquire()) waitMs = await lead();
      failures = 0;
    } catch (error) {
      waitMs = await failed(error);
    }
    if (!signal.aborted) await noticeSilence().catch((error: unknown) => log.warn({ connection, error: nameOf(error) }, 'feed.unread'));
    return waitMs;
  }

  return {
    look,
    start() {
      running = (async () => {
        while (!signal.aborted) await clock.sleep(await look(), signal);
      })();
    },
    async stop() {
      ending.abort();
      await running;
      await leadership.release();
    },
  };
}

/** Never a message, which may quote what was sent. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
