/** What a provider's subscription comes to beside what we want of it. */
import { type Subscription, SubscriptionFault, type SubscriptionState } from '../adapters/contract.ts';

/** How a subscription differs from what we want. */
export type Drift = 'deactivated' | 'otherAddress' | 'missingEvents';

/** `none`: there is none; `unreadable`: the provider did not say, and `hint` is what to do about it. */
export type SubscriptionView =
  | { readonly state: 'none' }
  | (SubscriptionState & { readonly state: 'inForce' | 'drifted'; readonly drift: readonly Drift[] })
  | { readonly state: 'unreadable'; readonly code: string; readonly hint: string };

/** Asks the provider; never throws for what it answers. `address`: where events are to go; null where we have none. */
export async function viewSubscription(subscription: Subscription, address: string | null, signal: AbortSignal): Promise<SubscriptionView> {
  try {
    return judgeSubscription(await subscription.status(signal), address);
  } catch (error) {
    if (error instanceof SubscriptionFault) return { state: 'unreadable', code: error.code, hint: error.hint };
    return { state: 'unreadable', code: 'unreachable', hint: 'the provider could not be asked: `rescind doctor` says more' };
  }
}

/** Without an address of ours nothing is held against the one that stands there. */
export function judgeSubscription(found: SubscriptionState, address: string | null): SubscriptionView {
  if (found.id === null) return { state: 'none' };
  const drift: Drift[] = [
    ...(found.active ? [] : ['deactivated' as const]),
    ...(address === null || found.address === address ? [] : ['otherAddress' as const]),
    ...(found.missing.length === 0 ? [] : ['missingEvents' as const]),
  ];
  return { ...found, state: drift.length === 0 ? 'inForce' : 'drifted', drift };
}
