/** Delivery of events to hooks: at least once at best, in batches, and as lossy, repeated, late or out of order as a test asks for. */
import { randomUUID } from 'node:crypto';
import { written } from './clock.ts';
import { delivered, type HookCalls, type HookOutcome } from './hook-calls.ts';
import { type LogEvent, party } from './log-event.ts';
import type { LogPlace } from './log-store.ts';
import type { Org } from './org.ts';
import type { EventHook } from './records.ts';

export interface DeliverySettings {
  /** Events of which this is true never arrive, and nothing tells of it. */
  lose: (event: LogEvent) => boolean;
  /** How often each batch is sent, as the same envelope. Default 1. */
  copies: number;
  /** Default `persisted`. */
  order: 'persisted' | 'reversed';
  /** Most events in one envelope. Default 100. */
  batchSize: number;
  /** While the clock is between these (the end excluded) nothing is sent; afterwards it comes late, or with `lost` never. */
  outages: readonly { readonly from: number; readonly until: number; readonly lost?: boolean }[];
  /** Milliseconds after which a new event or a move of the clock sets off a delivery; undefined (the default): only `deliver` does. */
  automaticMs: number | undefined;
}

export interface Delivery extends HookOutcome {
  readonly hookId: string;
  /** The uuids of the events. */
  readonly events: readonly string[];
}

export interface Deliverer {
  readonly settings: DeliverySettings;
  /** Sends to each hook what has come since it was switched on and is not yet sent. Calls that overlap take turns. */
  deliver(): Promise<readonly Delivery[]>;
  /** From here on the hook is served; events of before are not for it. */
  begin(hook: EventHook): void;
  /** Something may be there to deliver. */
  nudge(): void;
  close(): Promise<void>;
}

export function createDeliverer(org: () => Org, calls: HookCalls): Deliverer {
  const places = new Map<string, LogPlace>();
  let turn: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const settings: DeliverySettings = {
    lose: () => false,
    copies: 1,
    order: 'persisted',
    batchSize: 100,
    outages: [],
    automaticMs: undefined,
  };

  function due(hook: EventHook): readonly LogEvent[] {
    const stored = org().log.behind(places.get(hook.id));
    const last = stored.at(-1);
    if (last) places.set(hook.id, last.place);
    const lost = (persistedAt: number) => settings.outages.some((one) => one.lost && one.from <= persistedAt && persistedAt < one.until);
    return stored
      .filter(({ place, event }) => hook.items.includes(event.eventType) && !lost(place[0]))
      .map(({ event }) => event)
      .filter((event) => !settings.lose(event));
  }

  async function serve(hook: EventHook): Promise<readonly Delivery[]> {
    const events = settings.order === 'reversed' ? due(hook).toReversed() : due(hook);
    const results: Delivery[] = [];
    for (let first = 0; first < events.length && !closed; first += settings.batchSize) {
      const batch = events.slice(first, first + settings.batchSize);
      const envelope = envelopeOf(org(), hook, batch);
      for (let copy = 0; copy < settings.copies && !closed; copy++) {
        const outcome = await calls.send(hook, envelope);
        if (!delivered(outcome) && !closed) tellFailure(org(), hook, outcome);
        results.push({ ...outcome, hookId: hook.id, events: batch.map(({ uuid }) => uuid) });
      }
    }
    return results;
  }

  const deliver = () => {
    const mine = turn.then(async () => {
      const now = org().clock.now();
      if (closed || settings.outages.some(({ from, until }) => from <= now && now < until)) return [];
      const served = [...org().hooks.values()].filter(
        ({ status, verificationStatus }) => status === 'ACTIVE' && verificationStatus === 'VERIFIED',
      );
      const results: Delivery[] = [];
      for (const hook of served) results.push(...(await serve(hook)));
      return results;
    });
    turn = mine;
    return mine;
  };

  return {
    settings,
    deliver,
    begin: (hook) => void places.set(hook.id, org().log.end()),
    nudge() {
      if (settings.automaticMs === undefined || timer || closed) return;
      timer = setTimeout(() => {
        timer = undefined;
        void deliver();
      }, settings.automaticMs);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      calls.close();
      await turn;
    },
  };
}

function envelopeOf(org: Org, hook: EventHook, events: readonly LogEvent[]) {
  return {
    eventType: 'com.okta.event_hook',
    eventTypeVersion: '1.0',
    cloudEventsVersion: '0.1',
    source: `${org.baseUrl}/api/v1/eventHooks/${hook.id}`,
    eventId: randomUUID(),
    data: { events },
    eventTime: written(org.clock.now()),
    contentType: 'application/json',
  };
}

/** Only failed deliveries leave an event, and that type is none that a hook can ask for. */
function tellFailure(org: Org, hook: EventHook, { result, attempts }: HookOutcome): void {
  org.log.append({
    eventType: 'event_hook.delivery',
    severity: 'WARN',
    outcome: { result: 'FAILURE', reason: typeof result === 'number' ? `HTTP ${result}` : result },
    target: [party('EventHook', hook.id, hook.name)],
    debugContext: { debugData: { attempts: String(attempts) } },
  });
}
