import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineNumber } from '../../src/model/decision.ts';
import { adminToken, type FaultWorld, openWorld, type Service, until } from '../fault/world.ts';
import { testDatabase } from '../support/database.ts';

const headers = { authorization: `Bearer ${adminToken}` };
const policies = mkdtempSync(join(tmpdir(), 'rescind-policies-'));
cpSync(join(import.meta.dirname, '../../policies'), policies, { recursive: true });

let world: FaultWorld;
let service: Service;
let decisionId: string;
beforeAll(async () => {
  world = await openWorld(await testDatabase(), 3, { policies });
  service = await world.start();
  world.provider.signIn('person-0');
  const claims = world.transmitter.claims(
    'https://schemas.openid.net/secevent/caep/event-type/risk-level-change',
    { principal: 'USER', current_level: 'HIGH' },
    { sub_id: { format: 'email', email: 'person-0@example.com' } },
  );
  expect(await world.push(service.origin, await world.transmitter.sign(claims))).toBe(202);
  decisionId = ((await get('/api/v1/decisions')) as { items: { id: string }[] }).items[0]?.id ?? '';
});
afterAll(async () => {
  await world?.close();
  rmSync(policies, { recursive: true, force: true });
});

const get = async (path: string) => (await fetch(`${service.origin}${path}`, { headers })).json() as Promise<Record<string, unknown>>;

describe('a decision replayed', () => {
  it('after a restart comes out the same, byte for byte', async () => {
    await service.stop();
    service = await world.start();
    const replay = await get(`/api/v1/decisions/${decisionId}/replay`);
    expect(replay).toMatchObject({ same: true, differences: [], changes: [] });
    expect(await get(`/api/v1/decisions/${decisionId}`)).toMatchObject({
      level: 'medium',
      policyId: 'RP-017',
      bundleHash: (replay['bundle'] as { stored: string }).stored,
    });
  });

  it('under changed policies names the threshold that changed and what comes out otherwise', async () => {
    const path = join(policies, 'risk.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('medium: { enter: 40, leave: 30 }', 'medium: { enter: 58, leave: 30 }'));
    await until('the new policies', async () => {
      const { bundle } = (await get(`/api/v1/decisions/${decisionId}/replay?bundle=active`)) as {
        bundle: { stored: string; used: string };
      };
      return bundle.stored === bundle.used ? undefined : true;
    });
    const replay = await get(`/api/v1/decisions/${decisionId}/replay?bundle=active`);
    expect(replay['changes']).toEqual([{ path: 'risk.yaml: levels.medium.enter', before: 40, after: 58 }]);
    expect(replay['same']).toBe(false);
    expect(replay['differences']).toContainEqual({ path: 'level', stored: 'medium', replayed: 'low' });
    expect(await get(`/api/v1/decisions/${decisionId}/replay`)).toMatchObject({ same: true });
  });

  it('by another engine is said to be that', async () => {
    await world.database.store.query(`update ledger_entry set core = replace(core, $2, '"engine":0') where id = $1`, [
      decisionId,
      `"engine":${engineNumber}`,
    ]);
    expect(await get(`/api/v1/decisions/${decisionId}/replay`)).toMatchObject({
      same: false,
      engine: { stored: 0, running: engineNumber },
      differences: [],
    });
  });
});
