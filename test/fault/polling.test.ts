/** Two processes poll on one database, and the one that reads is killed in the middle of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type OktaStandIn, startOkta } from '../fakes/okta.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import type { PollingArgument } from './polling-process.ts';
import { until } from './world.ts';

const people = 50;
const events = 4_000;
const started: ChildProcess[] = [];
let database: TestDatabase | undefined;
let okta: OktaStandIn | undefined;

afterAll(async () => {
  for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await okta?.close();
  await database?.drop();
});

async function startProcess(argument: PollingArgument): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'polling-process.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(argument)], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

it('the leader of a feed killed amid a page: another goes on, nothing is lost and nothing is taken twice', {
  timeout: 120_000,
}, async () => {
  database = await testDatabase();
  okta = await startOkta({ people });
  okta.limits.set('all', { calls: 100_000, perMs: 60_000 });
  const { connection, name, store } = database;
  const databaseUrl = `postgres://${connection.user}@/${name}?host=${encodeURIComponent(String(connection.host))}&port=${connection.port}`;
  const argument = { databaseUrl, orgUrl: okta.orgUrl, token: okta.token };
  const ask = async (text: string) => Number(Object.values((await store.query<Record<string, unknown>>(text)).rows[0] ?? {})[0] ?? 0);

  const leader = await startProcess(argument);
  await until('the first look', async () => ((await ask('select count(*) from feed where cursor is not null')) === 1 ? true : undefined));
  const other = await startProcess(argument);
  for (let n = 0; n < events; n++) {
    const { id, profile } = okta.person(`p${(n % people) + 1}@example.com`);
    okta.log({ eventType: 'user.session.start', actor: { id, type: 'User', alternateId: profile.login, displayName: 'P' } });
  }
  const before = await until('a part of a page', async () => {
    const count = await ask('select count(*) from signal');
    return count > 0 ? count : undefined;
  });
  leader.kill('SIGKILL');
  await once(leader, 'exit');
  await until('the rest', async () => ((await ask('select count(*) from signal')) >= events ? true : undefined), 60_000);

  expect(before).toBeLessThan(events);
  expect(await ask('select count(*) from signal')).toBe(events);
  expect(await ask('select count(*) from dedupe')).toBe(events);
  expect(await ask(`select count(*) from ledger_entry where type = 'signal.decided'`)).toBe(events);
  expect(await ask('select count(*) from undecided')).toBe(0);
  other.kill('SIGTERM');
  await once(other, 'exit');
});
