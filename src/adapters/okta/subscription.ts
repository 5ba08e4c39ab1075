/** The event hooks of one connection: found by their name, made, mended, verified, and taken away again. */
import type { Client, EventHook } from '@okta/okta-sdk-nodejs';
import { type Subscription, SubscriptionFault, type SubscriptionState } from '../contract.ts';
import { hookTypes } from './hook-types.ts';

export interface SubscriptionOptions {
  /** Runs what asks Okta under a signal, since the SDK takes none. */
  readonly call: <T>(signal: AbortSignal, run: (client: Pick<Client, 'eventHookApi'>) => Promise<T>) => Promise<T>;
  readonly connectionId: string;
  /** The header that Okta sends `secret` in. It never shows the secret again: a changed one needs `remove` and `ensure`. */
  readonly header: string;
  readonly secret: string;
  /** Default: every type that a hook can have and that we read. */
  readonly types?: readonly string[];
}

const typesInOneHook = 300;

/** One hook for each 300 types. Hooks of other names are never touched, but for one that sends to the very address that is asked for. */
export function createSubscription({ call, connectionId, header, secret, types = hookTypes }: SubscriptionOptions): Subscription {
  const first = `Rescind ${connectionId}`;
  const parts = Array.from({ length: Math.ceil(types.length / typesInOneHook) }, (_, n) => ({
    name: n === 0 ? first : `${first} ${n + 1}`,
    items: types.slice(n * typesInOneHook, (n + 1) * typesInOneHook),
  }));
  const isOurs = ({ name }: EventHook) => name === first || (name.startsWith(`${first} `) && /^\d+$/.test(name.slice(first.length + 1)));

  async function ask<T>(signal: AbortSignal, scope: 'read' | 'manage', run: (hooks: Client['eventHookApi']) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    return call(signal, ({ eventHookApi }) => run(eventHookApi)).catch((error: unknown) => {
      throw faultOf(error, `grant okta.eventHooks.${scope} to the credentials of this connection`);
    });
  }
  const list = (signal: AbortSignal) =>
    ask(signal, 'read', async (hooks) => {
      const found: EventHook[] = [];
      // An empty page is a `null` among the items.
      for await (const hook of (await hooks.listEventHooks()) as AsyncIterable<EventHook | null>) if (hook !== null) found.push(hook);
      return found;
    });
  async function discard(hook: EventHook, signal: AbortSignal): Promise<void> {
    const eventHookId = hook.id as string;
    if (hook.status === 'ACTIVE') await ask(signal, 'manage', (hooks) => hooks.deactivateEventHook({ eventHookId }));
    await ask(signal, 'manage', (hooks) => hooks.deleteEventHook({ eventHookId }));
  }

  async function ensureOne(
    part: (typeof parts)[number],
    found: EventHook | undefined,
    address: string,
    signal: AbortSignal,
  ): Promise<void> {
    const eventHook = wanted(part, address);
    let hook = found;
    if (hook === undefined) hook = await ask(signal, 'manage', (hooks) => hooks.createEventHook({ eventHook }));
    else if (!isAsWanted(hook, eventHook)) {
      const eventHookId = hook.id as string;
      hook = await ask(signal, 'manage', (hooks) => hooks.replaceEventHook({ eventHookId, eventHook }));
    }
    const eventHookId = hook.id as string;
    if (hook.status !== 'ACTIVE') await ask(signal, 'manage', (hooks) => hooks.activateEventHook({ eventHookId }));
    if (hook.verificationStatus === 'VERIFIED') return;
    await ask(signal, 'manage', (hooks) => hooks.verifyEventHook({ eventHookId })).catch((error: unknown) => {
      if (!(error instanceof SubscriptionFault && error.code === 'refused')) throw error;
      const hint = `Okta asks ${address} for a proof within three seconds: it must be reachable from the internet over https`;
      throw new SubscriptionFault('notVerified', hint, { cause: error });
    });
  }

  const wanted = ({ name, items }: (typeof parts)[number], uri: string): EventHook => ({
    name,
    events: { type: 'EVENT_TYPE', items: [...items] },
    channel: {
      type: 'HTTP',
      version: '1.0.0',
      config: { uri, headers: [], authScheme: { type: 'HEADER', key: header, value: secret } },
    },
  });

  async function status(signal: AbortSignal): Promise<SubscriptionState> {
    const own = (await list(signal)).filter(isOurs);
    const heard = new Set(own.flatMap(({ events }) => events.items));
    const addresses = [...new Set(own.map(({ channel }) => channel.config.uri))];
    return {
      id: own.length === 0 ? null : own.map(({ id }) => id).join(', '),
      active: own.length > 0 && own.every((hook) => hook.status === 'ACTIVE' && hook.verificationStatus === 'VERIFIED'),
      address: own.length === 0 ? null : addresses.join(', '),
      missing: types.filter((type) => !heard.has(type)),
    };
  }

  return {
    status,
    async ensure(address, signal) {
      const all = await list(signal);
      const strangers = all.filter((hook) => !isOurs(hook) && hook.channel.config.uri === address);
      const kept = new Set<EventHook>();
      for (const part of parts) {
        const found = all.find(({ name }) => name === part.name) ?? strangers.shift();
        if (found !== undefined) kept.add(found);
        await ensureOne(part, found, address, signal);
      }
      for (const hook of all) if (isOurs(hook) && !kept.has(hook)) await discard(hook, signal);
      return status(signal);
    },
    async remove(signal) {
      for (const hook of await list(signal)) if (isOurs(hook)) await discard(hook, signal);
    },
    steps: (address) =>
      parts.flatMap(({ name, items }) => [
        'Admin Console > Workflow > Event Hooks > Create Event Hook',
        `Name: ${name}`,
        `Endpoint URL: ${address}`,
        `Authentication field: ${header}`,
        `Authentication secret: what \`events.secret\` of the connection ${connectionId} stands for`,
        `Subscribe to events: ${items.join(', ')}`,
        'Save & Continue, then Verify',
      ]),
  };
}

function isAsWanted(hook: EventHook, { name, events, channel }: EventHook): boolean {
  const { uri, authScheme } = hook.channel.config;
  const asked = new Set(events.items);
  return (
    hook.name === name &&
    uri === channel.config.uri &&
    authScheme?.key === channel.config.authScheme?.key &&
    hook.events.items.length === asked.size &&
    hook.events.items.every((type) => asked.has(type))
  );
}

/** By status alone, as the SDK or our own transport under it gives it: what Okta says beside it may repeat what it was sent. */
function faultOf(error: unknown, grant: string): SubscriptionFault {
  const thrown = (error ?? {}) as { readonly status?: unknown; readonly facts?: { readonly status?: unknown } };
  const status = thrown.facts?.status ?? thrown.status;
  const cause = { cause: error };
  if (status === 401 || status === 403) return new SubscriptionFault('notGranted', grant, cause);
  if (typeof status === 'number' && status < 500 && status !== 429)
    return new SubscriptionFault('refused', `Okta answered ${status}: the System Log tells which member it did not take`, cause);
  return new SubscriptionFault('unreachable', 'Okta did not answer: try again later', cause);
}
