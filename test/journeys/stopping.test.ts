/** Stopping in a whole process: by a breaker, and by a person's pause. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import type { EntryId } from '../../src/model/ids.ts';
import { silentLog } from '../../src/model/log.ts';
import { insertBreaker } from '../../src/store/breaker.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const programDir = resolve(import.meta.dirname, '../..');
let database: TestDatabase;
let app: App;
let dataDir: string;

beforeAll(async () => {
  database = await testDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'rescind-breaker-'));
  const { host, port, user } = database.connection;
  const text = JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir,
    database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
    policies: join(programDir, 'policies'),
    connections: [
      { id: 'main', provider: 'sandbox', profile: 'standard', people: [{ id: 'alice', email: 'alice@example.com', name: 'Alice' }] },
    ],
    enforcement: { default: 'report-only', connections: { main: { mode: 'enforce', maxRung: 4 } } },
    overrides: { 'RP-001': 'enforce' },
    operators: {
      tokens: ['admin', 'second'].map((name) => ({ name, sha256: createHash('sha256').update(name).digest('hex'), roles: ['admin'] })),
    },
  });
  const settings = await parseConfiguration({ path: 'rescind.yaml', text }, { workingDir: dataDir, env: {} });
  app = await startApp({ settings, kind: 'organisation', workingDir: dataDir, programDir, version: '1.2.3', log: silentLog });
});
afterAll(async () => {
  await app?.stop();
  await database?.drop();
  if (dataDir) rmSync(dataDir, { recursive: true, force: true });
});

const ask = (path: string, body?: unknown, as = 'admin') =>
  fetch(`${app.origin}${path}`, {
    headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
const read = async (path: string) => (await (await ask(path)).json()) as Record<string, never>;
interface Decided {
  readonly outcome: string;
  readonly reasons: readonly { readonly code: string; readonly ref?: string; readonly detail?: string }[];
  readonly actions: readonly { readonly type: string; readonly state: string; readonly by?: string }[];
}
async function confirm(): Promise<{ readonly id: string; readonly decision: Decided }> {
  const sent = await ask('/api/v1/signals', { type: 'admin_confirmed', subject: { format: 'email', email: 'alice@example.com' } });
  const { decisionIds } = (await sent.json()) as { decisionIds: readonly [string] };
  return { id: decisionIds[0], decision: (await read(`/api/v1/decisions/${decisionIds[0]}`)) as unknown as Decided };
}

it('a breaker holds what policies would do until a person closes it, is settled as a signal, and is judged again as it was', {
  timeout: 60_000,
}, async () => {
  const { store, ids, clock, judging, breakers } = app.core;
  const [id, now] = [ids.next<EntryId>(clock.now()), clock.now()];
  const row = { id, condition: 'limitHits', detail: '2 limits reached in 1h', openedAt: now, until: now + 3_600_000 };
  expect(await store.transaction((tx) => insertBreaker(tx, row))).toBe(true);
  await judging.refreshPauses();
  await breakers.look();
  const told = await store.query(`select state, type, outcome, subject_kind as kind from signal where type = 'breaker_opened'`);
  expect(told.rows).toEqual([{ state: 'decided', type: 'breaker_opened', outcome: 'none', kind: 'asset' }]);
  expect(await read('/api/v1/breakers')).toMatchObject({ items: [{ id, open: true, detail: '2 limits reached in 1h' }] });

  const held = await confirm();
  expect(held.decision.reasons).toContainEqual({ code: 'guard', ref: 'breaker', detail: id });
  expect(held.decision.actions.filter(({ state }) => state === 'released')).toEqual([]);
  expect(held.decision.actions).toContainEqual(expect.objectContaining({ type: 'session.revoke', state: 'held', by: 'breaker' }));

  expect((await ask(`/api/v1/breakers/${id}/close`, { reason: 'it was a drill' })).status).toBe(200);
  expect((await ask(`/api/v1/breakers/${id}/close`, { reason: 'again' })).status).toBe(409);
  expect(await read('/api/v1/breakers')).toMatchObject({ items: [{ id, open: false, closedBy: 'admin' }] });
  // What it held does not run by itself, and stands in the record as it was judged.
  expect(await read(`/api/v1/decisions/${held.id}/replay`)).toMatchObject({ same: true, differences: [] });
  const { rows } = await store.query(`select state, held_for as "heldFor" from plan where decision_id = $1`, [held.id]);
  expect(rows).toContainEqual({ state: 'held', heldFor: 'breaker' });

  const after = await confirm();
  expect(after.decision.actions).toContainEqual(expect.objectContaining({ type: 'session.revoke', state: 'released' }));
});

it('a pause is ended by two people who both ask, or by its time, and nothing that it held runs by itself', {
  timeout: 60_000,
}, async () => {
  const pause = async (body: object) => ask('/api/v1/pause', { reason: 'a test', ...body });
  expect((await pause({ until: '2020-01-01T00:00:00Z' })).status).toBe(422);
  expect((await pause({ until: 'soon' })).status).toBe(400);
  const { id } = (await (await pause({ scope: { connection: 'main' } })).json()) as { id: string };
  expect((await ask('/api/v1/resume', { id })).status).toBe(409);
  expect((await ask('/api/v1/resume', { id })).status).toBe(409);
  expect((await ask('/api/v1/resume', { id }, 'second')).status).toBe(200);

  const until = new Date(app.core.clock.now() + 1_000).toISOString();
  expect((await pause({ scope: { connection: 'main' }, until })).status).toBe(200);
  const running = async () =>
    (await app.core.store.query<{ count: number }>('select count(*)::int as count from pause where ended_at is null')).rows[0]?.count;
  expect(await running()).toBe(1);
  await expect.poll(running, { timeout: 20_000 }).toBe(0);
  const { rows } = await app.core.store.query<{ core: string }>(`select core from ledger_entry where type = 'pause.ended' order by id`);
  expect(rows.map(({ core }) => (JSON.parse(core) as { by: string }).by)).toEqual(['second', 'time']);
});
