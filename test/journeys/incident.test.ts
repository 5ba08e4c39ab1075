/** A partner speaks of twenty people in a row: a few are acted on, the rest is one incident, told once, judged with one word. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { silentLog } from '../../src/model/log.ts';
import { roles } from '../../src/model/operator.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const programDir = resolve(import.meta.dirname, '../..');
const people = Array.from({ length: 24 }, (_, n) => `person-${n}`);
const audience = 'https://rescind.test.example';
const authorization = 'Bearer partner-secret';
const secret = `whsec_${Buffer.alloc(24, 's').toString('base64')}`;
const revoked = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';

/** A policy whose step waits for a person. */
const asksFirst = {
  apiVersion: 'rescind/v1',
  kind: 'Policy',
  metadata: {
    id: 'RP-900',
    name: 'ask',
    version: 1,
    title: 'Ask first',
    owner: 'group:iam-oncall',
    severity: 'high',
    status: 'draft',
    falsePositives: ['none'],
    reviewBy: '2027-05-01',
  },
  mode: 'report-only',
  match: { signals: ['admin_confirmed'], subjects: { kinds: ['person'], excludeGroups: ['break-glass'] } },
  when: 'risk.score >= 50.0',
  respond: { scope: 'person', ladder: [{ step: 'end', approval: 'human', actions: [{ type: 'session.revoke', scope: 'all' }] }] },
  approvals: { human: { approvers: ['group:iam-oncall'], required: 1, notSelf: true, timeout: '10m', onTimeout: 'deny' } },
  tests: [
    { name: 'asks', given: {}, expect: { match: true, step: 'end', rung: 3, held: 'approval' } },
    {
      name: 'leaves the low',
      given: { signals: [{ type: 'admin_confirmed', severity: 'low' }] },
      expect: { match: false, because: 'when' },
    },
    { name: 'leaves some', given: { subject: { groups: ['break-glass'] } }, expect: { match: false, because: 'excluded' } },
    { name: 'knows little', given: { device: { compliance: 'unknown' } }, expect: { match: true, step: 'end', rung: 3, held: 'approval' } },
  ],
};

