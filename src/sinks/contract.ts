/** What a way of telling others offers to whoever delivers: one attempt, and what came of it. */
import type { Instant } from '../model/clock.ts';

export interface Message {
  /** The same at each attempt: whoever got it twice knows it by this. */
  readonly id: string;
  /** When this attempt is made. */
  readonly at: Instant;
  readonly body: string;
}

export type Delivery =
  | { readonly kind: 'delivered' }
  /** `gone`: the receiver wants nothing more, ever. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly code: string; readonly retryAfterMs?: number };

export interface Sink {
  /** Never rejects. */
  deliver(message: Message, signal: AbortSignal): Promise<Delivery>;
}
