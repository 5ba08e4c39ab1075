/** What was asked and what it changed: every call, the writes among them, and each change with who made it and when. */
import type { Caller } from './credentials.ts';

export interface OktaCall {
  readonly method: string;
  readonly path: string;
  /** The path with its ids named, e.g. `/api/v1/users/{userId}/sessions`; undefined where no route fits. */
  route: string | undefined;
  readonly at: number;
  readonly requestId: string;
  /** Who called, once that was proved. */
  caller: Caller | undefined;
  /** What was answered; undefined while it is open or was never answered. */
  status: number | undefined;
}

export interface OktaEffect {
  /** The type of the log event that tells it. */
  readonly what: string;
  /** The id of the person, group, device, zone or hook that changed. */
  readonly of: string;
  /** The caller's client or token id. */
  readonly by: string;
  readonly at: number;
}

export interface CallBook {
  readonly calls: OktaCall[];
  readonly effects: OktaEffect[];
  /** Calls of that method, and of that route if one is given. */
  count(method?: string, route?: string): number;
  /** Calls that are no GET, whether they changed anything or not; asking for a token is none. */
  writes(): readonly OktaCall[];
  /** Forgets calls and effects; the organisation stays as it is. */
  reset(): void;
}

export function createCallBook(): CallBook {
  const calls: OktaCall[] = [];
  const effects: OktaEffect[] = [];
  return {
    calls,
    effects,
    count: (method, route) =>
      calls.filter((call) => (method === undefined || call.method === method) && (route === undefined || call.route === route)).length,
    writes: () => calls.filter(({ method, route }) => method !== 'GET' && route !== '/oauth2/v1/token'),
    reset() {
      calls.length = 0;
      effects.length = 0;
    },
  };
}
