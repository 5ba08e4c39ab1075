/**
 * Several statements in one round trip: all of them behind each other, one Sync at the end, so that the server answers once. A
 * failure skips what follows it (PostgreSQL manual, message flow, pipelining), which suits statements of one transaction.
 */
import type pg from 'pg';
import { AppError } from '../model/errors.ts';
import type { Tx } from './db.ts';
import type { Statement } from './statement.ts';

export interface StatementResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The command tag, e.g. `INSERT 0 3`, `COMMIT`. */
  readonly tag: string;
}

/** The same on an ordinary transaction: one round trip each, for what is not hot. */
export function runIn(tx: Tx): RunGroup {
  return async (statements) => {
    const results: StatementResult[] = [];
    for (const { name, text, values } of statements) {
      const { rows, command } = await tx.query({ ...(name === undefined ? {} : { name }), text, values: [...values] });
      results.push({ rows, tag: command });
    }
    return results;
  };
}

/** Runs statements in their order; rejects with what PostgreSQL said of the first that failed. Named ones are prepared once. */
export type RunGroup = (statements: readonly Statement[]) => Promise<readonly StatementResult[]>;

type Parse = (text: string) => unknown;
type Columns = readonly { readonly name: string; readonly parse: Parse }[];
/** What the server has prepared, by name. */
type Prepared = Map<string, { readonly text: string; readonly columns: Columns }>;

/** `client` is connected, not in the driver's own pipeline mode, and used by nobody else. One group at a time. */
export function createGroupRunner(client: pg.Client): RunGroup {
  const prepared: Prepared = new Map();
  return (statements) => new Promise((resolve, reject) => void client.query(groupOf(statements, client, prepared, resolve, reject)));
}

function groupOf(
  statements: readonly Statement[],
  client: pg.Client,
  prepared: Prepared,
  resolve: (results: readonly StatementResult[]) => void,
  reject: (error: unknown) => void,
): pg.Submittable {
  // Before anything is sent: a value that cannot be written must not leave half a group on the wire.
  const parameters = statements.map(({ values }) => values.map(toWire));
  const results: StatementResult[] = [];
  let rows: Record<string, unknown>[] = [];
  let columns: Columns = [];
  const isPrepared = ({ name = '', text }: Statement) => prepared.get(name)?.text === text;
  const known = () => prepared.get(statements[results.length]?.name ?? '')?.columns ?? [];

  // The driver hands the server's messages to these while the group is the one under way.
  return {
    submit(connection: pg.Connection) {
      connection.stream.cork();
      try {
        for (const [n, statement] of statements.entries()) {
          const { name = '', text } = statement;
          if (!isPrepared(statement)) {
            // A group that failed may have left something under the name; closing what is not there is no error.
            if (name !== '') connection.close({ type: 'S', name }, true);
            connection.parse({ name, text, types: [] }, true);
          }
          connection.bind({ statement: name, values: parameters[n] as string[] }, true);
          if (!isPrepared(statement)) connection.describe({ type: 'P', name: '' }, true);
          connection.execute(null, true);
        }
        connection.sync();
      } finally {
        connection.stream.uncork();
      }
      columns = known();
    },
    handleRowDescription({ fields }: { fields: readonly { readonly name: string; readonly dataTypeID: number }[] }) {
      columns = fields.map(({ name, dataTypeID }) => ({ name, parse: client.getTypeParser(dataTypeID, 'text') as Parse }));
    },
    handleDataRow({ fields }: { fields: readonly (string | null)[] }) {
      const row: Record<string, unknown> = {};
      columns.forEach(({ name, parse }, n) => {
        const text = fields[n] as string | null;
        row[name] = text === null ? null : parse(text);
      });
      rows.push(row);
    },
    handleCommandComplete({ text }: { text: string }) {
      const { name, text: sql } = statements[results.length] as Statement;
      if (name !== undefined) prepared.set(name, { text: sql, columns });
      results.push({ rows, tag: text });
      rows = [];
      columns = known();
    },
    handleReadyForQuery() {
      resolve(results);
    },
    handleError: reject,
  } as pg.Submittable;
}

/** As the driver writes them: bytes in binary, all else as text. */
function toWire(value: unknown): string | Buffer | null {
  if (value === null || typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new AppError('internal', 'a statement of a group has a value that is neither text, number nor bytes');
}
