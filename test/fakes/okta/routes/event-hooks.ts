/** Event hooks: registered, proved to be the caller's by a challenge, switched on and off. The secret is never shown again. */
import { randomUUID } from 'node:crypto';
import { isHookEligible } from '../catalogue.ts';
import { written } from '../clock.ts';
import type { Deliverer } from '../delivery.ts';
import { delivered, type HookCalls } from '../hook-calls.ts';
import { party } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { EventHook } from '../records.ts';
import { invalid, notFound, Refusal } from '../refusal.ts';
import { type Ask, noContent, ok, type Route, route } from '../router.ts';

const [mostHooks, mostTypes] = [25, 300];
const one = '/api/v1/eventHooks/{eventHookId}';

export function eventHookRoutes(org: Org, calls: HookCalls, deliverer: Pick<Deliverer, 'begin'>): readonly Route[] {
  const [read, manage] = ['okta.eventHooks.read', 'okta.eventHooks.manage'];
  const find = (ask: Ask): EventHook => {
    const hook = org.hooks.get(ask.id('eventHookId'));
    if (!hook) throw notFound(ask.id('eventHookId'), 'EventHook');
    return hook;
  };
  const changed = (ask: Ask, hook: EventHook, what: string) => {
    hook.lastUpdatedAt = org.clock.now();
    tell(org, ask, `event_hook.${what}`, [party('EventHook', hook.id, hook.name)]);
    return ok(showHook(org, hook));
  };
  return [
    route('GET', '/api/v1/eventHooks', read, () => ok([...org.hooks.values()].map((hook) => showHook(org, hook)))),
    route('POST', '/api/v1/eventHooks', manage, (ask) => {
      if (org.hooks.size >= mostHooks) throw invalid('eventHook', `An organisation has at most ${mostHooks} event hooks`);
      const at = org.clock.now();
      const hook: EventHook = {
        ...{ id: org.newId('who'), createdAt: at, lastUpdatedAt: at, status: 'ACTIVE', verificationStatus: 'UNVERIFIED' },
        ...asked(ask),
      };
      org.hooks.set(hook.id, hook);
      return changed(ask, hook, 'created');
    }),
    route('GET', one, read, (ask) => ok(showHook(org, find(ask)))),
    route('PUT', one, manage, (ask) => {
      const hook = find(ask);
      const next = asked(ask);
      // Another address has to be proved anew; a secret that is not sent again stays.
      const verificationStatus = next.uri === hook.uri ? hook.verificationStatus : 'UNVERIFIED';
      Object.assign(hook, next, { verificationStatus, auth: next.auth ?? hook.auth });
      return changed(ask, hook, 'updated');
    }),
    route('DELETE', one, manage, (ask) => {
      const hook = find(ask);
      if (hook.status === 'ACTIVE') throw new Refusal('E0000107');
      org.hooks.delete(hook.id);
      changed(ask, hook, 'deleted');
      return noContent;
    }),
    route('POST', `${one}/lifecycle/verify`, manage, async (ask) => {
      const hook = find(ask);
      const challenge = randomUUID();
      const outcome = await calls.verify(hook, challenge);
      if (!delivered(outcome) || !echoes(outcome.body, challenge)) throw invalid('eventHook', 'The verification of the event hook failed');
      hook.verificationStatus = 'VERIFIED';
      deliverer.begin(hook);
      return changed(ask, hook, 'verified');
    }),
    route('POST', `${one}/lifecycle/activate`, manage, (ask) => {
      const hook = find(ask);
      if (hook.status !== 'ACTIVE') deliverer.begin(hook);
      hook.status = 'ACTIVE';
      return changed(ask, hook, 'activated');
    }),
    route('POST', `${one}/lifecycle/deactivate`, manage, (ask) => {
      const hook = find(ask);
      hook.status = 'INACTIVE';
      return changed(ask, hook, 'deactivated');
    }),
  ];
}

function echoes(body: string, challenge: string): boolean {
  try {
    return (JSON.parse(body) as { verification?: unknown }).verification === challenge;
  } catch {
    return false;
  }
}

/** What a body asks a hook to be; throws 400. */
function asked({ body }: Ask): Pick<EventHook, 'name' | 'items' | 'uri' | 'headers' | 'auth'> {
  const { name, events, channel } = body as {
    name?: string;
    events?: { type?: string; items?: readonly string[] };
    channel?: {
      type?: string;
      config?: { uri?: string; headers?: EventHook['headers']; authScheme?: { type?: string; key?: string; value?: string } };
    };
  };
  const { uri, headers = [], authScheme } = channel?.config ?? {};
  if (!name) throw invalid('name', 'The field cannot be left blank');
  if (events?.type !== 'EVENT_TYPE' || !events.items?.length || events.items.length > mostTypes)
    throw invalid('events', 'The field is invalid');
  const refused = events.items.find((type) => !isHookEligible(type));
  if (refused !== undefined) throw invalid('events.items', `${refused} is not an event type for event hooks`);
  // Okta takes https alone; plain http is let through for the loopback addresses of tests.
  if (channel?.type !== 'HTTP' || !uri || !/^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(uri))
    throw invalid('channel.config.uri', 'The field is invalid');
  const { key, value } = authScheme ?? {};
  const auth = key !== undefined && value !== undefined ? { key, value } : undefined;
  return { name, items: events.items, uri, headers, auth };
}

const showHook = (org: Org, hook: EventHook) => ({
  ...{ id: hook.id, name: hook.name, status: hook.status, verificationStatus: hook.verificationStatus, createdBy: 'admin' },
  ...{ created: written(hook.createdAt), lastUpdated: written(hook.lastUpdatedAt) },
  events: { type: 'EVENT_TYPE', items: hook.items, filter: null },
  channel: {
    type: 'HTTP',
    version: '1.0.0',
    config: {
      uri: hook.uri,
      headers: hook.headers,
      method: 'POST',
      authScheme: hook.auth ? { type: 'HEADER', key: hook.auth.key } : null,
    },
  },
  _links: { self: { href: `${org.baseUrl}/api/v1/eventHooks/${hook.id}` } },
});
