/** The commands about connections, over HTTP to a service on a real database, whose connection registers hooks at the stand-in for Okta. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Adapter, ProbeResult } from '../../src/adapters/contract.ts';
import { createSubscription } from '../../src/adapters/okta/subscription.ts';
import { createConnections } from '../../src/app/connections.ts';
import { startCore } from '../../src/app/core.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { silentLog } from '../../src/model/log.ts';
import { type OktaStandIn, startOkta } from '../fakes/okta.ts';
import { startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { openWorld, type World } from '../server/world.ts';
import { testDatabase } from '../support/database.ts';
import { callsBy, oktaAppClient, oktaClient } from '../support/okta-client.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';

const secret = 'hook-secret-that-nobody-sees';
const build = { version: 'test', build: createHash('sha256').update('test').digest('hex') };
const scopes = { read: ['okta.eventHooks.read'], all: ['okta.eventHooks.read', 'okta.eventHooks.manage'] };

let service: Awaited<ReturnType<typeof openService>>;
let okta: OktaStandIn;
let world: World;
/** What the connection's adapter is beside what the sandbox gives it. */
let extra: Partial<Adapter>;

/** A core with the connections `okta-main` and `plain`, and a door that answers Okta's challenge. */
async function openService() {
  const database = await testDatabase();
  const provider = await startSandboxProvider({ people: [] });
  const door = createServer((request, response) => {
    const known = request.headers.authorization === secret && request.url === '/hooks/okta-main';
    response.writeHead(known ? 200 : 401).end(JSON.stringify({ verification: request.headers['x-okta-verification-challenge'] }));
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const publicUrl = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const { host, port, user } = database.connection;
  const at = { provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token };
  const text = stringify({
    publicUrl,
    database: { url: `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}` },
    policies: join(import.meta.dirname, '../../policies'),
    enforcement: { default: 'report-only', connections: { 'okta-main': { mode: 'enforce', maxRung: 4 } } },
    overrides: { 'RP-017': 'enforce' },
    keys: { wrap: createHash('sha256').update('wrap').digest('base64url') },
    connections: [
      { id: 'okta-main', ...at },
      { id: 'plain', ...at },
    ],
    network: { allowPrivate: ['127.0.0.0/8'] },
  });
  const settings = await parseConfiguration({ path: 'rescind.yaml', text }, { workingDir: '.', env: {} });
  const options = { settings, kind: 'organisation' as const, workingDir: '.', listen: async () => publicUrl, build };
  const core = await startCore({ ...options, clock: systemClock, random: systemRandom, log: silentLog });
  return {
    core,
    publicUrl,
    address: `${publicUrl}/hooks/okta-main`,
    async close() {
      await core.stop();
      await Promise.all([provider.close(), new Promise((resolve) => door.close(resolve)), database.drop()]);
    },
  };
}

beforeAll(async () => {
  service = await openService();
});
afterAll(() => service.close());
beforeEach(async () => {
  okta = await startOkta();
  extra = { subscription: subscriptionWith(oktaClient(okta)) };
  const { core } = service;
  const adapters = {
    ...core.adapters,
    get: (id: string) => (id === 'okta-main' ? ({ ...core.adapters.get(id), ...extra } as Adapter) : core.adapters.get(id)),
  };
  const { reader, subscriptions } = createConnections({ ...core, adapters }, build);
  world = await openWorld((parts) => ({ subscriptions, records: { ...parts.records, connections: reader } }));
});
afterEach(() => Promise.all([world.close(), okta.close()]));

const subscriptionWith = (client: ReturnType<typeof oktaClient>) =>
  createSubscription({ call: callsBy(client), connectionId: 'okta-main', header: 'authorization', secret });

async function run(args: readonly string[], as = 'admin') {
  const said: string[] = [];
  const warned: string[] = [];
  const console = { out: (text: string) => void said.push(text), err: (text: string) => void warned.push(text), tty: false };
  const env = { RESCIND_URL: world.origin, RESCIND_TOKEN: as };
  const context = { console, env, workingDir: '.', ended: new AbortController().signal, programDir: '.', version: '0' };
  const exitCode = await runProgram(['connection', ...args], context);
  return { exitCode, out: said.join(''), err: warned.join('') };
}
const logged = async () =>
  (await service.core.store.query<{ core: string }>(`select core from ledger_entry where type = 'config.changed' order by id`)).rows
    .map((row) => JSON.parse(row.core) as { by?: string; configHash: string; previous: string; changes: object[]; overrides: string[] })
    .filter(({ by }) => by !== undefined);

it('connection list tells how far each may go and whether its events come here, without a write', async () => {
  const { exitCode, out } = await run(['list'], 'auditor');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^okta-main {2}sandbox {3}sandbox {2}enforce {6}4 {8}none$/m);
  expect(out).toMatch(/^plain .* report-only {2}3 {8}-$/m);
  expect(okta.writes()).toEqual([]);
});

it('connection subscribe makes the hook, verifies it and stands in the log once; repeated it changes nothing', async () => {
  const before = (await logged()).length;
  const first = await run(['subscribe', 'okta-main']);
  expect(first).toMatchObject({ exitCode: 0, err: '' });
  expect(first.out).toContain(`subscription: inForce\n  events go to: ${service.address}\n`);
  const writes = okta.writes().length;
  expect((await run(['subscribe', 'okta-main'])).exitCode).toBe(0);
  expect(okta.writes()).toHaveLength(writes);
  const entries = (await logged()).slice(before);
  expect(entries).toMatchObject([
    { by: 'admin', changes: [{ path: 'connections.okta-main.subscription', change: 'added' }], overrides: ['RP-017, unproven'] },
  ]);
  expect(entries[0]?.configHash).toBe(entries[0]?.previous);
  expect(JSON.stringify([first, entries, okta.events()])).not.toContain(secret);
});

it('connection unsubscribe takes it away, and writes nothing where there was none', async () => {
  await run(['subscribe', 'okta-main']);
  const before = (await logged()).length;
  expect((await run(['unsubscribe', 'okta-main'])).exitCode).toBe(0);
  expect((await run(['unsubscribe', 'okta-main'])).exitCode).toBe(0);
  expect((await logged()).slice(before)).toMatchObject([{ changes: [{ change: 'removed' }] }]);
  expect((await run(['status', 'okta-main'])).out).toContain('subscription: none');
});

describe('connection status', () => {
  it('names each way in which the subscription drifted, and says no', async () => {
    await run(['subscribe', 'okta-main']);
    expect((await run(['status'])).exitCode).toBe(0);
    const hooks = oktaClient(okta).eventHookApi;
    const state = await extra.subscription?.status(new AbortController().signal);
    const eventHookId = state?.id as string;
    const eventHook = await hooks.getEventHook({ eventHookId });
    eventHook.events.items = ['user.session.start'];
    eventHook.channel.config.uri = 'https://elsewhere.example.com/hooks/okta-main';
    await hooks.replaceEventHook({ eventHookId, eventHook });
    await hooks.deactivateEventHook({ eventHookId });
    // Asked for with the probe, nothing is remembered.
    const { exitCode, out } = await run(['status', 'okta-main', '--probe']);
    expect(exitCode).toBe(1);
    expect(out).toContain('drifted: deactivated, otherAddress, missingEvents');
    expect(out).toMatch(/left out: .*user\.lifecycle\.suspend/);
    expect((await run(['subscribe', 'okta-main'])).out).toContain('subscription: inForce');
  });

  it('asks the provider at most twice a minute, however often it is read', async () => {
    for (let n = 0; n < 5; n++) await run(['list']);
    expect(okta.count('GET', '/api/v1/eventHooks')).toBe(1);
  });

  it('tries the connection where it is asked to, for those who see decisions', async () => {
    const found: ProbeResult[] = [
      { check: 'okta.users.read', ok: true, for: 'read' },
      { check: 'okta.users.manage', ok: false, hint: 'grant okta.users.manage', for: 'write' },
    ];
    extra = { ...extra, probe: async () => found };
    expect(await run(['status', 'okta-main', '--probe'], 'auditor')).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining('missing okta.users.manage: grant okta.users.manage'),
    });
    expect(await run(['status', 'okta-main', '--probe'], 'helpdesk')).toMatchObject({ exitCode: 2 });
    expect(await run(['status', 'nowhere'])).toMatchObject({ exitCode: 1 });
  });
});

