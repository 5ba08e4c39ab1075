/** What bites in Okta's SDK, trap by trap, and that none of it reaches a revocation. */
import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ActionOrder, DirectoryPerson } from '../../../src/adapters/contract.ts';
import { createHttpClient } from '../../../src/adapters/http.ts';
import { createServiceApp } from '../../../src/adapters/okta/service-app.ts';
import type { ActionType } from '../../../src/model/action.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { createRealClock } from '../../support/clock.ts';
import { type Connected, connect, recordingLog } from './bench.ts';

const tokenRoute = '/oauth2/v1/token';
const tokenCalls = () => standIn.calls.filter(({ path }) => path === tokenRoute).length;
let standIn: OktaStandIn;
let open: Connected[];
let folder: string;

beforeEach(async () => {
  standIn = await startOkta({ people: [{ login: 'alice@example.com' }, { login: 'bob@example.com' }] });
  open = [];
  folder = await mkdtemp(join(tmpdir(), 'okta-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const connection of open) await connection.close();
  await standIn.close();
  await rm(folder, { recursive: true });
});

async function connected(given?: Readonly<Record<string, unknown>>) {
  const connection = await connect(standIn, given);
  open.push(connection);
  return connection;
}

function order(type: ActionType, given: Partial<ActionOrder> = {}): ActionOrder {
  return {
    idempotencyKey: randomUUID(),
    type,
    account: standIn.person('alice@example.com').id,
    parameters: {},
    intendedAt: Date.now(),
    signal: AbortSignal.timeout(15_000),
    ...given,
  };
}

async function people(connection: Connected): Promise<DirectoryPerson[]> {
  const found = [];
  for await (const page of connection.adapter.people?.(AbortSignal.timeout(15_000)) ?? []) found.push(...page);
  return found;
}

const appAuth = ({ clientId, privateKey, keyId }: { clientId: string; privateKey: string; keyId: string }, more = {}) => ({
  auth: { clientId, privateKey, keyId, ...more },
});

describe('8.1 the cache', () => {
  test('8.1 what an administrator changed at the console is seen by the next reading', async () => {
    const { adapter } = await connected();
    const given = order('account.suspend');
    expect((await adapter.readBack(given)).inForce).toBe(false);
    standIn.change(standIn.person('alice@example.com'), { status: 'SUSPENDED' });
    expect((await adapter.readBack(given)).inForce).toBe(true);
  });
});

describe('8.2 deadlines and retries', () => {
  test('8.2 a call that was refused for being too many is not tried again, and says when it may be', async () => {
    const { adapter } = await connected();
    standIn.fault({ kind: 'status', status: 429, method: 'POST', headers: { 'retry-after': '30' } });
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'failed', code: 'rateLimited', retryAfterMs: 30_000 });
    expect(standIn.count('POST')).toBe(1);
  });

  test('8.2 a call that hangs ends with its signal and is not tried again', async () => {
    const { adapter } = await connected();
    standIn.fault({ kind: 'hang', method: 'POST' });
    const stop = new AbortController();
    const receipt = adapter.act(order('account.suspend', { signal: stop.signal }));
    while (standIn.count('POST') === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect((await receipt).outcome).toBe('unknown');
    expect(standIn.count('POST')).toBe(1);
  });
});

describe('8.3 empty pages', () => {
  test('8.3 an organisation without people, groups or roles is an empty directory, not a null person', async () => {
    const { adapter } = await connected();
    for (const { id } of [standIn.person('alice@example.com'), standIn.person('bob@example.com')])
      standIn.change(standIn.person(id), { status: 'DEPROVISIONED' });
    const pages = [];
    for await (const page of adapter.people?.(AbortSignal.timeout(15_000)) ?? []) pages.push(page.map(({ status }) => status));
    expect(pages).toEqual([['disabled', 'disabled']]);
  });

  test('8.3 a log without events is answered once, and not read for ever', async () => {
    const { adapter } = await connected();
    standIn.signIn('alice@example.com');
    expect(await adapter.readBack(order('session.revoke'))).toEqual({ inForce: false, code: 'sessionsRemain' });
    expect(standIn.count('GET', '/api/v1/logs')).toBe(1);
  });
});

describe('8.4 access tokens of a service app', () => {
  test('8.4 an app whose key Okta does not know is a fault of the configuration, told at the start and by name', async () => {
    const app = await standIn.apps.add({});
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const failing = connect(standIn, appAuth({ ...app, privateKey: pem }));
    await expect(failing).rejects.toMatchObject({
      code: 'adapter.misconfigured',
      message: expect.stringMatching(/okta-main: Okta gives the service app no token: invalid_client$/),
    });
  });

  test('8.4 many first calls ask for one token', async () => {
    const { adapter } = await connected(appAuth(await standIn.apps.add({})));
    expect(tokenCalls()).toBe(1);
    await Promise.all(Array.from({ length: 8 }, () => adapter.readBack(order('account.suspend'))));
    expect(tokenCalls()).toBe(1);
  });

  test('8.4 a token is replaced ahead of its end, and calls go on with it meanwhile', async () => {
    const app = await standIn.apps.add({});
    let ahead = 0;
    const real = createRealClock();
    const clock = { ...real, now: () => real.now() + ahead };
    const http = createHttpClient({ allowPrivate: ['127.0.0.1'], clock, log: recordingLog() });
    const log = recordingLog();
    const parts = { connectionId: 'okta-main', orgUrl: standIn.orgUrl, http, clock, log, scopes: ['okta.users.read'] };
    const credential = createServiceApp({ ...app, dpop: false }, parts);
    const call = () => credential.send({ method: 'GET', url: `${standIn.orgUrl}/api/v1/users?limit=1` });
    expect(await call()).toMatchObject({ status: 200 });
    ahead = 56 * 60_000;
    standIn.fault({ kind: 'status', status: 503, path: tokenRoute, times: 1 });
    expect(await call()).toMatchObject({ status: 200 });
    // What could not be replaced is asked for again only after a pause.
    expect(await call()).toMatchObject({ status: 200 });
    await expect.poll(() => log.text(), { timeout: 10_000 }).toContain('okta.tokenNotRenewed');
    expect(tokenCalls()).toBe(2);
    ahead = 57 * 60_000;
    expect(await call()).toMatchObject({ status: 200 });
    await expect.poll(tokenCalls, { timeout: 10_000 }).toBe(3);
    ahead = 59.9 * 60_000;
    expect(await call()).toMatchObject({ status: 200 });
    expect(tokenCalls()).toBe(3);
    await http.close();
  });

  test('8.4 an app that was not granted everything works with what it was granted, and the probe names the rest', async () => {
    const granted = ['okta.users.read', 'okta.users.manage', 'okta.logs.read'];
    const { adapter, log } = await connected(appAuth(await standIn.apps.add({ scopes: granted })));
    expect((await adapter.act(order('account.suspend'))).outcome).toBe('done');
    expect(log.text()).toContain('okta.groups.manage');
    const checks = await adapter.probe(AbortSignal.timeout(15_000));
    expect(checks).toContainEqual({
      check: 'okta.groups.manage',
      ok: false,
      for: 'write',
      hint: 'grant the scope okta.groups.manage to the service app',
    });
    expect(checks).toContainEqual({ check: 'okta.users.manage', ok: true, for: 'write' });
    expect(checks.find(({ check }) => check === 'okta.groups.read')).toMatchObject({ ok: false, for: 'read' });
  });

  test.each(['pkcs1', 'pkcs8'] as const)('8.4 an RSA key is taken as %s', async (type) => {
    const app = await standIn.apps.add({});
    const pem = String(createPrivateKey(app.privateKey).export({ type, format: 'pem' }));
    const { adapter } = await connected(appAuth({ ...app, privateKey: pem }));
    expect((await adapter.act(order('account.suspend'))).outcome).toBe('done');
  });
});

describe('8.5 proofs of possession', () => {
  test.each(['ES256', 'ES384'] as const)('8.5 an EC key (%s) proves the app as well, with and without them', async (algorithm) => {
    for (const dpop of [false, true]) {
      const { adapter } = await connected(appAuth(await standIn.apps.add({ algorithm, dpop }), { dpop }));
      expect((await adapter.readBack(order('account.suspend'))).inForce).toBe(false);
    }
  });

  test('8.5 an app that asks for them gets a fresh one with every call, and the nonce that it names', async () => {
    const { adapter } = await connected(appAuth(await standIn.apps.add({ dpop: true }), { dpop: true }));
    expect((await adapter.act(order('account.suspend'))).outcome).toBe('done');
    expect((await adapter.readBack(order('account.suspend'))).inForce).toBe(true);
    expect(standIn.calls.filter(({ status }) => status === 401)).toEqual([]);
  });

  test('8.5 a connection that does not know that its app asks for them is told at the start', async () => {
    const app = await standIn.apps.add({ dpop: true });
    await expect(connect(standIn, appAuth(app))).rejects.toMatchObject({
      code: 'adapter.misconfigured',
      message: expect.stringMatching(/okta-main: Okta gives the service app no token: invalid_dpop_proof$/),
    });
  });
});

describe('8.6 credentials of ours instead of the SDK’s', () => {
  test('8.6 a secret that is replaced in its file is taken up at the first refusal, and the call is made', async () => {
    const file = join(folder, 'token');
    await writeFile(file, `${standIn.token}\n`);
    const { adapter } = await connected({ auth: { token: { file } } });
    expect((await adapter.readBack(order('account.suspend'))).inForce).toBe(false);
    await writeFile(file, standIn.rotateToken(standIn.token));
    expect((await adapter.act(order('account.suspend'))).outcome).toBe('done');
    expect(standIn.calls.filter(({ status }) => status === 401).length).toBe(1);
  });

  test('8.6 a key that is replaced in its file is taken up the same way', async () => {
    const app = await standIn.apps.add({});
    const file = join(folder, 'key.pem');
    await writeFile(file, app.privateKey);
    const { adapter } = await connected({ auth: { clientId: app.clientId, privateKey: { file } } });
    await writeFile(file, (await standIn.apps.rotateKey(app.clientId)).privateKey);
    expect((await adapter.act(order('account.suspend'))).outcome).toBe('done');
  });

  test('8.6 a file that is not there is told at the start, by its name', async () => {
    const missing = connect(standIn, { auth: { token: { file: join(folder, 'none') } } });
    const message = expect.stringMatching(/none cannot be read: ENOENT$/);
    await expect(missing).rejects.toMatchObject({ code: 'adapter.misconfigured', message });
  });

  test('8.6 a file that is lost while we run fails what would need it, and is no lost answer', async () => {
    const file = join(folder, 'token');
    await writeFile(file, standIn.token);
    const { adapter } = await connected({ auth: { token: { file } } });
    await rm(file);
    standIn.revokeToken(standIn.token);
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'failed', code: 'adapter.misconfigured' });
  });

  test('8.6 a token that was revoked is refused after one look for another', async () => {
    const { adapter } = await connected();
    standIn.revokeToken(standIn.token);
    expect(await adapter.act(order('account.suspend'))).toEqual({ outcome: 'refused', code: 'unauthorised' });
    expect(standIn.calls.length).toBe(1);
  });
});

