import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Statement } from '../../src/store/statement.ts';
import { createGroupRunner, type RunGroup } from '../../src/store/statement-group.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const begin: Statement = { name: 'begin', text: 'begin', values: [] };
const commit: Statement = { name: 'commit', text: 'commit', values: [] };
const rollback: Statement = { name: 'rollback', text: 'rollback', values: [] };
const divide = (by: number): Statement => ({ name: 'divide', text: 'select 10 / $1::int as quotient', values: [by] });
const put = (n: number): Statement => ({ name: 'put', text: 'insert into numbers values ($1::int) returning n', values: [n] });

describe('a group of statements', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let run: RunGroup;

  beforeAll(async () => {
    database = await testDatabase();
    client = await database.store.connect();
    await client.query('create table numbers (n int primary key)');
    run = createGroupRunner(client);
  });
  beforeEach(() => client.query('truncate numbers').then(() => {}));
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('answers each statement in its order, with rows, tags and the value types of the store', async () => {
    const typed = {
      text: `select $1::text as name, $2::bytea as bytes, to_timestamp(1.5) as at, null as nothing`,
      values: ['æ', Buffer.of(1)],
    };
    const results = await run([begin, put(1), typed, commit]);
    expect(results.map(({ tag }) => tag)).toEqual(['BEGIN', 'INSERT 0 1', 'SELECT 1', 'COMMIT']);
    expect(results[1]?.rows).toEqual([{ n: 1 }]);
    expect(results[2]?.rows).toEqual([{ name: 'æ', bytes: Buffer.of(1), at: 1500, nothing: null }]);
  });

  it('knows the columns of a prepared statement also when it comes again, twice in one group', async () => {
    await run([divide(5)]);
    const results = await run([divide(2), begin, divide(1), commit]);
    expect(results.map(({ rows }) => rows)).toEqual([[{ quotient: 5 }], [], [{ quotient: 10 }], []]);
  });

  it('rejects with what PostgreSQL said of the first failure, and skips what follows it', async () => {
    await expect(run([begin, put(2), put(2), put(3), commit])).rejects.toMatchObject({ code: '23505' });
    await run([rollback]);
    expect((await client.query('select n from numbers')).rows).toEqual([]);
  });

  it('prepares anew what failed at its first use', async () => {
    const fresh = createGroupRunner(client);
    await expect(fresh([divide(0)])).rejects.toMatchObject({ code: '22012' });
    expect((await fresh([divide(5)]))[0]?.rows).toEqual([{ quotient: 2 }]);
  });

  it('takes another text under a known name for another statement', async () => {
    expect((await run([{ name: 'one', text: 'select 1 as a', values: [] }]))[0]?.rows).toEqual([{ a: 1 }]);
    expect((await run([{ name: 'one', text: 'select 2 as b', values: [] }]))[0]?.rows).toEqual([{ b: 2 }]);
  });

  it('refuses a value that it cannot write before anything is sent', async () => {
    await expect(run([begin, { text: 'select $1', values: [new Date(0)] }])).rejects.toMatchObject({ code: 'internal' });
    expect((await run([divide(1)]))[0]?.rows).toEqual([{ quotient: 10 }]);
  });

  it('rejects when the connection goes away', async () => {
    const other = await database.store.connect();
    other.on('error', () => {});
    const waiting = createGroupRunner(other)([{ text: 'select pg_terminate_backend(pg_backend_pid())', values: [] }]);
    await expect(waiting).rejects.toThrow();
    await other.end();
  });
});
