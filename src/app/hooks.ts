/** Opens the ways in of every connection whose provider has events of its own: a door for what is pushed, and a poller for what is fetched. */
import type { EventHook } from '../adapters/contract.ts';
import type { Clock, Instant } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { HookAnswer, HookRoute, ServerParts } from '../server/index.ts';
import { notePushed } from '../store/feed.ts';
import { createLeadership, feedLock } from '../store/leadership.ts';
import type { Store } from '../store/open.ts';
import type { Core, CoreOptions } from './core.ts';
import { createFeedAlarms } from './feed-alarms.ts';
import { createFeedGaps } from './feed-gaps.ts';
import type { Metrics } from './metrics.ts';
import { createPoller, type Poller } from './poller.ts';
import { createProviderEvents, type ProviderEvents } from './provider-events.ts';
import { recordRejection } from './rejections.ts';

export interface EventDoors extends Pick<ServerParts, 'hook'> {
  /** By connection. */
  readonly pollers: ReadonlyMap<string, Poller>;
  start(): void;
  stop(): Promise<void>;
}

/** How often it is written down that a hook was heard: what is shown is good to a second. */
const heardEveryMs = 1_000;

export function openEventDoors(core: Core, { settings, clock, log }: CoreOptions, metrics: Metrics): EventDoors {
  const { store } = core;
  const alarms = createFeedAlarms({ store, telling: core.telling, metrics, clock, log });
  const hooks = new Map<string, HookRoute>();
  const pollers = new Map<string, Poller>();
  for (const { id, adapter } of core.adapters.all()) {
    const connection = settings.connections.find((one) => one.id === id);
    const { hook, feed, manifest } = adapter;
    if (connection === undefined) continue;
    const events = createProviderEvents(connection, manifest.marks, { core, alarms, metrics, log });
    if (hook !== undefined) hooks.set(id, openHook(id, hook, events, { core, metrics, clock, log }));
    if (feed === undefined) continue;
    const gaps = createFeedGaps({ connection: id, feed, events, core, log });
    const leadership = createLeadership(store, feedLock(id));
    pollers.set(
      id,
      createPoller({ connection: id, feed, hooked: hook !== undefined, events, gaps, alarms, leadership, store, clock, log }),
    );
  }
  return {
    hook: (connection) => hooks.get(connection),
    pollers,
    start() {
      for (const poller of pollers.values()) poller.start();
    },
    async stop() {
      await Promise.all([...pollers.values()].map((poller) => poller.stop()));
    },
  };
}

interface HookParts {
  readonly core: Core;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

const route = '/hooks';

function openHook(connection: string, hook: EventHook, events: ProviderEvents, { core, metrics, clock, log }: HookParts): HookRoute {
  const heard = createHeard(core.store, connection);

  async function reject(
    { status, code, proven }: { readonly status: number; readonly code: string; readonly proven: boolean },
    body: Uint8Array | 'tooLarge',
  ): Promise<HookAnswer> {
    metrics.rejected(connection, code);
    log.warn({ connection, status, code }, 'hook.rejected');
    if (proven) await recordRejection(core, { source: connection, route, status, code }, body);
    return { status };
  }

  return {
    limitBytes: hook.limitBytes,
    async receive({ method, header, body }) {
      const receivedAt = clock.now();
      const tooLarge = body === 'tooLarge';
      const reply = hook.receive({ method, header, body: tooLarge ? new Uint8Array() : body }, receivedAt);
      // Of a body that was not read only the sender counts.
      if (tooLarge && (reply.kind === 'events' || (reply.kind === 'refused' && reply.proven)))
        return reject({ status: 413, code: 'tooLarge', proven: true }, body);
      if (reply.kind === 'refused') return reject(reply, body);
      if (reply.kind === 'answer') return { status: reply.status, ...(reply.json === undefined ? {} : { json: reply.json }) };
      await events.take('hook', reply.events, receivedAt);
      // All is stored. When it was heard is for people, and for noticing silence.
      await heard(receivedAt).catch((error: unknown) => log.warn({ connection, error: (error as Error).name }, 'hook.heardUnnoted'));
      return { status: 200 };
    },
  };
}

/** Writes down when a hook was heard, without one row that all senders wait for. */
function createHeard(store: Store, connection: string): (at: Instant) => Promise<void> {
  let notedAt: Instant | undefined;
  return async (at) => {
    if (notedAt !== undefined && at - notedAt < heardEveryMs) return;
    notedAt = at;
    await notePushed(store, connection, at);
  };
}
