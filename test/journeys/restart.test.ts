/** The whole service on a data folder of its own: killed and started again, alone and with its database, and twice at once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyLedger } from '../../src/ledger/verifier/verify.ts';
import { lockHolder } from '../../src/store/postmaster.ts';
import { type SandboxProviderStandIn, startSandboxProvider } from '../fakes/sandbox-provider.ts';
import { createTransmitter, type FakeTransmitter } from '../fakes/transmitter.ts';
import { until } from '../fault/world.ts';
import { makeServerFolder } from '../support/database.ts';

const token = 'restart-admin';
const audience = 'https://rescind.test.example';
const headers = { authorization: `Bearer ${token}` };
const folder = makeServerFolder();
const dataDir = join(folder, 'data');
const file = join(folder, 'rescind.yaml');
const children = new Set<ChildProcess>();
let provider: SandboxProviderStandIn;
let transmitter: FakeTransmitter;

beforeAll(async () => {
  provider = await startSandboxProvider({ people: ['ann', 'ben', 'cid'] });
  transmitter = await createTransmitter({ audience });
  const configuration = {
    listen: { host: '127.0.0.1', port: 0 },
    dataDir,
    log: { level: 'warn' },
    policies: join(import.meta.dirname, '../../policies'),
    enforcement: { connections: { sandbox: { mode: 'enforce', maxRung: 6 } } },
    overrides: { 'RP-017': 'enforce' },
    connections: [{ id: 'sandbox', provider: 'sandbox', baseUrl: provider.baseUrl, adminToken: provider.token }],
    transmitters: [{ id: 'partner', issuer: transmitter.issuer, jwksUri: transmitter.jwksUri, audience }],
    operators: { tokens: [{ name: 'test', sha256: createHash('sha256').update(token).digest('hex'), roles: ['admin'] }] },
    identities: ['ann', 'ben', 'cid'].map((id) => ({ id, emails: [`${id}@example.com`], accounts: [{ connection: 'sandbox', id }] })),
    network: { allowPrivate: ['127.0.0.0/8'] },
  };
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 });
});

afterAll(async () => {
  for (const child of children) await end(child, 'SIGKILL');
  await killDatabase();
  await provider?.close();
  await transmitter?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

type Start = { readonly origin: string; readonly child: ChildProcess } | { readonly refused: string; readonly code: number | null };

function begin(): Promise<Start> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../fault/service.ts'), file], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve) => {
    child.stdout?.once('data', (chunk) => resolve({ origin: (JSON.parse(String(chunk)) as { origin: string }).origin, child }));
    child.once('close', (code) => resolve({ refused: errors, code }));
  });
}

async function started(): Promise<{ readonly origin: string; readonly child: ChildProcess }> {
  const start = await begin();
  if ('refused' in start) throw new Error(start.refused);
  return start;
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

async function databasePid(): Promise<number | undefined> {
  const holder = await lockHolder(join(dataDir, 'pg', 'postmaster.pid'), join(dataDir, 'pg'));
  return holder.kind === 'server' ? holder.pid : undefined;
}

async function killDatabase(): Promise<void> {
  const pid = await databasePid();
  if (pid === undefined) return;
  process.kill(pid, 'SIGKILL');
  await until('the end of the database', async () => ((await databasePid()) === undefined ? true : undefined));
}

async function push(origin: string, person: string): Promise<void> {
  provider.signIn(person);
  const claims = transmitter.claims(
    'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    { initiating_entity: 'policy' },
    { sub_id: { format: 'email', email: `${person}@example.com` } },
  );
  const response = await fetch(`${origin}/ssf/events/partner`, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt' },
    body: await transmitter.sign(claims),
  });
  expect(response.status).toBe(202);
}

const get = async (origin: string, path: string) =>
  (await fetch(`${origin}${path}`, { headers })).json() as Promise<{ items: { id: string; state?: string }[] }>;

interface Records {
  readonly decisions: readonly string[];
  readonly identities: readonly string[];
  readonly keys: unknown;
  readonly checkpoint: string;
}

/** What must be there again; waits until all that was released has come to its end. */
async function records(origin: string): Promise<Records> {
  await until('the plans', async () => {
    const { items } = await get(origin, '/api/v1/plans');
    return items.every(({ state }) => state === 'done') ? true : undefined;
  });
  const ids = async (path: string) => (await get(origin, path)).items.map(({ id }) => id).sort();
  return {
    decisions: await ids('/api/v1/decisions'),
    identities: await ids('/api/v1/identities'),
    keys: (await get(origin, '/api/v1/ledger/keys')).items,
    checkpoint: await (await fetch(`${origin}/api/v1/ledger/checkpoint`, { headers })).text(),
  };
}

/** The log as it is now continues the one that was kept. */
async function verify(origin: string, kept: Records): Promise<void> {
  const read = async (path: string) => {
    const response = await fetch(`${origin}/api/v1/ledger/${path}`, { headers });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  };
  const verdict = await verifyLedger({ read }, { verifierKeys: kept.keys as string[], kept: kept.checkpoint });
  expect(verdict).toMatchObject({ ok: true, faults: [] });
}

it('killed alone, it takes its database over and has the same data', { timeout: 90_000 }, async () => {
  const first = await started();
  await push(first.origin, 'ann');
  const before = await records(first.origin);
  const pid = await databasePid();
  await end(first.child, 'SIGKILL');
  expect(await databasePid()).toBe(pid);

  const second = await started();
  expect(await databasePid()).toBe(pid);
  const after = await records(second.origin);
  expect(after).toMatchObject({ decisions: before.decisions, identities: before.identities, keys: before.keys });
  await verify(second.origin, before);
  await push(second.origin, 'ben');
  expect((await records(second.origin)).decisions.length).toBe(2);
  await end(second.child, 'SIGTERM');
  expect(await databasePid()).toBeUndefined();
});

it('killed together with its database, it has the same data and needs no hand', { timeout: 90_000 }, async () => {
  const first = await started();
  await push(first.origin, 'cid');
  const before = await records(first.origin);
  expect(before.decisions.length).toBe(3);
  await end(first.child, 'SIGKILL');
  await killDatabase();

  const second = await started();
  expect(await records(second.origin)).toMatchObject({ decisions: before.decisions, identities: before.identities, keys: before.keys });
  await verify(second.origin, before);
  await end(second.child, 'SIGTERM');
});

it('of two starts at once, one serves and the other is told who holds the folder', { timeout: 90_000 }, async () => {
  const both = await Promise.all([begin(), begin()]);
  const [winner, ...others] = both.filter((start) => 'origin' in start);
  expect(others).toEqual([]);
  const loser = both.find((start) => 'refused' in start);
  expect(loser?.code).not.toBe(0);
  expect(loser?.refused).toContain(`in use by process ${winner?.child.pid}`);
  expect((await records(winner?.origin as string)).decisions.length).toBe(3);
  await end(winner?.child as ChildProcess, 'SIGTERM');
});
