import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type App, startApp } from '../../src/app.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { silentLog } from '../../src/model/log.ts';
import { roles } from '../../src/model/operator.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const programDir = resolve(import.meta.dirname, '../..');
const settingsText = (url: string, dataDir: string) =>
  JSON.stringify({
    listen: { host: '127.0.0.1', port: 0, metrics: { port: 0 } },
    dataDir,
    database: { url },
    policies: join(programDir, 'policies'),
    organisation: { name: '<b>Acme</b>', timeZone: 'Etc/UTC' },
    connections: [{ id: 'sandbox', provider: 'sandbox', people: [{ id: 'alice', email: 'alice@example.com', name: 'Alice Aas' }] }],
    operators: {
      tokens: [
        ...roles.map((role) => ({ name: role, sha256: createHash('sha256').update(role).digest('hex'), roles: [role] })),
        { name: 'narrow', sha256: createHash('sha256').update('narrow').digest('hex'), roles: ['ingest'], types: ['impossible_travel'] },
      ],
    },
    identities: [{ id: 'bob', emails: ['bob@example.com'] }],
  });

interface Item {
  readonly id: string;
  readonly [member: string]: unknown;
}
interface Page {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

let database: TestDatabase;
let dataDir: string;
let app: App;
beforeAll(async () => {
  database = await testDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'rescind-server-'));
  const { host, port, user } = database.connection;
  const url = `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}${port === undefined ? '' : `&port=${port}`}`;
  const settings = await parseConfiguration({ path: 'rescind.yaml', text: settingsText(url, dataDir) }, { workingDir: dataDir, env: {} });
  app = await startApp({ settings, kind: 'organisation', workingDir: dataDir, programDir, version: '1.2.3', log: silentLog });
});
afterAll(async () => {
  await app?.stop();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (path: string, as: string, body?: unknown) =>
  fetch(`${app.origin}${path}`, {
    redirect: 'manual',
    headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
const read = async <T>(path: string, as = 'analyst') => {
  const response = await ask(path, as);
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
};
const send = async (body: object, as = 'analyst') =>
  (await (await ask('/api/v1/signals', as, body)).json()) as { id: string; decisionIds: string[] };
const aboutAlice = { type: 'impossible_travel', subject: { format: 'email', email: 'alice@example.com' }, facts: { kmPerHour: 4000 } };

describe('the service as a whole', () => {
  it('takes a signal, shows it with its decision, and proves the decision', async () => {
    const { id, decisionIds } = await send(aboutAlice);
    expect(decisionIds).toHaveLength(1);
    const decisionId = decisionIds[0] as string;
    const signal = await read<Item>(`/api/v1/signals/${id}`);
    expect(signal).toMatchObject({
      id,
      type: 'impossible_travel',
      source: 'operators',
      state: 'decided',
      decisionId,
      facts: { kmPerHour: 4000 },
    });
    expect(JSON.stringify(signal['subject'])).toContain('alice@example.com');
    const decision = await read<Item>(`/api/v1/decisions/${decisionId}`);
    expect(decision).toMatchObject({ id: decisionId, signalId: id, identityId: signal['identityId'] });
    expect((await read<Page>('/api/v1/decisions')).items.map((item) => item.id)).toContain(decisionId);
    expect(await (await ask(`/api/v1/decisions/${decisionId}/proof`, 'auditor')).text()).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
    expect(await (await ask('/api/v1/ledger/checkpoint', 'auditor')).text()).toMatch(/\n— /);
    expect(await read<Item>(`/api/v1/decisions/${decisionId}/replay`)).toMatchObject({ same: true, differences: [] });
  });

  it('shows people to those who may see them, and scores to others', async () => {
    await send(aboutAlice);
    const [known] = (await read<Page>('/api/v1/identities?email=Alice@Example.com', 'analyst')).items;
    const path = `/api/v1/identities/${known?.id}`;
    expect(known).toMatchObject({ emails: ['alice@example.com'], level: expect.any(String), score: expect.any(Number) });
    const masked = JSON.stringify(await read(path, 'auditor'));
    expect(masked).not.toMatch(/alice/i);
    expect(JSON.parse(masked)).toMatchObject({ emails: [], aliases: [], score: expect.any(Number) });
    expect(await read(path, 'helpdesk')).toMatchObject({
      emails: ['alice@example.com'],
      score: null,
      baseScore: null,
      level: null,
      heldLevel: null,
      points: [],
    });
    const { items } = await read<Page>('/api/v1/signals', 'auditor');
    for (const { id } of items) expect(JSON.stringify(await read(`/api/v1/signals/${id}`, 'auditor'))).not.toMatch(/alice|kmPerHour/i);
    for (const { id } of items)
      for (const secret of ['alice', 'kmPerHour'])
        expect(
          await (
            await ask(`/api/v1/decisions/${(await read<Item>(`/api/v1/signals/${id}`, 'auditor'))['decisionId']}/proof`, 'auditor')
          ).text(),
        ).not.toContain(secret);
  });

  it('finds a person by the alias of the configuration, and tells another instant', async () => {
    expect(await read('/api/v1/identities/bob')).toMatchObject({ aliases: ['bob'], emails: ['bob@example.com'], score: 0, level: 'none' });
    const [alice] = (await read<Page>('/api/v1/identities?email=alice@example.com')).items;
    expect(await read(`/api/v1/identities/${alice?.id}?at=2020-01-01T00:00:00.000Z`)).toMatchObject({
      asOf: '2020-01-01T00:00:00.000Z',
      score: 0,
      points: [],
    });
    expect((await ask(`/api/v1/identities/bob%00`, 'analyst')).status).toBe(404);
  });

  it('lists decisions newest first, page by page, by each filter', async () => {
    const sent: string[] = [];
    for (let n = 0; n < 5; n++) sent.push((await send({ ...aboutAlice, dedupeKey: `list ${n}` })).decisionIds[0] as string);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await read<Page>(`/api/v1/decisions?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    expect(seen.slice(0, 5)).toEqual([...sent].reverse());

    const one = await read<Item>(`/api/v1/decisions/${sent[2]}`);
    const idsOf = async (query: string) => (await read<Page>(`/api/v1/decisions?limit=500&${query}`)).items.map(({ id }) => id);
    const at = encodeURIComponent(String(one['decidedAt']));
    for (const query of [
      `identity=${one['identityId']}`,
      `outcome=${one['outcome']}`,
      `level=${one['level']}`,
      `from=${at}`,
      ...(one['policyId'] === null ? [] : [`policy=${one['policyId']}`, `mode=${one['mode']}`]),
    ]) {
      expect(await idsOf(query), query).toContain(one.id);
    }
    const [bob] = (await read<Page>('/api/v1/identities?email=bob@example.com')).items;
    for (const query of [
      `identity=${bob?.id}`,
      'policy=RP-999',
      'outcome=refused',
      `to=${at}`,
      'from=2100-01-01T00:00:00Z',
      'to=1990-01-01T00:00:00Z',
    ]) {
      expect(await idsOf(query), query).not.toContain(one.id);
    }
    expect(await idsOf(`from=${at}&identity=${one['identityId']}`)).toContain(sent[4]);
  });

  it('lists what is undecided among the signals, by id and by state', async () => {
    const id = '01970000-0000-7000-8000-000000000001';
    await app.core.store.query(
      `insert into undecided (signal_id, type, source, arrival, reason, attempts, next_at, created_at) values ($1, 'impossible_travel', 'partner', '\\x00', '22P05', 5, null, to_timestamp(1700000000))`,
      [id],
    );
    const undecided = { id, state: 'undecided', source: 'partner', reason: '22P05', decisionId: null };
    expect(await read(`/api/v1/signals/${id}`)).toMatchObject(undecided);
    expect((await read<Page>('/api/v1/signals?state=undecided')).items).toMatchObject([undecided]);
    expect((await read<Page>('/api/v1/signals?source=partner&type=impossible_travel')).items).toMatchObject([undecided]);
    const all = await read<Page>('/api/v1/signals?limit=500');
    expect(all.items.map((item) => item.id)).toContain(id);
    expect(all.items.map((item) => item.id)).toEqual(
      all.items
        .map((item) => item.id)
        .sort()
        .reverse(),
    );
    expect((await read<Page>('/api/v1/signals?state=decided')).items.map((item) => item.id)).not.toContain(id);
  });

  it('keeps a token to the types that it may send, and knows its types', async () => {
    expect((await ask('/api/v1/signals', 'narrow', aboutAlice)).status).toBe(202);
    expect((await ask('/api/v1/signals', 'narrow', { ...aboutAlice, type: 'admin_confirmed' })).status).toBe(403);
    expect((await ask('/api/v1/signals', 'analyst', { ...aboutAlice, type: 'no_such_type' })).status).toBe(422);
    expect((await ask('/api/v1/signals', 'auditor', aboutAlice)).status).toBe(403);
  });

  it('pauses only what is there, resumes once, and asks for a second person', async () => {
    for (const scope of [{ connection: 'sandbocks' }, { policy: 'RP-999' }, { source: 'nobody' }]) {
      expect((await ask('/api/v1/pause', 'admin', { reason: 'drill', scope })).status).toBe(422);
    }
    expect((await ask('/api/v1/resume', 'admin', {})).status).toBe(409);
    const paused = (await (await ask('/api/v1/pause', 'admin', { reason: 'drill', scope: { connection: 'sandbox' } })).json()) as Item;
    const both = await Promise.all([
      ask('/api/v1/resume', 'approver', { id: paused.id }),
      ask('/api/v1/resume', 'analyst', { id: paused.id }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { rows } = await app.core.store.query<{ count: number }>(
      `select count(*)::int as count from ledger_entry where type = 'pause.ended'`,
    );
    expect(rows[0]?.count).toBe(1);
  });

  it('answers what its description says, for every kind of record', async () => {
    const api = (await (await fetch(`${app.origin}/openapi.json`)).json()) as {
      paths: Record<
        string,
        { get: { responses: Record<string, { content: Record<string, { schema: Parameters<typeof z.fromJSONSchema>[0] }> }> } }
      >;
    };
    for (const kind of ['signals', 'identities', 'decisions', 'plans', 'actions', 'connections', 'policies']) {
      const answer = await read<Page>(`/api/v1/${kind}`);
      const schemaOf = (path: string) =>
        z.fromJSONSchema(api.paths[path]?.get.responses['200']?.content['application/json']?.schema ?? false);
      expect(schemaOf(`/api/v1/${kind}`).safeParse(answer).error, kind).toBeUndefined();
      const first = answer.items[0];
      if (first !== undefined)
        expect(schemaOf(`/api/v1/${kind}/{id}`).safeParse(await read(`/api/v1/${kind}/${first.id}`)).error, kind).toBeUndefined();
    }
  });

  it('opens its status page by a link that counts once, and escapes what the configuration says', async () => {
    const link = await app.signInLink(['analyst']);
    const opened = await fetch(link, { redirect: 'manual' });
    expect(opened.status).toBe(303);
    const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const page = await fetch(`${app.origin}/`, { headers: { cookie } });
    expect(page.status).toBe(200);
    const text = await page.text();
    expect(text).toContain('&lt;b&gt;Acme&lt;/b&gt;');
    expect(text).not.toMatch(/<b>|alice/i);
    expect((await fetch(link, { redirect: 'manual' })).status).toBe(401);
    const { rows } = await app.core.store.query<{ sha256: Buffer }>('select sha256 from console_session');
    expect(
      rows.some(({ sha256 }) =>
        sha256.equals(
          createHash('sha256')
            .update(cookie.split('=')[1] ?? '')
            .digest(),
        ),
      ),
    ).toBe(true);
    expect(
      (await fetch(`${app.origin}/sign-out`, { method: 'POST', redirect: 'manual', headers: { cookie, origin: app.origin } })).status,
    ).toBe(303);
    expect((await fetch(`${app.origin}/`, { headers: { cookie } })).status).toBe(401);
  });

  it('is ready, counts its answers, and names no person in its metrics', async () => {
    const { ok, checks } = await read<{ ok: boolean; checks: Record<string, string> }>('/readyz');
    expect([ok, checks['store'], checks['ledger']]).toEqual([true, 'ok', 'ok']);
    const headers = { authorization: 'Bearer auditor' };
    const metrics = await (await fetch(`${app.metricsOrigin}/metrics`, { headers })).text();
    expect(metrics).toContain('rescind_http_request_seconds_bucket');
    expect(metrics).not.toMatch(/alice|bob@/i);
    expect((await fetch(`${app.metricsOrigin}/metrics`)).status).toBe(401);
    expect((await fetch(`${app.metricsOrigin}/api/v1/decisions`, { headers })).status).toBe(404);
    expect((await ask('/metrics', 'auditor')).status).toBe(404);
  });
});
