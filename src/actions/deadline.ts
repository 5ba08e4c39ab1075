/** A call that ends in time, whether or not the callee heeds its signal. */
import type { Clock } from '../model/clock.ts';

export type InTime<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown }
  /** Cut off after the deadline, or because the work is being stopped. */
  | { readonly kind: 'cut'; readonly code: 'deadline' | 'stopped' };

/** Never rejects. The signal handed to `call` is aborted at the deadline and with `stop`. */
export async function callInTime<T>(
  clock: Clock,
  timeoutMs: number,
  stop: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<InTime<T>> {
  if (stop.aborted) return { kind: 'cut', code: 'stopped' };
  const controller = new AbortController();
  const cut = new Promise<InTime<T>>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve({ kind: 'cut', code: stop.aborted ? 'stopped' : 'deadline' }), {
      once: true,
    });
  });
  const abort = () => controller.abort();
  const timer = clock.after(timeoutMs, abort);
  stop.addEventListener('abort', abort, { once: true });
  try {
    const answer = Promise.resolve()
      .then(() => call(controller.signal))
      .then(
        (value): InTime<T> => ({ kind: 'answer', value }),
        (error: unknown): InTime<T> => ({ kind: 'threw', error }),
      );
    return await Promise.race([answer, cut]);
  } finally {
    timer.cancel();
    stop.removeEventListener('abort', abort);
  }
}
