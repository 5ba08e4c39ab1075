/** The sandbox's adapter against its stand-in and against the real provider half: the contract, and what is its own. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionOrder, Adapter } from '../../src/adapters/contract.ts';
import { createHttpClient } from '../../src/adapters/http.ts';
import { deriveAdminToken, sandbox, sandboxSettingsSchema } from '../../src/adapters/sandbox/index.ts';
import type { ActionType } from '../../src/model/action.ts';
import type { Log } from '../../src/model/log.ts';
import { createMemoryStorage } from '../fakes/memory-storage.ts';
import { type SandboxProviderStandIn, type StandInStanding, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createRealClock } from '../support/clock.ts';
import { describeAdapter } from './conformance.ts';
import { benchPeople, deriveSecret, enrol, openSandboxBench, signIn } from './sandbox-bench.ts';

function recordingLog(): Log & { text(): string } {
  const lines: string[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, event: string) => void lines.push(JSON.stringify({ ...fields, event }));
  return { info: write, warn: write, error: write, text: () => lines.join('\n') };
}

async function connect(
  standIn: SandboxProviderStandIn,
  given: { token?: string; log?: Log } = {},
): Promise<{ adapter: Adapter; close(): Promise<void> }> {
  const clock = createRealClock();
  const log = given.log ?? recordingLog();
  const http = createHttpClient({ allowPrivate: ['127.0.0.1'], clock, log });
  const adapter = await sandbox.create({
    connectionId: 'sandbox',
    settings: sandboxSettingsSchema.parse({ baseUrl: standIn.baseUrl, adminToken: given.token ?? standIn.token }),
    http,
    storage: createMemoryStorage(clock),
    clock,
    log,
    random: () => new Uint8Array(16),
    origin: 'http://127.0.0.1:1',
    secret: deriveSecret,
  });
  return { adapter, close: () => http.close() };
}

/** Whether an action on the person's standing is in force, by what the provider shows an administrator. */
function standsAsAsked(type: ActionType, { account, password, factor, stepUp }: StandInStanding): boolean {
  switch (type) {
    case 'account.suspend':
      return account.suspended;
    case 'account.disable':
      return account.disabled;
    case 'account.restore':
      return !account.suspended && !account.disabled;
    case 'password.expire':
      return password.mustChange;
    case 'mfa.reset':
      return !factor.enrolled;
    case 'mfa.require':
      return stepUp !== null;
    case 'mfa.lift':
      return stepUp === null;
    default:
      throw new Error(`${type} does not change a standing`);
  }
}

const givenPasswords = Object.fromEntries(benchPeople.map(({ id, password }) => [id, password]));

const lists: Readonly<Partial<Record<ActionType, string>>> = {
  'session.revoke': 'sessions',
  'token.revoke': 'tokens',
  'grant.revoke': 'grants',
};

describeAdapter('sandbox, with a stand-in,', sandbox, async () => {
  const standIn = await startSandboxProvider({ people: ['alice', 'bob'] });
  const log = recordingLog();
  const connection = await connect(standIn, { log });
  return {
    adapter: connection.adapter,
    accounts: { present: 'alice', other: 'bob', absent: 'nobody' },
    logged: log.text,
    secrets: [standIn.token],
    async give(type, account) {
      switch (type) {
        case 'account.suspend':
        case 'account.disable':
          return standIn.hold(account, { suspended: false, disabled: false });
        case 'account.restore':
          return standIn.hold(account, { suspended: true });
        case 'password.expire':
          return standIn.set(account, { password: { mustChange: false, setAt: Date.now() } });
        case 'mfa.reset':
          return standIn.set(account, { factor: { enrolled: true, enrolledAt: Date.now() } });
        case 'mfa.require':
          return standIn.set(account, { stepUp: null });
        case 'mfa.lift':
          return standIn.set(account, { stepUp: { since: Date.now(), until: null } });
        default:
          standIn.signIn(account);
      }
    },
    async inForce(type, account) {
      const standing = standIn.standing(account);
      const left = {
        'session.revoke': standIn.sessions(account).length,
        'token.revoke': standIn.tokens(account),
        'grant.revoke': standIn.grants(account),
      }[type as string];
      return left === undefined ? standsAsAsked(type, standing) : left === 0;
    },
    effects: standIn.effects,
    inject: (fault, writesOnly) => standIn.inject({ ...fault, on: writesOnly ? 'write' : 'all' }),
    heal: standIn.heal,
    hanging: standIn.hanging,
    abandoned: standIn.abandoned,
    async close() {
      await connection.close();
      await standIn.close();
    },
  };
});

