/** `doctor` without a running service: a database, a provider that counts calls, and adapters with permissions as told. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { AdapterDefinition, ProbeResult, Subscription } from '../../src/adapters/contract.ts';
import { startApp } from '../../src/app.ts';
import { examineConnection } from '../../src/cli/doctor/connections.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfiguration } from '../../src/cli/settings.ts';
import { silentLog } from '../../src/model/log.ts';
import { createFakeAdapter } from '../fakes/adapter.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemClock, systemRandom } from '../support/system-clock.ts';

const programDir = resolve(import.meta.dirname, '../..');
let database: TestDatabase;
let provider: SandboxProviderStandIn;
let workingDir: string;

beforeAll(async () => {
  [database, provider] = await Promise.all([testDatabase(), startSandboxProvider({ people: ['alice'] })]);
});
afterAll(() => Promise.all([database.drop(), provider.close()]));
beforeEach(() => {
  workingDir = mkdtempSync(join(tmpdir(), 'rescind-doctor-'));
  cpSync(join(programDir, 'policies'), join(workingDir, 'policies'), { recursive: true });
});
afterEach(() => rmSync(workingDir, { recursive: true }));

const url = () => {
  const { host, port, user } = database.connection;
  return `postgres://${user}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${port}`;
};
const configuration = (more: object = {}) => ({
  publicUrl: 'https://rescind.example.com',
  listen: { port: 0 },
  database: { url: url() },
  connections: [{ id: 'main', provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token }],
  network: { allowPrivate: ['127.0.0.0/8'] },
  ...more,
});

async function run(settings: object, args: readonly string[] = []) {
  writeFileSync(join(workingDir, 'rescind.yaml'), stringify(settings));
  const said: string[] = [];
  const warned: string[] = [];
  const console = { out: (text: string) => void said.push(text), err: (text: string) => void warned.push(text), tty: false };
  const context = { console, env: {}, workingDir, ended: new AbortController().signal, programDir, version: '0' };
  const exitCode = await runProgram(['doctor', ...args], context);
  return { exitCode, out: said.join(''), err: warned.join('') };
}
async function findings(settings: object) {
  const { exitCode, out } = await run(settings, ['--json']);
  const { ok, findings: all } = JSON.parse(out) as {
    ok: boolean;
    findings: { about: string; check: string; state: string; hint?: string }[];
  };
  expect(ok).toBe(exitCode === 0);
  return { exitCode, of: (check: string) => all.filter((one) => one.check === check), all };
}

describe('of the process', () => {
  it('finds a set-up in order before anything was started, and writes nowhere', async () => {
    const before = provider.calls.length;
    const { exitCode, all } = await findings(configuration());
    expect(all.filter(({ state }) => state === 'fault')).toEqual([]);
    expect(exitCode).toBe(0);
    expect(all.map(({ about, check }) => `${about} ${check}`)).toEqual(
      expect.arrayContaining([
        'process database',
        'process schema',
        'process clock',
        'process keys',
        'process policies',
        'main reachable',
        'main admin',
      ]),
    );
    const calls = provider.calls.slice(before);
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter(({ method, effect }) => method !== 'GET' || effect)).toEqual([]);
    expect((await database.store.query('select 1 from service_key')).rows).toEqual([]);
  });

  it('says that a database is not there, and goes on with the rest', async () => {
    const gone = await findings(configuration({ database: { url: 'postgres://nobody@127.0.0.1:9/gone' } }));
    expect(gone.exitCode).toBe(1);
    expect(gone.of('database')).toMatchObject([{ state: 'fault' }]);
    expect(gone.of('admin')).toMatchObject([{ about: 'main', state: 'ok' }]);
  });

  it('does not make an embedded database that nobody started', async () => {
    const { of, exitCode } = await findings(configuration({ database: {} }));
    expect(of('database')).toMatchObject([{ state: 'ok', hint: 'made at the first start' }]);
    expect(exitCode).toBe(0);
  });

  it('says who else may enter the data folder, that policies are broken, and what is enforced by hand', async () => {
    mkdirSync(join(workingDir, '.rescind', 'keys'), { recursive: true });
    chmodSync(join(workingDir, '.rescind'), 0o755);
    writeFileSync(join(workingDir, '.rescind', 'keys', 'wrap'), 'x', { mode: 0o644 });
    writeFileSync(join(workingDir, 'policies', 'responses', 'broken.yaml'), 'kind: Policy\n');
    const { of, exitCode } = await findings(configuration({ publicUrl: undefined, overrides: { 'RP-005': 'enforce' } }));
    expect(exitCode).toBe(1);
    expect(of('data folder')[0]).toMatchObject({ state: 'fault', hint: expect.stringContaining('chmod go-rw') });
    expect(of('wrapping key')[0]).toMatchObject({ state: 'fault', hint: expect.stringContaining('chmod go-rw') });
    expect(of('policies')[0]).toMatchObject({ state: 'fault', hint: expect.stringMatching(/^\d+ faults/) });
    expect(of('override')).toMatchObject([{ state: 'doubt', hint: 'RP-005 is enforced by hand, unproven' }]);
    expect(of('publicUrl')).toMatchObject([{ state: 'doubt' }]);
    chmodSync(join(workingDir, '.rescind'), 0o711);
    expect((await findings(configuration())).of('data folder')).toMatchObject([{ state: 'ok' }]);
  });

  it('tells a wrapping key that does not open the keys', async () => {
    const own = await testDatabase();
    const wrap = (name: string) => ({ wrap: createHash('sha256').update(name).digest('base64url') });
    const { host, port, user } = own.connection;
    const at = { database: { url: `postgres://${user}@/${own.name}?host=${encodeURIComponent(String(host))}&port=${port}` } };
    const settings = configuration({ ...at, keys: wrap('right') });
    const parsed = await parseConfiguration({ path: 'rescind.yaml', text: stringify(settings) }, { workingDir, env: {} });
    const app = await startApp({ settings: parsed, kind: 'organisation', workingDir, programDir, version: '0', log: silentLog });
    try {
      expect((await findings(settings)).of('keys')).toMatchObject([{ state: 'ok' }]);
      expect((await findings({ ...settings, keys: wrap('wrong') })).of('keys')).toMatchObject([{ state: 'fault' }]);
    } finally {
      await app.stop();
      await own.drop();
    }
  });

  it('needs a configuration that can be read', async () => {
    expect((await run(configuration({ nonsense: true }))).exitCode).toBe(2);
  });
});

describe('of a connection', () => {
  const granted: ProbeResult[] = [
    { check: 'reachable', ok: true },
    { check: 'okta.users.read', ok: true, for: 'read' },
    { check: 'okta.users.manage', ok: false, hint: 'grant okta.users.manage', for: 'write' },
  ];
  /** A provider of the given permissions; answers the findings as lines, and that nothing was done. */
  async function examine(probe: () => Promise<readonly ProbeResult[]>, reportOnly = false, subscription?: Partial<Subscription>) {
    const fake = { ...createFakeAdapter(), probe, ...(subscription === undefined ? {} : { subscription: subscription as Subscription }) };
    const definition: AdapterDefinition = {
      ...{ provider: 'fake', manifest: fake.manifest, settings: z.object({}) },
      async create(context) {
        await context.storage.put('seen', 'yes', { value: {} });
        expect(await context.storage.list('seen', undefined, 1)).toEqual([]);
        return fake;
      },
    };
    const settings = await parseConfiguration({ path: 'x', text: stringify(configuration()) }, { workingDir, env: {} });
    const connection = settings.connections[0] as (typeof settings.connections)[number];
    const parts = { settings, clock: systemClock, log: silentLog, random: systemRandom, origin: 'http://127.0.0.1:9' };
    const more = { derive: () => new Uint8Array(32), reportOnly, ended: new AbortController().signal };
    const found = await examineConnection(connection, definition, { ...parts, ...more });
    expect(fake.calls).toEqual([]);
    return found.map(({ state, check, hint = '' }) => `${state} ${check} ${hint}`.trim());
  }

  it('names the grant that is missing', async () => {
    expect(await examine(async () => granted)).toEqual([
      'ok reachable',
      'ok okta.users.read',
      'fault okta.users.manage grant okta.users.manage',
    ]);
  });

  it('for report-only asks for no permission to act, and is against one that is there', async () => {
    expect(await examine(async () => granted, true)).toEqual([
      'ok reachable',
      'ok okta.users.read',
      'ok okta.users.manage absent, as it should be',
    ]);
    const [reachable, read] = granted as [ProbeResult, ProbeResult];
    const reversed = [
      reachable,
      { ...read, ok: false, hint: 'grant okta.users.read' },
      { check: 'okta.users.manage', ok: true, for: 'write' as const },
    ];
    expect(await examine(async () => reversed, true)).toEqual([
      'ok reachable',
      'fault okta.users.read grant okta.users.read',
      'fault okta.users.manage this permission to act is there, and report-only needs none: take it away',
    ]);
  });

  it('that could not look at a permission says so, and is no fault for report-only', async () => {
    const unseen: ProbeResult[] = [{ check: 'okta.users.manage', ok: true, hint: 'not checked', for: 'write' }];
    expect(await examine(async () => unseen)).toEqual(['ok okta.users.manage not checked']);
    expect(await examine(async () => unseen, true)).toEqual(['doubt okta.users.manage not checked']);
  });

  it('tells the state of the subscription without touching it', async () => {
    const address = 'https://rescind.example.com/hooks/main';
    const standing = { id: 'who1', active: true, address, missing: [] };
    const status = (found: object) => ({ status: async () => ({ ...standing, ...found }) });
    const line = async (found: object) => (await examine(async () => [], false, status(found)))[0];
    expect(await line({})).toBe('ok subscription');
    expect(await line({ active: false, missing: ['a'] })).toBe(
      'doubt subscription deactivated, missingEvents: `rescind connection subscribe main` mends it',
    );
    expect(await line({ id: null })).toBe('doubt subscription there is none, events are polled for: `rescind connection subscribe main`');
  });

  it('that cannot be tried is a fault, told without what the provider said', async () => {
    const failing = async () => {
      throw new TypeError('secret-token in a message');
    };
    expect(await examine(failing)).toEqual(['fault reachable TypeError']);
  });
});

it('prints a line for each, and how many', async () => {
  const { exitCode, out } = await run(configuration({ connections: [] }), ['--for', 'report-only']);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^ok +process +database/m);
  expect(out).toMatch(/\n0 faults, \d+ doubts\n$/);
  expect((await run(configuration(), ['--for', 'nonsense'])).exitCode).toBe(2);
});
