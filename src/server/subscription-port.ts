/** What the routes about a connection's subscription are given. */
import type { Caller, Item } from './parts.ts';

/**
 * Undefined where there is no such connection. Each throws `conflict` where the connection has no subscription of its own, where we have
 * no address that a provider could call, or where the provider refuses; `provider.unreachable` where it does not answer.
 */
export interface SubscriptionPort {
  /** Makes or mends it; answers the connection as it stands then. */
  subscribe(id: string, caller: Caller): Promise<Item | undefined>;
  unsubscribe(id: string, caller: Caller): Promise<Item | undefined>;
  /** The same by hand, in the provider's own words, without the secret. */
  steps(id: string): Promise<{ readonly address: string; readonly steps: readonly string[] } | undefined>;
}
