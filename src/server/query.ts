/** Parts of a query that are no texts. */
import { z } from 'zod';
import { fromRfc3339 } from '../model/clock.ts';

/** A whole number in plain digits; no sign, exponent or space. */
export function wholeNumber(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z.int({ error: 'must be a whole number' }).min(min, `must be at least ${min}`).max(max, `must be at most ${max}`),
  );
}

export const instantText = z
  .string()
  .max(64)
  .refine((text) => fromRfc3339(text) !== undefined, 'must be an RFC 3339 instant with a zone')
  .meta({ format: 'date-time' });
