/** What a way of telling others offers to whoever delivers: one attempt, and what came of it. */
import type { Instant } from '../model/clock.ts';

/** One notice in the forms in which ways of telling carry it. */
export interface Message {
  /** The same at each attempt: whoever got it twice knows it by this. */
  readonly id: string;
  /** When this attempt is made. */
  readonly at: Instant;
  /** For machines: JSON. */
  readonly body: string;
  /** For people: one line, and a few. */
  readonly subject: string;
  readonly text: string;
  /** Somebody should look at once. */
  readonly page: boolean;
}

export type Delivery =
  | { readonly kind: 'delivered' }
  /** The receiver wants nothing more, ever. */
  | { readonly kind: 'gone' }
  /** The receiver will never take this one; others it may. */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'failed'; readonly code: string; readonly retryAfterMs?: number };

export interface Sink {
  /** Never rejects. */
  deliver(message: Message, signal: AbortSignal): Promise<Delivery>;
}