describe('8.7 proxies of the machine', () => {
  test('8.7 a proxy in the environment is not gone through', async () => {
    const proxy = createServer((_, response) => response.writeHead(502).end());
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    let asked = 0;
    proxy.on('connection', () => {
      asked += 1;
    });
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, address);
    const { adapter } = await connected();
    expect((await adapter.act(order('account.suspend'))).outcome).toBe('done');
    expect(asked).toBe(0);
    await new Promise((resolve) => proxy.close(resolve));
  });
});

describe('8.8 settings of the machine', () => {
  test('8.8 neither okta.yaml nor OKTA_CLIENT_* supplies anything', async () => {
    const yaml = { okta: { client: { orgUrl: 'https://elsewhere.okta.com', token: 'a-stray-token', authorizationMode: 'PrivateKey' } } };
    await writeFile(join(folder, 'okta.yaml'), JSON.stringify(yaml));
    const stray = {
      ORGURL: 'https://elsewhere.okta.com',
      TOKEN: 'a-stray-token',
      AUTHORIZATIONMODE: 'PrivateKey',
      SCOPES: 'okta.logs.read',
    };
    for (const [name, value] of Object.entries(stray)) vi.stubEnv(`OKTA_CLIENT_${name}`, value);
    const program = `
      import { connect } from ${JSON.stringify(new URL('./bench.ts', import.meta.url).href)};
      const { adapter, close } = await connect({ orgUrl: ${JSON.stringify(standIn.orgUrl)}, token: ${JSON.stringify(standIn.token)} });
      const order = { idempotencyKey: 'k', type: 'account.suspend', account: 'alice@example.com', parameters: {}, intendedAt: Date.now() };
      console.log(JSON.stringify(await adapter.act({ ...order, signal: AbortSignal.timeout(10_000) })));
      await close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done' });
    expect(standIn.effects.length).toBe(1);
  });
});

describe('8.9 addresses', () => {
  test('8.9 every path begins with one slash, whatever is asked', async () => {
    const { adapter } = await connected(appAuth(await standIn.apps.add({})));
    standIn.signIn('alice@example.com', { clients: ['0oaclient'] });
    for (const type of ['session.revoke', 'token.revoke', 'app.signOut'] as const) await adapter.act(order(type));
    await people(open[0] as Connected);
    expect(standIn.calls.filter(({ path }) => path.includes('//'))).toEqual([]);
    expect(standIn.calls.filter(({ route }) => route === undefined)).toEqual([]);
  });
});

describe('8.10 lists', () => {
  test.each(['wrongShape', 'html'] as const)('8.10 a list that is none (%s) is named, and nobody is taken for absent', async (kind) => {
    const { adapter } = await connected();
    standIn.fault({ kind, path: '/api/v1/users' });
    const email = { format: 'email', value: 'alice@example.com' };
    await expect(adapter.find?.(email, AbortSignal.timeout(15_000))).rejects.toMatchObject({ facts: { code: 'wrongShape' } });
  });
});

describe('8.11 errors', () => {
  test('8.11 an error tells Okta’s code and the call’s id, and neither the credential nor whom it was about', async () => {
    const { adapter, log } = await connected();
    standIn.fault({ kind: 'status', status: 403, code: 'E0000006' });
    const account = standIn.person('alice@example.com').id;
    const key = { format: 'provider_id', value: `okta-main ${account}` };
    const error = (await adapter.find?.(key, AbortSignal.timeout(15_000)).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/^Okta: forbidden 403 E0000006 [\w-]{16}$/);
    const told = `${error.message}${error.stack}${JSON.stringify(error)}${log.text()}`;
    for (const hidden of [standIn.token, account, 'SSWS']) expect(told).not.toContain(hidden);
  });

  test('8.11 a link that leads to another host is not followed, for the credential would go with it', async () => {
    const { adapter } = await connected();
    const other = await startOkta({ people: 1 });
    const page = createServer((_, response) => {
      response.setHeader('link', `<${other.orgUrl}/api/v1/groups?after=x>; rel="next"`);
      response.writeHead(200, { 'content-type': 'application/json' }).end('[{"id":"00g1","type":"OKTA_GROUP","profile":{"name":"one"}}]');
    });
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const orgUrl = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    const misled = await connect({ orgUrl, token: standIn.token });
    open.push(misled);
    await expect(people(misled)).rejects.toMatchObject({ facts: { code: 'foreignAddress' } });
    expect(other.calls).toEqual([]);
    expect(adapter.manifest.provider).toBe('okta');
    await other.close();
    page.closeAllConnections();
    await new Promise((resolve) => page.close(resolve));
  });
});

describe('8.12 and 8.13 what the SDK is and weighs', () => {
  test('8.12 it is named by type alone and loaded whole: what it exports by name is not all there at run time', async () => {
    const root = new URL('../../../src/adapters/okta/', import.meta.url);
    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const texts = await Promise.all(files.map((name) => readFile(new URL(name, root), 'utf8')));
    const imports = texts.flatMap((text) => text.match(/.*@okta\/okta-sdk-nodejs.*/g) ?? []).map((line) => line.trim());
    expect(imports.filter((line) => !line.startsWith('import type '))).toEqual([
      "const { default: sdk } = await import('@okta/okta-sdk-nodejs');",
    ]);
  });

  test('8.13 neither the provider’s settings nor its definition load it; the first connection does', async () => {
    const at = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
    const program = `
      import { Module } from 'node:module';
      const loaded = () => Object.keys(Module._cache).some((path) => path.includes('okta-sdk-nodejs'));
      const { providerSchemas, loadProvider } = await import(${at('app/providers.ts')});
      await providerSchemas();
      await loadProvider('okta');
      const before = loaded();
      const { connect } = await import(${JSON.stringify(new URL('./bench.ts', import.meta.url).href)});
      const { close } = await connect({ orgUrl: ${JSON.stringify(standIn.orgUrl)}, token: 'any' });
      console.log(JSON.stringify({ before, after: loaded() }));
      await close();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    expect(JSON.parse(stdout)).toEqual({ before: false, after: true });
  });
});
