/** Events in, where the connection asks for them: by the System Log, and by event hooks once there is a secret that proves them. */
import { type Adapter, type AdapterContext, FeedDelay } from '../contract.ts';
import type { OktaClient } from './client.ts';
import { OktaFailure } from './failure.ts';
import { createOktaFeed, type LogAnswer } from './feed.ts';
import { createOktaHook } from './hook.ts';
import { hookTypes } from './hook-types.ts';
import type { OktaSettings } from './settings.ts';
import { createSubscription } from './subscription.ts';

const usualDelayMs = 60_000;
/** What Okta sends the secret in. */
const header = 'Authorization';

export function openEvents(
  okta: OktaClient,
  { settings: { auth, events }, connectionId, clock }: Pick<AdapterContext<OktaSettings>, 'settings' | 'connectionId' | 'clock'>,
): Pick<Adapter, 'hook' | 'feed' | 'subscription'> {
  if (events === undefined) return {};
  // Who made an API token is a person, whose own deeds are not ours; only a service app is nobody else.
  const ownClientIds = new Set('clientId' in auth ? [auth.clientId] : []);
  const given = { connection: connectionId, ownClientIds };
  const pushed = new Set(hookTypes);
  const feed = createOktaFeed({
    ...given,
    pollSeconds: events.pollSeconds,
    clock,
    isPushed: (type) => events.secret !== undefined && pushed.has(type),
    get: (path, signal) => ask(okta, path, signal),
  });
  const [secret, ...others] = events.secret ?? [];
  if (secret === undefined) return { feed };
  return {
    feed,
    hook: createOktaHook({ ...given, secrets: [secret, ...others] }),
    subscription: createSubscription({
      call: (signal, run) => okta.call({ urgency: 'directory', signal }, run),
      connectionId,
      header,
      secret,
    }),
  };
}

/** An answer of another status than 200 is for the feed to judge. Only what was not answered at all is thrown. */
async function ask(okta: OktaClient, path: string, signal: AbortSignal): Promise<LogAnswer> {
  try {
    const { status, headers, json } = await okta.request({ urgency: 'polling', signal }, { method: 'GET', path });
    return { status, headers, json };
  } catch (error) {
    if (!(error instanceof OktaFailure)) throw error;
    const { code, status, retryAfterMs = usualDelayMs } = error.facts;
    if (code === 'rateLimited') throw new FeedDelay(retryAfterMs);
    if (status === undefined) throw error;
    return { status, headers: {} };
  }
}