describe('where the grant is missing', () => {
  beforeEach(async () => {
    const app = await okta.apps.add({ scopes: scopes.read });
    extra = { subscription: subscriptionWith(oktaAppClient(okta.orgUrl, app, scopes.read)) };
  });

  it('connection subscribe names it, prints the steps, and says no', async () => {
    const before = (await logged()).length;
    const { exitCode, out, err } = await run(['subscribe', 'okta-main']);
    expect(exitCode).toBe(1);
    expect(err).toContain('grant okta.eventHooks.manage');
    expect(out).toContain(`Endpoint URL: ${service.address}\n`);
    expect(out + err).not.toContain(secret);
    expect(await logged()).toHaveLength(before);
  });
});

it('a hook that was made and could not be verified is told as such, and stands in the log', async () => {
  const before = (await logged()).length;
  extra = {
    subscription: createSubscription({
      call: callsBy(oktaClient(okta)),
      connectionId: 'okta-main',
      header: 'authorization',
      secret: 'another',
    }),
  };
  expect(await run(['subscribe', 'okta-main'])).toMatchObject({ exitCode: 1, err: expect.stringContaining('notVerified') });
  expect((await logged()).slice(before)).toMatchObject([{ changes: [{ change: 'added' }] }]);
  expect((await run(['status', 'okta-main'])).out).toContain('drifted: deactivated');
  await run(['unsubscribe', 'okta-main']);
  extra = { subscription: subscriptionWith(oktaClient(okta)) };
  expect((await run(['subscribe', 'okta-main'])).out).toContain('subscription: inForce');
});

it('connection subscribe --print only prints', async () => {
  const { exitCode, out } = await run(['subscribe', 'okta-main', '--print']);
  expect(exitCode).toBe(0);
  expect(out).toContain('Subscribe to events: ');
  expect(okta.calls).toEqual([]);
});

it('a connection whose provider keeps no subscription, and a caller who is no administrator, are refused', async () => {
  expect(await run(['subscribe', 'plain'])).toMatchObject({ exitCode: 1, err: expect.stringContaining('keeps no subscription') });
  expect(await run(['subscribe', 'okta-main'], 'approver')).toMatchObject({ exitCode: 2 });
  expect(await run(['unsubscribe', 'nowhere'])).toMatchObject({ exitCode: 1, err: expect.stringContaining('notFound') });
  expect(okta.calls).toEqual([]);
});

it('a provider that does not answer is told as such, not as a missing subscription', async () => {
  okta.fault({ kind: 'status', status: 503 });
  expect(await run(['status', 'okta-main'])).toMatchObject({ exitCode: 1, out: expect.stringContaining('subscription: unreadable') });
  expect(await run(['subscribe', 'okta-main'])).toMatchObject({ exitCode: 2, err: expect.stringContaining('provider.unreachable') });
});
