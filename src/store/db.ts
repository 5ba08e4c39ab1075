/** The little of `pg` that the rest of the code sees: something that takes statements, and what its failures mean. */
import type pg from 'pg';
import { AppError } from '../model/errors.ts';

/** Takes statements: the store itself, a transaction, or a client of one's own. */
export interface Db {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: string | pg.QueryConfig,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

declare const inTransaction: unique symbol;
/** A `Db` whose statements take effect together or not at all; `Store.transaction` makes one. */
export type Tx = Db & { readonly [inTransaction]: true };

/** Declares that the caller has sent `begin` on this client and will commit or roll back by itself. */
export function asTx(client: Db): Tx {
  return client as Tx;
}

/** What the driver says, without an SQLSTATE, when a connection cannot be had or has gone. */
const connectionMessages = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error',
  'Client was closed',
  'Cannot use a pool after calling end',
  'Query read timeout',
];
const systemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTCONN',
]);

/** The SQLSTATE of a failure, where PostgreSQL gave one. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !systemCodes.has(code) ? code : undefined;
}

/**
 * Whether the database as a whole is away, full, out of connections or only a stand-by: SQLSTATE classes 08 and 53, 57P01 to
 * 57P05, 25006, and whatever the driver says about a lost connection.
 */
export function isUnavailable(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined) return /^(08|53)/.test(state) || /^57P0[1-5]$/.test(state) || state === '25006';
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && systemCodes.has(code)) return true;
  return typeof message === 'string' && connectionMessages.some((start) => message.startsWith(start));
}

/** Turns a failure that means "the database is away" into `store.unavailable`; any other is given back as it is. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof AppError || !isUnavailable(error)) return error;
  const { code } = error as { code?: unknown };
  return new AppError(
    'store.unavailable',
    typeof code === 'string' ? `the database cannot be reached (${code})` : 'the connection to the database was lost',
    {
      cause: error,
    },
  );
}