describeAdapter(
  'sandbox, with its own provider,',
  sandbox,
  async () => {
    const bench = await openSandboxBench();
    return {
      adapter: bench.adapter,
      accounts: { present: 'alice', other: 'bob', absent: 'nobody' },
      logged: () => '',
      secrets: [deriveAdminToken(deriveSecret)],
      give: async (type, account) => {
        const person = { id: account, email: `${account}@example.com`, name: account, password: givenPasswords[account] ?? '' };
        const post = (path: string, body: object = {}) => bench.admin('POST', `/people/${account}/${path}`, { key: randomUUID(), ...body });
        switch (type) {
          case 'account.suspend':
          case 'account.disable':
            return void (await bench.admin('PATCH', `/people/${account}`, { status: 'active' }));
          case 'account.restore':
            return void (await bench.admin('PATCH', `/people/${account}`, { status: 'suspended' }));
          case 'password.expire':
            return void (await bench.admin('PATCH', `/people/${account}`, { password: `another ${randomUUID()}` }));
          case 'mfa.reset':
            return void (await enrol(bench, person));
          case 'mfa.require':
            return void (await post('mfa/lift'));
          case 'mfa.lift':
            return void (await post('mfa/require', { before: new Date().toISOString() }));
          default:
            await signIn(bench, person);
        }
      },
      inForce: async (type, account) => {
        const { body } = await bench.admin('GET', `/people/${account}/access`);
        const list = lists[type];
        if (list === undefined) return standsAsAsked(type, body as unknown as StandInStanding);
        return (body[list] as unknown[]).length === 0;
      },
      close: () => bench.close(),
    };
  },
  { faults: 'the provider has no faults to inject', retryAfter: 'it sets no limits', hang: 'it does not hang' },
);

