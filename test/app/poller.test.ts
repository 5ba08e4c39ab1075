/** A poller on its own: a feed of three lines, and nothing behind it. */
import { expect, it } from 'vitest';
import { type EventFeed, FeedDelay, type FeedPage } from '../../src/adapters/contract.ts';
import { createPoller, type PollerParts } from '../../src/app/poller.ts';
import { silentLog } from '../../src/model/log.ts';
import { createManualClock } from '../support/clock.ts';

const everyMs = 15_000;
const nothing = async () => {};
const page = (more: Partial<FeedPage> = {}): FeedPage => ({ events: [], cursor: 'next', more: false, ...more });

function pollerOf(read: EventFeed['read'], more: Partial<PollerParts> = {}) {
  return createPoller({
    connection: 'okta-main',
    feed: { everyMs, read },
    hooked: false,
    events: { take: async () => [] },
    gaps: { note: nothing, count: nothing, reconcile: nothing },
    alarms: { raise: nothing, end: nothing },
    leadership: { acquire: async () => true, release: nothing },
    store: { query: async () => ({ rows: [{ cursor: 'next', movedAt: 0, polledAt: Date.UTC(2026, 4, 4, 10), pushedAt: null }] }) } as never,
    clock: createManualClock(),
    log: silentLog,
    ...more,
  });
}

it('does not read a place for ever that does not move', async () => {
  let reads = 0;
  const poller = pollerOf(async () => {
    reads += 1;
    return page({ more: true });
  });
  expect([await poller.look(), reads]).toEqual([everyMs, 1]);
});

it('goes on with what is new where a gap cannot be read, and comes later where that is asked', async () => {
  let thrown: Error = new Error('too long ago');
  const poller = pollerOf(async () => page(), {
    gaps: { note: nothing, count: nothing, reconcile: () => Promise.reject(thrown) },
  });
  expect([await poller.look(), await poller.look(), await poller.look()]).toEqual([everyMs, everyMs, everyMs]);
  thrown = new FeedDelay(40_000);
  expect(await poller.look()).toBe(40_000);
});

it('never waits less than its interval, nor more than five minutes for a failure', async () => {
  let thrown: Error = new FeedDelay(1);
  const poller = pollerOf(() => Promise.reject(thrown));
  expect(await poller.look()).toBe(everyMs);
  thrown = new Error('away');
  const waits = [];
  for (let n = 0; n < 6; n++) waits.push(await poller.look());
  expect(waits).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
});

it('reads nothing where another process leads', async () => {
  const poller = pollerOf(() => Promise.reject(new Error('must not be asked')), {
    leadership: { acquire: async () => false, release: nothing },
  });
  expect(await poller.look()).toBe(everyMs);
});
