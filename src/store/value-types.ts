/** How values come out of PostgreSQL: instants as epoch milliseconds, bigint as number. Set for each client, never for the process. */
import pg from 'pg';
import type { Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';

const int8 = 20;
const int8Array = 1016;
const timestamptz = 1184;
const timestamptzArray = 1185;

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new AppError('internal', 'a whole number from the database is beyond 2^53');
  return value;
}

/** Reads the ISO form with zone UTC, which the connection's options ask for. Microseconds are cut off. */
function parseInstant(text: string): Instant {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  const at = Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, 'Z')}`);
  if (Number.isNaN(at)) throw new AppError('internal', 'an instant from the database is outside the years 0001 to 9999 or not in UTC');
  return at;
}

/** Elements of the two array types hold neither quotes nor commas of their own. */
function parseArray(text: string, parse: (element: string) => number): (number | null)[] {
  const inner = text.slice(1, -1);
  return inner === '' ? [] : inner.split(',').map((element) => (element === 'NULL' ? null : parse(element.replaceAll('"', ''))));
}

const parsers = new Map<number, (text: string) => unknown>([
  [int8, parseInt8],
  [timestamptz, parseInstant],
  [int8Array, (text) => parseArray(text, parseInt8)],
  [timestamptzArray, (text) => parseArray(text, parseInstant)],
]);

/** For `types` of a client or pool. `numeric` stays text. */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsers.get(oid)) ??
    pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};
