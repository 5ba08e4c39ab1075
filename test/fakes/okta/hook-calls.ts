/** Calling an event hook's address: three seconds, one retry on a timeout or a 5xx, never on a 4xx. */
import type { EventHook } from './records.ts';

/** `unreachable`: no connection, or one that broke. */
export type HookOutcome = { readonly result: number | 'timeout' | 'unreachable'; readonly body: string; readonly attempts: number };

export interface HookCalls {
  /** Default 3000. */
  timeoutMs: number;
  verify(hook: EventHook, challenge: string): Promise<HookOutcome>;
  send(hook: EventHook, envelope: unknown): Promise<HookOutcome>;
  /** Ends calls that are under way. */
  close(): void;
}

export const delivered = ({ result }: HookOutcome): boolean => typeof result === 'number' && result >= 200 && result < 300;

export function createHookCalls(): HookCalls {
  const closing = new AbortController();

  async function once(hook: EventHook, init: RequestInit & { headers: Record<string, string> }): Promise<Omit<HookOutcome, 'attempts'>> {
    const own = Object.fromEntries(hook.headers.map(({ key, value }) => [key, value]));
    const auth = hook.auth ? { [hook.auth.key]: hook.auth.value } : {};
    const timeout = AbortSignal.timeout(hookCalls.timeoutMs);
    try {
      const signal = AbortSignal.any([timeout, closing.signal]);
      const response = await fetch(hook.uri, { ...init, headers: { ...own, ...auth, ...init.headers }, redirect: 'manual', signal });
      return { result: response.status, body: await response.text() };
    } catch {
      return { result: timeout.aborted ? 'timeout' : 'unreachable', body: '' };
    }
  }
  async function call(hook: EventHook, init: RequestInit & { headers: Record<string, string> }): Promise<HookOutcome> {
    const first = await once(hook, init);
    if (typeof first.result === 'number' && first.result < 500) return { ...first, attempts: 1 };
    return { ...(await once(hook, init)), attempts: 2 };
  }

  const hookCalls: HookCalls = {
    timeoutMs: 3_000,
    verify: (hook, challenge) => call(hook, { method: 'GET', headers: { accept: '*/*', 'x-okta-verification-challenge': challenge } }),
    send: (hook, envelope) =>
      call(hook, { method: 'POST', body: JSON.stringify(envelope), headers: { accept: '*/*', 'content-type': 'application/json' } }),
    close: () => closing.abort(),
  };
  return hookCalls;
}
