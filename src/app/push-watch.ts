/** Notices that nothing is pushed any more: polling keeps bringing first what a hook that was heard before should have brought. */
import type { Instant } from '../model/clock.ts';
import type { FeedAlarms } from './feed-alarms.ts';
import type { FeedGaps } from './feed-gaps.ts';
import type { Brought } from './provider-events.ts';

export interface PushWatch {
  /** What polling brought first and the hook should have. */
  missed(brought: readonly Brought[]): void;
  /** `pushedAt`: when the hook was last heard, null for never. Answers whether it is silent now. */
  look(pushedAt: Instant | null, now: Instant): Promise<boolean>;
}

/** A hook may be late by minutes; nobody is woken for that. */
const silentMs = 10 * 60_000;
const silentEvents = 3;
const remembered = 1_000;
/** What happened just before the last that was heard may still have been in it. */
const overlapMs = 60_000;

export function createPushWatch({
  connection,
  gaps,
  alarms,
}: {
  readonly connection: string;
  readonly gaps: Pick<FeedGaps, 'note'>;
  readonly alarms: FeedAlarms;
}): PushWatch {
  let times: readonly Instant[] = [];
  let silentSince: Instant | undefined;
  /** Nobody heard anything while we were not there. */
  let watchingSince: Instant | undefined;
  return {
    missed(brought) {
      times = [...times, ...brought.map(({ occurredAt }) => occurredAt)].slice(-remembered);
    },
    async look(pushedAt, now) {
      watchingSince ??= now;
      // Where no hook was ever heard there is none, and polling alone serves.
      if (pushedAt === null) return false;
      times = times.filter((at) => at > pushedAt);
      const heardMs = now - Math.max(pushedAt, watchingSince);
      const silent = heardMs > silentMs && (silentSince === pushedAt || times.length >= silentEvents);
      if (silent) {
        silentSince = pushedAt;
        await gaps.note('hook.silent', pushedAt - overlapMs, now);
        await alarms.raise(connection, 'hook.silent', now);
      } else await alarms.end(connection, ['hook.silent', 'hook.ended'], pushedAt);
      return silent;
    },
  };
}
