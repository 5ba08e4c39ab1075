/**
 * Okta's System Log, read page by page. Polling has no `until`: it is sorted by when events were written down, so that what is late is not
 * missed, and each page names the next. The bounded reading sorts by when things happened, and is for a span that is read once more.
 */
import type { Instant } from '../../model/clock.ts';
import { toRfc3339 } from '../../model/clock.ts';
import { CursorLost, type EventFeed, FeedDelay, type FeedPage, type FeedTrouble, type ProviderEvent } from '../contract.ts';
import { fieldsOf, nameOf, publishedAt, readLogEvent, targetsOf } from './log-event.ts';
import { normalise } from './normalise.ts';
import { readLogPage } from './read-bodies.ts';

export interface LogAnswer {
  readonly status: number;
  /** Absent where the body is no JSON. */
  readonly json?: unknown;
  /** Names in lower case; several headers of one name joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface FeedOptions {
  readonly connection: string;
  readonly ownClientIds: ReadonlySet<string>;
  readonly pollSeconds: number;
  readonly clock: { now(): Instant };
  /**
   * Asks Okta for a path of its API, with our credentials. A page may have several megabytes. Throws where Okta could not be asked, and a
   * `FeedDelay` where more urgent calls need what is left of the limits.
   */
  readonly get: (path: string, signal: AbortSignal) => Promise<LogAnswer>;
  /** Whether the hook is subscribed to an event type. Absent: to all. */
  readonly isPushed?: (eventType: string) => boolean;
  /** Whether an event hook of the organisation is ours. Absent: any may be. */
  readonly isOurHook?: (hookId: string) => boolean;
}

const path = '/api/v1/logs';
const limit = 1_000;
/** A new connection begins a little before now, not with history. */
const beginMs = 60_000;
/** What belongs to a span may be written down with another time than it happened at. */
const overlapMs = 60_000;
/** A delivery is given up after two tries of three seconds; events wait before that for others to join them. */
const deliveryMs = 600_000;
const usualDelayMs = 60_000;
const longestDelayMs = 15 * 60_000;

export function createOktaFeed(options: FeedOptions): EventFeed {
  const { connection, ownClientIds, pollSeconds, clock, get, isPushed, isOurHook = () => true } = options;

  async function page(from: string, signal: AbortSignal) {
    const answer = await get(from, signal);
    if (answer.status === 429) throw new FeedDelay(delayOf(answer.headers, clock.now()));
    if (answer.status !== 200) throw new LogRefused(answer.status);
    const body = readLogPage(answer.json);
    if (!body.ok) throw new LogRefused(answer.status);
    return { events: body.events, next: nextOf(answer.headers['link']) };
  }

  const meaningOf = (events: readonly unknown[]): readonly ProviderEvent[] => {
    const receivedAt = clock.now();
    return events.map((event) => normalise(event, { connection, ownClientIds, receivedAt }));
  };

  return {
    everyMs: pollSeconds * 1_000,
    async read(cursor, signal) {
      const from = cursor ?? `${path}?since=${toRfc3339(clock.now() - beginMs)}&sortOrder=ASCENDING&limit=${limit}`;
      const { events, next } = await page(from, signal).catch((error: unknown) => {
        // Only what Okta gave out itself can be one that it does not know any more.
        if (cursor !== undefined && error instanceof LogRefused && (error.status === 400 || error.status === 404)) throw new CursorLost();
        throw error;
      });
      // Polling always names the next page. Without it nothing may be taken as read.
      if (next === undefined) throw new LogRefused(200);
      const readings = meaningOf(events);
      return {
        events: readings,
        cursor: next,
        more: events.length >= limit,
        ...(isPushed === undefined ? {} : { pushed: pushedOf(events, readings, isPushed) }),
        troubles: events.flatMap((event) => troubleOf(event, isOurHook)),
      } satisfies FeedPage;
    },
    async *between(from, to, signal) {
      const span = `since=${toRfc3339(from - overlapMs)}&until=${toRfc3339(to + overlapMs)}`;
      let next: string | undefined = `${path}?${span}&sortOrder=ASCENDING&limit=${limit}`;
      while (next !== undefined) {
        const { events, next: following }: Awaited<ReturnType<typeof page>> = await page(next, signal);
        yield meaningOf(events);
        next = following;
      }
    },
  };
}

/** Okta answered something else than a page. */
class LogRefused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`the System Log answered ${status}`);
    this.name = 'LogRefused';
    this.status = status;
  }
}

/** The path of the link that is `rel="next"`: whatever host it names, our credentials go to our own organisation only. */
function nextOf(link: string | undefined): string | undefined {
  const found = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (found === undefined || !URL.canParse(found)) return undefined;
  const { pathname, search } = new URL(found);
  return pathname === path ? `${pathname}${search}` : undefined;
}

/** `X-Rate-Limit-Reset` is the second from which calls count anew, by Okta's clock. A limit of 0 is one of calls at once. */
function delayOf(headers: Readonly<Record<string, string>>, now: Instant): number {
  const [reset, told] = [Number(headers['x-rate-limit-reset']), Date.parse(headers['date'] ?? '')];
  const wait = reset > 0 ? reset * 1_000 - (Number.isNaN(told) ? now : told) + 1_000 : usualDelayMs;
  return Math.min(Math.max(wait, 1_000), longestDelayMs);
}

function pushedOf(
  events: readonly unknown[],
  readings: readonly ProviderEvent[],
  isPushed: (eventType: string) => boolean,
): ReadonlySet<string> {
  return new Set(
    readings.flatMap((reading, n) =>
      reading.kind === 'signal' && isPushed(nameOf(fieldsOf(events[n])['eventType']) ?? '') ? [reading.signal.dedupeKey] : [],
    ),
  );
}

/** What Okta tells of its event hooks. The warning before the daily limit has no name in the documentation: any warning is taken for it. */
function troubleOf(value: unknown, isOurHook: (hookId: string) => boolean): readonly FeedTrouble[] {
  const event = readLogEvent(value);
  if (event === undefined || !event.eventType.startsWith('event_hook.')) return [];
  const at = publishedAt(event);
  const hooks = targetsOf(event, 'EventHook').flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (at === undefined || (hooks.length > 0 && !hooks.some(isOurHook))) return [];
  if (event.eventType === 'event_hook.delivery')
    return event.outcome === 'failed'
      ? [{ kind: 'gap', reason: 'hook.undelivered', from: at - deliveryMs, to: at }]
      : warningOf(event.fields, at);
  if (event.eventType === 'event_hook.deactivated' || event.eventType === 'event_hook.deleted')
    return event.outcome === 'done' ? [{ kind: 'alarm', code: 'hook.ended', at }] : [];
  return warningOf(event.fields, at);
}

function warningOf({ severity }: Readonly<Record<string, unknown>>, at: Instant): readonly FeedTrouble[] {
  return severity === 'WARN' || severity === 'ERROR' ? [{ kind: 'alarm', code: 'hook.nearLimit', at }] : [];
}