describe('the sandbox adapter', () => {
  let standIn: SandboxProviderStandIn;
  let connection: Awaited<ReturnType<typeof connect>>;
  beforeEach(async () => {
    standIn = await startSandboxProvider({ people: ['alice', 'bob'] });
    connection = await connect(standIn);
  });
  afterEach(async () => {
    await connection.close();
    await standIn.close();
  });

  const order = (given: Partial<ActionOrder>): ActionOrder => ({
    idempotencyKey: 'k1',
    type: 'session.revoke',
    account: 'alice',
    parameters: {},
    intendedAt: Date.now(),
    signal: AbortSignal.timeout(15_000),
    ...given,
  });

  test.each([
    ['one session', (s: { id: string; deviceId: string }) => ({ scope: 'one', sessionId: s.id })],
    ['the sessions of one device', (s: { id: string; deviceId: string }) => ({ scope: 'one', deviceId: s.deviceId })],
    [
      'the session on the device, where both are named',
      (s: { id: string; deviceId: string }) => ({ scope: 'one', sessionId: s.id, deviceId: s.deviceId }),
    ],
    ['what is named, where the scope is left out', (s: { id: string; deviceId: string }) => ({ sessionId: s.id })],
  ])('scope one ends %s and nothing else', async (_name, parameters) => {
    const meant = standIn.signIn('alice', { deviceId: 'laptop' });
    const other = standIn.signIn('alice', { deviceId: 'phone' });
    const given = order({ parameters: parameters(meant) });
    expect(await connection.adapter.act(given)).toEqual({ outcome: 'done', affected: 1 });
    expect(standIn.sessions('alice')).toEqual([other]);
    expect((await connection.adapter.readBack(given)).inForce).toBe(true);
    expect((await connection.adapter.readBack(order({}))).inForce).toBe(false);
  });

  test('a session and a device that do not belong together end nothing: they are an intersection (SSF section 3.3)', async () => {
    const meant = standIn.signIn('alice', { deviceId: 'laptop' });
    standIn.signIn('alice', { deviceId: 'phone' });
    const parameters = { scope: 'one', sessionId: meant.id, deviceId: 'phone' };
    expect(await connection.adapter.act(order({ parameters }))).toEqual({ outcome: 'already' });
    expect(standIn.sessions('alice')).toHaveLength(2);
  });

  test.each([
    ['scope one without a name', 'session.revoke', { scope: 'one' }, 'parameterMissing'],
    ['a scope that is not known', 'session.revoke', { scope: 'some' }, 'parameterInvalid'],
    ['one session of tokens', 'token.revoke', { scope: 'one', sessionId: 's' }, 'parameterUnsupported'],
  ] as const)('%s is refused and never widened to the person', async (_name, type, parameters, code) => {
    standIn.signIn('alice');
    expect(await connection.adapter.act(order({ type, parameters }))).toEqual({ outcome: 'refused', code });
    expect(standIn.calls).toHaveLength(0);
    expect(standIn.sessions('alice')).toHaveLength(1);
  });

  test('ending sessions says how long the tokens that they left behind live on', async () => {
    standIn.signIn('alice');
    const given = order({});
    await connection.adapter.act(given);
    const state = await connection.adapter.readBack(given);
    expect(state.inForce).toBe(true);
    if (state.inForce) {
      expect(state.residualAccessMs).toBeGreaterThan(86_390_000);
      expect(state.residualAccessMs).toBeLessThanOrEqual(86_400_000);
    }
    const tokens = order({ type: 'token.revoke', idempotencyKey: 'k2' });
    await connection.adapter.act(tokens);
    expect(await connection.adapter.readBack(tokens)).toEqual({ inForce: true, residualAccessMs: 0 });
    expect(await connection.adapter.readBack(given)).toEqual({ inForce: true, residualAccessMs: 0 });
  });

  test('a session that began after the order is not ended by it, however late the order arrives', async () => {
    const intendedAt = Date.now() - 60_000;
    standIn.signIn('alice', { begunAt: intendedAt - 1 });
    const later = standIn.signIn('alice', { begunAt: intendedAt + 1 });
    const given = order({ intendedAt });
    expect(await connection.adapter.act(given)).toEqual({ outcome: 'done', affected: 1 });
    expect(standIn.sessions('alice')).toEqual([later]);
    expect((await connection.adapter.readBack(given)).inForce).toBe(true);
  });

  test('a key that was used for another order is refused as a conflict', async () => {
    await connection.adapter.act(order({}));
    expect(await connection.adapter.act(order({ account: 'bob' }))).toEqual({ outcome: 'refused', code: 'conflict' });
  });

  test('two holds come and go apart: undoing one leaves the account closed by the other', async () => {
    const act = (type: ActionOrder['type'], key: string, parameters = {}) =>
      connection.adapter.act(order({ type, idempotencyKey: key, parameters }));
    await act('account.suspend', 'k1');
    await act('account.disable', 'k2');
    const undo = order({ type: 'account.restore', idempotencyKey: 'k3', parameters: { undoes: 'account.suspend' } });
    expect(await connection.adapter.act(undo)).toEqual({ outcome: 'done', affected: 1 });
    expect((await connection.adapter.readBack(undo)).inForce).toBe(true);
    expect(standIn.account('alice')).toEqual({ suspended: false, disabled: true });
    expect((await connection.adapter.readBack(order({ type: 'account.restore' }))).inForce).toBe(false);
    expect(await act('account.restore', 'k4', { undoes: 'mfa.require' })).toEqual({ outcome: 'refused', code: 'parameterInvalid' });
    expect(await act('account.restore', 'k5')).toEqual({ outcome: 'done', affected: 1 });
    expect(standIn.account('alice')).toEqual({ suspended: false, disabled: false });
  });

  test('an account with characters that mean something in a path stays one segment', async () => {
    standIn.addPerson('a/../bob');
    standIn.signIn('a/../bob');
    standIn.signIn('bob');
    expect((await connection.adapter.act(order({ account: 'a/../bob' }))).outcome).toBe('done');
    expect(standIn.sessions('bob')).toHaveLength(1);
  });

  test('a provider that is not there is failed, not unknown: nothing was sent', async () => {
    await standIn.close();
    expect(await connection.adapter.act(order({}))).toEqual({ outcome: 'failed', code: 'refused' });
    expect(await connection.adapter.readBack(order({}))).toEqual({ inForce: null, code: 'refused' });
  });

  test('a probe names what is wrong: credentials, issuer, reachability', async () => {
    const wrong = await connect(standIn, { token: 'not-the-right-token' });
    expect(await wrong.adapter.probe(AbortSignal.timeout(5_000))).toEqual([
      { check: 'reachable', ok: true },
      { check: 'admin', ok: false, hint: 'the admin API answered: unauthorised' },
    ]);
    await wrong.close();
    standIn.inject({ kind: 'status', status: 503 });
    expect((await connection.adapter.probe(AbortSignal.timeout(5_000))).map(({ ok }) => ok)).toEqual([false, false]);
  });

  test('a list of people that breaks off is an error, never a short list', async () => {
    standIn.inject({ kind: 'cutAfter', on: 'read' });
    const read = async () => {
      for await (const page of connection.adapter.people?.(AbortSignal.timeout(5_000)) ?? []) void page;
    };
    await expect(read()).rejects.toThrow('the sandbox did not list its people: cut');
  });

  test('more people than a page holds are all listed', async () => {
    for (let n = 0; n < 1_201; n++) standIn.addPerson(`p${n}`);
    const sizes: number[] = [];
    for await (const page of connection.adapter.people?.(AbortSignal.timeout(5_000)) ?? []) sizes.push(page.length);
    expect(sizes).toEqual([500, 500, 203]);
  });

  test('the stand-in runs as a process of its own and is driven over HTTP', async () => {
    const file = join(import.meta.dirname, '../fakes/sandbox-provider.ts');
    const child = spawn(process.execPath, [file, '--port', '0', '--people', '2'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const { baseUrl, controlUrl, token } = JSON.parse(line) as { baseUrl: string; controlUrl: string; token: string };
      const remote = await connect({ ...standIn, baseUrl, token });
      const post = { method: 'POST', body: JSON.stringify({ people: ['p1'] }) };
      expect((await fetch(`${controlUrl}/sign-ins`, post)).status).toBe(200);
      expect(await remote.adapter.act(order({ account: 'p1' }))).toEqual({ outcome: 'done', affected: 1 });
      const state = (await (await fetch(`${controlUrl}/state`)).json()) as { effects: number; calls: number };
      expect(state).toMatchObject({ effects: 1, calls: 1 });
      await remote.close();
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });
});
