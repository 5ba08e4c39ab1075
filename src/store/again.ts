/** Work that may be done again from its beginning: a deadlock, a serialisation failure or a lost connection costs it another try. */
import { AppError } from '../model/errors.ts';
import { asStoreError, sqlStateOf } from './db.ts';

const mostAttempts = 4;

/**
 * Does `work`, four times at most, while what it throws may pass; `passes` says what else may. Then throws `store.unavailable`. The
 * work must have had no effect when it throws, or have one that the next try finds.
 */
export async function again<T>(work: () => Promise<T>, passes: (error: unknown) => boolean = () => false): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (caught) {
      const error = asStoreError(caught);
      if (!mayPass(error) && !passes(error)) throw error;
      if (attempt >= mostAttempts)
        throw error instanceof AppError
          ? error
          : new AppError('store.unavailable', 'the transaction could not be completed', { cause: error });
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'store.unavailable';
  const state = sqlStateOf(error);
  return state === '40P01' || state === '40001';
}
