import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../src/model/log.ts';
import { instantStatement } from '../../src/store/database-clock.ts';
import { sqlStateOf } from '../../src/store/db.ts';
import { connectStore, openStore } from '../../src/store/open.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock } from '../support/system-clock.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await database.store.query('create table note (n int primary key)');
});
afterAll(() => database.drop());

/** The embedded server behind a TCP port of its own, as a named database would be. */
async function listen(): Promise<{ server: Server; sockets: Set<Socket>; url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectSocket(join(database.connection.host as string, '.s.PGSQL.5432'));
    sockets.add(near);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    server,
    sockets,
    url: `postgres://${database.connection.user}:secret%2Bword@127.0.0.1:${port}/${database.name}?sslmode=disable`,
  };
}

test('a test database has the schema and no rows, and is apart from its sibling', async () => {
  const other = await testDatabase();
  await database.store.query(`insert into source_seen values ('s', to_timestamp(1.5))`);
  expect((await other.store.query('select 1 from source_seen')).rowCount).toBe(0);
  await other.drop();
});

test('instants come as milliseconds and bigints as numbers, alone and in arrays, without touching the types of the process', async () => {
  const { rows } = await database.store.query(
    `select to_timestamp(1700000000.1239) as at, 9007199254740991::bigint as big, array[to_timestamp(1), null] as ats, '{}'::bigint[] as none,
     array[-1, 2]::bigint[] as bigs, 'infinity'::timestamptz as forever, 1.10::numeric as exact`,
  );
  expect(rows[0]).toEqual({
    at: 1_700_000_000_123,
    big: 9_007_199_254_740_991,
    ats: [1000, null],
    none: [],
    bigs: [-1, 2],
    forever: Number.POSITIVE_INFINITY,
    exact: '1.10',
  });
  const client = new pg.Client(database.connection);
  await client.connect();
  expect((await client.query('select 1::bigint as big, to_timestamp(1) as at')).rows[0]).toEqual({ big: '1', at: new Date(1000) });
  await client.end();
});

test('a bigint that a number cannot hold fails instead of being rounded', async () => {
  await expect(database.store.query('select 9007199254740992::bigint')).rejects.toMatchObject({ code: 'internal' });
});

test('the database clock answers in whole milliseconds', async () => {
  const { rows } = await database.store.query<{ at: number }>(instantStatement);
  expect(Number.isInteger(rows[0]?.at)).toBe(true);
  expect(Math.abs((rows[0]?.at ?? 0) - systemClock.now())).toBeLessThan(5_000);
});

test('plans are generic and time limits are set on every connection', async () => {
  const { rows } = await database.store.query(
    `select current_setting('plan_cache_mode') as plan, current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`,
  );
  expect(rows).toEqual([{ plan: 'force_generic_plan', statement: '30s', lock: '10s' }]);
});

test('a transaction takes effect as a whole, and gives back what its work returned', async () => {
  expect(await database.store.transaction(async (tx) => (await tx.query('insert into note values (1), (2)')).rowCount)).toBe(2);
  expect((await database.store.query('select 1 from note where n in (1, 2)')).rowCount).toBe(2);
});

test('a transaction whose work throws leaves nothing, and the connection is fit for the next', async () => {
  await expect(
    database.store.transaction(async (tx) => {
      await tx.query('insert into note values (3)');
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect((await database.store.query('select 1 from note where n = 3')).rowCount).toBe(0);
});

test('a commit that PostgreSQL turned into a rollback is told, not taken for success', async () => {
  const work = database.store.transaction(async (tx) => {
    await tx.query('insert into note values (4)');
    await tx.query('select 1 / 0').catch(() => {});
  });
  await expect(work).rejects.toMatchObject({ code: 'internal', detail: expect.stringContaining('rolled back') });
  expect((await database.store.query('select 1 from note where n = 4')).rowCount).toBe(0);
});

test('a failed statement keeps its SQLSTATE', async () => {
  await database.store.query('insert into note values (5)');
  const error = await database.store.query('insert into note values (5)').catch((failure: unknown) => failure);
  expect(sqlStateOf(error)).toBe('23505');
});

test('a connection that is cut inside a transaction is store.unavailable, and the store works on', async () => {
  const work = database.store.transaction(async (tx) => {
    await tx.query('insert into note values (6)');
    await tx.query('select pg_terminate_backend(pg_backend_pid())');
  });
  await expect(work).rejects.toMatchObject({ code: 'store.unavailable' });
  expect((await database.store.query('select 1 from note where n = 6')).rowCount).toBe(0);
});

test('a pipelined connection answers in order', async () => {
  const client = await database.store.connect({ pipeline: true });
  const answers = await Promise.all([client.query('begin'), client.query('select 1::bigint as n'), client.query('commit')]);
  expect(answers.map((answer) => answer.command)).toEqual(['BEGIN', 'SELECT', 'COMMIT']);
  expect(answers[1].rows).toEqual([{ n: 1 }]);
  await client.end();
});

test('a database named by address is used with our session settings, those of the address winning', async () => {
  const { server, url } = await listen();
  const store = await openStore({
    url: `${url}&options=-c%20statement_timeout%3D77000`,
    dataDir: '',
    clock: systemClock,
    log: silentLog,
    hold: true,
  });
  const { rows } = await store.query(
    `select current_setting('plan_cache_mode') as plan, current_setting('statement_timeout') as statement`,
  );
  expect(rows).toEqual([{ plan: 'force_generic_plan', statement: '77s' }]);
  expect(store).toMatchObject({ embedded: false, adoptedServer: false });
  await store.close();
  server.close();
});

test('a database that goes away is store.unavailable without a word of the password, and is used again when it is back', async () => {
  const { server, sockets, url } = await listen();
  const store = await openStore({ url, dataDir: '', clock: systemClock, log: silentLog, hold: true });
  const { port } = server.address() as { port: number };
  const gone = new Promise((resolve) => server.close(resolve));
  for (const socket of sockets) socket.destroy();
  await gone;
  const error = await store.query('select 1').catch((failure: unknown) => failure);
  expect(error).toMatchObject({ code: 'store.unavailable', status: 503 });
  expect(String(error)).not.toContain('secret');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await expect
    .poll(() =>
      store.query('select 1').then(
        () => 'up',
        () => 'down',
      ),
    )
    .toBe('up');
  await store.close();
  server.close();
});

test('an address where nothing listens fails when it is opened', async () => {
  const { server, url } = await listen();
  await new Promise((resolve) => server.close(resolve));
  await expect(openStore({ url, dataDir: '', clock: systemClock, log: silentLog, hold: true })).rejects.toMatchObject({
    code: 'store.unavailable',
  });
});

test('closing twice is closing once', async () => {
  const store = connectStore({ connection: database.connection, log: silentLog });
  await Promise.all([store.close(), store.close()]);
  await expect(store.query('select 1')).rejects.toMatchObject({ code: 'store.unavailable' });
});
