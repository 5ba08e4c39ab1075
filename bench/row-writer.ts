/**
 * `baseline.pg-rows`: the rows that the ingest left, byte for byte, written again into tables of the same shape by plain inserts: one
 * statement a table, one transaction a batch, batches as large as those observed. What the database alone can do for this row set.
 */
import pg from 'pg';

type Connection = { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

export interface RowWriter {
  /** Writes one slice's worth and answers signals a second. */
  write(): Promise<number>;
  close(): Promise<void>;
}

const tables = ['dedupe', 'signal', 'ledger_entry', 'ledger_pending'] as const;
const signalsAWrite = 640;

/** Signals in a batch, on average: what was settled together shares its instant. */
export async function averageBatch(connection: Connection): Promise<number> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query<{ size: string }>('select count(*)::float8 / count(distinct decided_at) as size from signal');
    return Math.max(1, Math.round(Number(rows[0]?.size ?? 1)));
  });
}

export async function openRowWriter(connection: Connection, batchSize: number): Promise<RowWriter> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query('create schema bench');
  for (const table of tables) await client.query(`create table bench.${table} (like ${table} including all)`);
  await client.query(`create table bench.identity as select id, evidence, held_level from identity`);
  await client.query('alter table bench.identity add primary key (id)');
  // Rows as they are, in the order of their birth, cut into batches.
  await client.query(
    `create table bench.source as select (row_number() over (order by id) - 1) / $1::int as batch, id, decision_id, identity_id from
     (select id, decision_id, identity_id from signal order by id limit $2::int) as front`
      .replaceAll('$1', String(batchSize))
      .replaceAll('$2', String(signalsAWrite)),
  );
  const { rows: batches } = await client.query<{ batch: string; ids: string[]; decisions: string[]; people: string[] }>(
    'select batch, array_agg(id) as ids, array_agg(decision_id) as decisions, array_agg(distinct identity_id) as people from bench.source group by batch order by batch',
  );
  const payloads: { table: string; rows: string }[][] = [];
  for (const { ids, decisions } of batches) {
    const of = async (table: string, where: string, values: unknown[]) => {
      const { rows } = await client.query<{ rows: string }>(
        `select coalesce(json_agg(t), '[]')::text as rows from ${table} t where ${where}`,
        values,
      );
      return { table, rows: rows[0]?.rows ?? '[]' };
    };
    payloads.push([
      await of('dedupe', 'signal_id = any ($1::uuid[])', [ids]),
      await of('signal', 'id = any ($1::uuid[])', [ids]),
      await of('ledger_entry', 'id = any ($1::uuid[])', [decisions]),
    ]);
  }
  for (const { rows } of payloads.flat()) if (rows === '[]') throw new Error('a batch has no rows to copy');

  return {
    async write() {
      await client.query(`truncate ${tables.map((table) => `bench.${table}`).join(', ')}`);
      const startedMs = performance.now();
      for (const [n, payload] of payloads.entries()) {
        const batch = batches[n] as (typeof batches)[number];
        await client.query('begin');
        for (const { table, rows } of payload) {
          await client.query({
            name: `bench-${table}`,
            text: `insert into bench.${table} select * from json_populate_recordset(null::bench.${table}, $1::json)`,
            values: [rows],
          });
        }
        await client.query({
          name: 'bench-pending',
          text: 'insert into bench.ledger_pending values ($1, $2)',
          values: [batch.decisions[0], batch.decisions],
        });
        await client.query({
          name: 'bench-evidence',
          text: `update bench.identity set evidence = evidence where id = any ($1::uuid[])`,
          values: [batch.people],
        });
        await client.query('commit');
      }
      return (batches.reduce((sum, { ids }) => sum + ids.length, 0) * 1000) / (performance.now() - startedMs);
    },
    close: () => client.end(),
  };
}

async function withClient<T>(connection: Connection, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