let database: TestDatabase;
let provider: SandboxProviderStandIn;
let transmitters: readonly FakeTransmitter[];
let receivers: Readonly<Record<'plain' | 'named' | 'hanging', WebhookReceiver>>;
let dataDir: string;
let app: App;
beforeAll(async () => {
  database = await testDatabase();
  provider = await startSandboxProvider({ people });
  transmitters = [await createTransmitter({ audience }), await createTransmitter({ audience })];
  receivers = {
    plain: await startWebhookReceiver([secret]),
    named: await startWebhookReceiver([secret]),
    hanging: await startWebhookReceiver([secret]),
  };
  receivers.hanging.answer = 'hang';
  dataDir = mkdtempSync(join(tmpdir(), 'rescind-incident-'));
  cpSync(join(programDir, 'policies'), join(dataDir, 'policies'), { recursive: true });
  writeFileSync(join(dataDir, 'policies/responses/RP-900-ask.yaml'), JSON.stringify(asksFirst));
  const { host, port, user } = database.connection;
  const text = JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    dataDir,
    database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
    policies: join(dataDir, 'policies'),
    enforcement: { default: 'report-only', connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
    overrides: { 'RP-017': 'enforce', 'RP-900': 'enforce' },
    connections: [{ id: 'sandbox', provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token, profile: 'standard' }],
    transmitters: transmitters.map((transmitter, n) => ({
      id: `partner-${n}`,
      issuer: transmitter.issuer,
      jwksUri: transmitter.jwksUri,
      audience,
      authorizationHeader: authorization,
      mayName: { formats: ['email'] },
    })),
    operators: { tokens: roles.map((role) => ({ name: role, sha256: createHash('sha256').update(role).digest('hex'), roles: [role] })) },
    identities: people.map((id) => ({ id, emails: [`${id}@example.com`], accounts: [{ connection: 'sandbox', id }] })),
    sinks: [
      { id: 'plain', kind: 'webhook', url: receivers.plain.url, secret },
      { id: 'named', kind: 'webhook', url: receivers.named.url, secret, people: true, events: ['incident.opened'] },
      { id: 'hanging', kind: 'webhook', url: receivers.hanging.url, secret },
    ],
    network: { allowPrivate: ['127.0.0.0/8'] },
  });
  const settings = await parseConfiguration({ path: 'rescind.yaml', text }, { workingDir: dataDir, env: {} });
  app = await startApp({ settings, kind: 'organisation', workingDir: dataDir, programDir, version: '1.2.3', log: silentLog });
});
afterAll(async () => {
  await app?.stop();
  await Promise.all([...Object.values(receivers), provider, ...transmitters].map((one) => one?.close()));
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers of the API are looked at member by member
type Answer = any;
const ask = (path: string, as = 'analyst', body?: unknown) =>
  fetch(`${app.origin}${path}`, {
    headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
const read = async (path: string, as?: string): Promise<Answer> => (await ask(path, as)).json();
async function push(person: string, source = 0): Promise<number> {
  const transmitter = transmitters[source] as FakeTransmitter;
  const iat = Math.floor(Date.now() / 1000);
  const claims = transmitter.claims(
    revoked,
    { initiating_entity: 'policy', event_timestamp: iat },
    { iat, sub_id: { format: 'email', email: `${person}@example.com` } },
  );
  const response = await fetch(`${app.origin}/ssf/events/partner-${source}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/secevent+jwt' },
    body: await transmitter.sign(claims),
  });
  return response.status;
}
async function command(...args: string[]): Promise<{ exitCode: number; out: string }> {
  const lines: string[] = [];
  const write = (text: string) => void lines.push(text);
  const console = { out: write, err: write };
  const context = { console, env: { RESCIND_URL: app.origin, RESCIND_TOKEN: 'analyst' }, ended: new AbortController().signal };
  const exitCode = await runProgram(args, { ...context, workingDir: dataDir, programDir, version: '1.2.3' } as never);
  return { exitCode, out: lines.join('') };
}
const entries = async (type: string) =>
  (await database.store.query<{ core: string }>('select core from ledger_entry where type = $1 order by id', [type])).rows.map(
    ({ core }) => JSON.parse(core) as Answer,
  );

let incident: Answer;

describe('an incident', () => {
  it('is one, whatever the number of people and however many sources take part', async () => {
    const statuses = await Promise.all(people.slice(0, 16).map((person) => push(person)));
    for (const person of people.slice(16, 20)) statuses.push(await push(person, 1));
    expect(new Set(statuses)).toEqual(new Set([202]));
    const { items } = await read('/api/v1/incidents');
    expect(items).toHaveLength(1);
    incident = await read(`/api/v1/incidents/${items[0].id}`);
    expect(incident).toMatchObject({ state: 'open', signalType: 'session_revoked', verdict: null });
    expect(incident.sources).toEqual(['partner-0', 'partner-1']);
    // Those who were acted on before the limit was reached belong to it.
    expect(incident.people).toBe(20);
    const disturbed =
      20 - new Set(incident.timeline.filter((one: Answer) => one.state === 'held').map((one: Answer) => one.identityId)).size;
    expect(disturbed).toBeLessThanOrEqual(10);
    expect(incident.plans.held).toBe(incident.heldPlanIds.length);
    expect(incident.heldPlanIds.length).toBeGreaterThanOrEqual(10);
    const held = await read(`/api/v1/plans?state=held&incident=${incident.id}&limit=500`);
    expect(held.items.map((plan: Answer) => plan.id).sort()).toEqual([...incident.heldPlanIds].sort());
    expect(await entries('incident.opened')).toMatchObject([{ incidentId: incident.id, signalType: 'session_revoked' }]);
  });

  it('is told once, without names unless the receiver may have them, and a receiver that hangs delays nothing', async () => {
    await Promise.all([receivers.plain.got(1), receivers.named.got(1), receivers.hanging.got(1)]);
    const [told] = receivers.plain.received;
    expect(told).toMatchObject({ type: 'incident.opened', signedBy: secret, data: { incidentId: incident.id } });
    expect(JSON.stringify(told?.data)).not.toMatch(/@example|identityId/);
    expect(told?.data['incident']).toMatchObject({ id: incident.id, signalType: 'session_revoked' });
    const [named] = receivers.named.received;
    expect(JSON.stringify(named?.data['people'])).toMatch(/person-\d+@example\.com/);
    expect(named?.id).not.toBe(told?.id);
    const startedAt = performance.now();
    expect(await push('person-20')).toBe(202);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    // What came meanwhile waits to be told together.
    const { rows } = await database.store.query<{ type: string; state: string; count: number }>(
      `select type, state, count(*)::int as count from notice where sink = 'plain' group by 1, 2 order by 1, 2`,
    );
    expect(rows).toEqual([
      { type: 'incident.opened', state: 'delivered', count: 1 },
      { type: 'incident.updated', state: 'waiting', count: 1 },
    ]);
  });

  it('stands on the status page and in the lists of the command line', async () => {
    const link = await app.signInLink(['analyst']);
    const signedIn = await fetch(link, { redirect: 'manual' });
    const page = await (await fetch(`${app.origin}/`, { headers: { cookie: signedIn.headers.getSetCookie()[0] as string } })).text();
    expect(page).toContain(incident.id);
    expect(page).toContain('partner-0, partner-1');
    expect(page).toContain('hanging (');
    const listed = await command('incident', 'list', '--state', 'open');
    expect(listed).toMatchObject({ exitCode: 0, out: expect.stringContaining(incident.id) });
    expect(JSON.parse((await command('incident', 'show', incident.id)).out)).toMatchObject({ id: incident.id, people: 21 });
  });

  it('is exported with its decisions and where each stands in the log', async () => {
    const file = join(dataDir, 'incident.json');
    expect((await command('incident', 'export', incident.id, '--out', file)).exitCode).toBe(0);
    const exported = JSON.parse(readFileSync(file, 'utf8')) as Answer;
    expect(exported.entries).toHaveLength(21);
    for (const { decision, leafIndex, proof } of exported.entries) {
      expect(decision).toMatchObject({ signalType: 'session_revoked', policyId: 'RP-017' });
      expect(leafIndex).toBeLessThan(exported.checkpoint);
      expect((await ask(proof, 'auditor')).status).toBe(200);
    }
  });

  it('judged false ends what is held and dismisses the evidence of every decision; said again it changes nothing', async () => {
    const judged = await command('incident', 'verdict', incident.id, 'false', '--reason', 'their correlation rule was wrong', '--json');
    expect(judged.exitCode).toBe(0);
    expect(JSON.parse(judged.out)).toMatchObject({ verdict: 'false', decisionsJudged: 21, decisionsLeft: 0 });
    const after = await read(`/api/v1/incidents/${incident.id}`);
    expect(after).toMatchObject({ state: 'judged', verdict: 'false', judgedBy: 'analyst', heldPlanIds: [] });
    expect(after.timeline.at(-1)).toMatchObject({ event: 'judged', verdict: 'false' });
    const decisions = new Set(after.timeline.flatMap((one: Answer) => one.decisionId ?? []));
    for (const id of decisions) expect((await read(`/api/v1/decisions/${id}`)).verdicts).toMatchObject([{ verdict: 'false' }]);
    const [entry] = await entries('incident.judged');
    expect(entry).toMatchObject({ incidentId: incident.id, verdict: 'false', by: 'analyst' });
    expect((await entries('plan.refused')).filter(({ by }) => by === 'verdict')).toHaveLength(entry.plansRefused);
    expect(JSON.stringify(entry)).not.toContain('correlation');
    const again = await (await ask(`/api/v1/incidents/${incident.id}/verdict`, 'analyst', { verdict: 'false', reason: 'again' })).json();
    expect(again).toMatchObject({ plansRefused: 0, decisionsJudged: 0, decisionsLeft: 0 });
    const other = await ask(`/api/v1/incidents/${incident.id}/verdict`, 'analyst', { verdict: 'true', reason: 'no' });
    expect(other.status).toBe(409);
  });

  it('that was judged takes nothing more: the next hit is another one', async () => {
    for (const person of people.slice(21)) await push(person, 1);
    const { items } = await read('/api/v1/incidents');
    expect(items.length).toBeGreaterThanOrEqual(1);
    expect(items.filter((one: Answer) => one.id === incident.id)).toMatchObject([{ state: 'judged', people: 21 }]);
  });

  it('is not made of what waits for an approval: that is told by itself', async () => {
    const sent = await ask('/api/v1/signals', 'analyst', {
      type: 'admin_confirmed',
      subject: { format: 'email', email: 'person-0@example.com' },
    });
    expect(sent.status).toBe(202);
    const { decisionIds } = (await sent.json()) as Answer;
    const { items } = await read(`/api/v1/plans?state=held&decision=${decisionIds[0]}`);
    expect(items).toMatchObject([{ heldFor: 'approval' }]);
    const { rows } = await database.store.query<{ data: string }>(`select data from notice where sink = 'plain' and type = 'plan.held'`);
    expect(rows.map(({ data }) => JSON.parse(data))).toEqual([
      { plans: [{ planId: items[0].id, decisionId: decisionIds[0], connection: 'sandbox', heldFor: 'approval' }], more: 0 },
    ]);
    const { items: incidents } = await read('/api/v1/incidents');
    expect(incidents.filter((one: Answer) => one.signalType === 'admin_confirmed')).toEqual([]);
  });

  it('is there for those who see scores, and unknown ones are not found', async () => {
    expect((await ask('/api/v1/incidents', 'helpdesk')).status).toBe(403);
    expect((await ask('/api/v1/incidents/nothing')).status).toBe(404);
    const missing = incident.id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'));
    expect((await ask(`/api/v1/incidents/${missing}/export`)).status).toBe(404);
    expect((await ask(`/api/v1/incidents/${missing}/verdict`, 'analyst', { verdict: 'true', reason: 'x' })).status).toBe(404);
  });
});
