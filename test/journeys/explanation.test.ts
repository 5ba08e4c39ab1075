/** Explanations of a running service, over HTTP and by the command line. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import type { DecisionExplanation, IdentityExplanation } from '../../src/server/explanation-schemas.ts';
import { adminToken, type FaultWorld, openWorld, type Service } from '../fault/world.ts';
import { testDatabase } from '../support/database.ts';

const headers = { authorization: `Bearer ${adminToken}` };
const folder = mkdtempSync(join(tmpdir(), 'rescind-explain-'));

let world: FaultWorld;
let service: Service;
let decisionId: string;
beforeAll(async () => {
  world = await openWorld(await testDatabase(), 3);
  service = await world.start();
  world.provider.signIn('person-0');
  const claims = world.transmitter.claims(
    'https://schemas.openid.net/secevent/caep/event-type/risk-level-change',
    { principal: 'USER', current_level: 'HIGH' },
    { sub_id: { format: 'email', email: 'person-0@example.com' } },
  );
  expect(await world.push(service.origin, await world.transmitter.sign(claims))).toBe(202);
  decisionId = (await get<{ items: { id: string }[] }>('/api/v1/decisions')).items[0]?.id ?? '';
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = async <T>(path: string) => (await fetch(`${service.origin}${path}`, { headers })).json() as Promise<T>;

async function rescind(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const context = {
    console: { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text), tty: false },
    env: { RESCIND_URL: service.origin, RESCIND_TOKEN: adminToken },
    workingDir: folder,
    programDir: folder,
    ended: new AbortController().signal,
    version: 'test',
  };
  return { code: await runProgram(args, context), out: out.join(''), err: err.join('') };
}

describe('a decision explained', () => {
  it('shows the policy that was asked, each clause with its value, the limits, the actions and the points', async () => {
    const { same, explained } = await get<DecisionExplanation>(`/api/v1/decisions/${decisionId}/explanation`);
    expect(same).toBe(true);
    const partner = explained?.candidates.find(({ policyId }) => policyId === 'RP-017');
    expect(partner).toMatchObject({ step: 'stepUp', reasons: [{ code: 'matched' }] });
    const clauses = partner?.clauses ?? [];
    expect(clauses.length).toBeGreaterThan(1);
    expect(clauses.map(({ value }) => value)).toEqual(expect.arrayContaining(['true', 'false']));
    expect(clauses.some(({ step }) => step !== undefined)).toBe(true);
    expect(explained?.plans).toMatchObject([{ connection: 'sandbox', state: 'released', heldFor: null }]);
    // A transmitter of the first day is believed by half.
    expect(explained?.risk?.items).toMatchObject([{ signalType: 'caep_risk_high', confidence: 0.5, counts: true }]);
    expect(explained?.risk?.items[0]?.points).toBeCloseTo(explained?.risk?.score as number, 9);
  });

  it('shows how far each limit was used up where something was released', async () => {
    expect(await world.push(service.origin, await world.sign('person-1'))).toBe(202);
    const { items } = await get<{ items: { id: string; outcome: string }[] }>('/api/v1/decisions');
    const { explained } = await get<DecisionExplanation>(`/api/v1/decisions/${items[0]?.id}/explanation`);
    expect(explained?.plans).toMatchObject([{ connection: 'sandbox', state: 'released', heldFor: null }]);
    const counters = explained?.counters ?? [];
    for (const { used } of counters) expect(used).toBeTypeOf('number');
    // The person of the story before.
    const people = counters.filter(({ scope }) => scope.startsWith('people'));
    expect(people.length).toBeGreaterThan(0);
    for (const { used } of people) expect(used).toBe(1);
  });

  it('is told by the command line, which exits 0', async () => {
    const { code, out } = await rescind('decision', 'explain', decisionId);
    expect(code).toBe(0);
    expect(out).toContain('same: it comes out byte for byte');
    expect(out).toMatch(/RP-017 version \d+: matched, step \w+/);
    expect(out).toMatch(/^ {2}true {5}/m);
    expect(out).toContain('plan at sandbox: released (mfa.require)');
    expect(JSON.parse((await rescind('decision', 'explain', decisionId, '--json')).out)).toMatchObject({ id: decisionId, same: true });
  });
});

describe('a person explained', () => {
  it('is told by the command line, with the signal of each point, and drawn into a file', async () => {
    const { code, out } = await rescind('identity', 'explain', 'person-0', '--svg', 'curve.svg');
    expect(code).toBe(0);
    expect(out).toMatch(/^score [\d.]+ \(base [\d.]+\), level medium, held medium$/m);
    const { items } = await get<{ items: { id: string; type: string }[] }>('/api/v1/signals');
    expect(out).toContain(items.find(({ type }) => type === 'caep_risk_high')?.id);
    expect(out).toContain('lower level: ');
    expect(readFileSync(join(folder, 'curve.svg'), 'utf8')).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>\n$/s);
  });

  it('knows then what the decision knew, and now what has come since of an earlier time', async () => {
    const before = await get<{ decidedAt: string }>(`/api/v1/decisions/${decisionId}`);
    const hourAgo = Math.floor(Date.parse(before.decidedAt) / 1000) - 3600;
    const late = world.transmitter.claims(
      'https://schemas.openid.net/secevent/risc/event-type/credential-compromise',
      { credential_type: 'password', event_timestamp: hourAgo },
      { sub_id: { format: 'email', email: 'person-0@example.com' } },
    );
    expect(await world.push(service.origin, await world.transmitter.sign(late))).toBe(202);
    const explained = async (as: string) => {
      const { out } = await rescind('identity', 'explain', 'person-0', '--at', before.decidedAt, '--as', as, '--json');
      return JSON.parse(out) as IdentityExplanation;
    };
    const types = ({ items }: IdentityExplanation) => items.map(({ signalType }) => signalType).sort();
    const then = await explained('known-then');
    expect([types(then), then.decision?.id]).toEqual([['caep_risk_high'], decisionId]);
    const now = await explained('known-now');
    expect([types(now), now.decision]).toEqual([['caep_risk_high', 'leaked_credentials'], null]);
    expect(now.score).toBeGreaterThan(then.score);
  });

  it('is refused where the words are wrong, and not found where there is nobody', async () => {
    expect((await rescind('identity', 'explain', 'person-0', '--as', 'guessed')).code).toBe(2);
    expect((await rescind('identity', 'explain', 'person-0', '--at', 'noon')).code).not.toBe(0);
    const nobody = await rescind('identity', 'explain', 'nobody');
    expect([nobody.code === 0, nobody.out]).toEqual([false, '']);
  });
});

describe('what cannot be made again', () => {
  it('is not explained: a decision of another engine is said to be that, and the command exits 1', async () => {
    await world.database.store.query(`update ledger_entry set core = regexp_replace(core, '"engine":[0-9]+', '"engine":0') where id = $1`, [
      decisionId,
    ]);
    expect(await get(`/api/v1/decisions/${decisionId}/explanation`)).toMatchObject({ same: false, engine: { stored: 0 }, explained: null });
    const { code, out } = await rescind('decision', 'explain', decisionId);
    expect([code, out]).toEqual([1, expect.stringContaining('engine: decided by 0')]);
  });

  it('is not opened once the person is erased', async () => {
    await world.database.store.query(
      `delete from person_key where identity_id in (select identity_id from identity_alias where alias = 'person-0')`,
    );
    const { status } = await fetch(`${service.origin}/api/v1/decisions/${decisionId}/explanation`, { headers });
    expect(status).toBe(404);
    const then = await fetch(`${service.origin}/api/v1/identities/person-0/explanation?as=known-then`, { headers });
    expect(then.status).toBe(404);
  });
});
