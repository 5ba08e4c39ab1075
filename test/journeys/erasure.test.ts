import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyTlogProof } from '../../src/ledger/verifier/verify.ts';
import { check } from '../fault/checker.ts';
import { adminToken, type FaultWorld, openWorld, type Service, until } from '../fault/world.ts';
import { testDatabase } from '../support/database.ts';

const headers = { authorization: `Bearer ${adminToken}` };
const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
const person = 'person-0';
const secrets = [
  `${person}@example.com`,
  person,
  'session-of-zero-4711',
  'laptop-of-zero-0815',
  '203.0.113.77',
  'Zero was seen in a strange place',
];

let world: FaultWorld;
let service: Service;
let proofs: readonly { readonly id: string; readonly text: string }[];
beforeAll(async () => {
  world = await openWorld(await testDatabase(), 4);
  service = await world.start();
  world.provider.signIn(person);
  const user = { format: 'email', email: secrets[0] };
  const subjects = [
    { sub_id: user },
    { sub_id: { format: 'complex', user, session: { format: 'opaque', id: secrets[2] } } },
    { sub_id: { format: 'complex', user, device: { format: 'opaque', id: secrets[3] } } },
  ];
  for (const more of subjects) {
    const token = await world.transmitter.sign(
      world.transmitter.claims(
        `${caep}session-revoked`,
        { initiating_entity: 'policy', reason_admin: { en: secrets[5] }, ips: [secrets[4]] },
        more,
      ),
    );
    expect(await world.push(service.origin, token)).toBe(202);
  }
  const risky = world.transmitter.claims(
    `${caep}risk-level-change`,
    { principal: 'USER', current_level: 'HIGH', risk_reason: secrets[5] },
    subjects[0],
  );
  expect(await world.push(service.origin, await world.transmitter.sign(risky))).toBe(202);
  await until('the plans', async () => ((await query(`select 1 from plan where state = 'released'`)).length === 0 ? true : undefined));
  proofs = await readProofs();
});
afterAll(() => world?.close());

const query = async (text: string, values: unknown[] = []) =>
  (await world.database.store.query<Record<string, unknown>>(text, values)).rows;

async function readProofs() {
  const { items } = (await (await fetch(`${service.origin}/api/v1/decisions`, { headers })).json()) as { items: { id: string }[] };
  return Promise.all(
    items.map(async ({ id }) => ({ id, text: await (await fetch(`${service.origin}/api/v1/decisions/${id}/proof`, { headers })).text() })),
  );
}

/** Every row of every table as text, but for what the provider keeps. */
async function dump(): Promise<string> {
  const tables = await query(
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname in ('public', 'pgboss') and c.relname <> 'adapter_record'`,
  );
  const parts = await Promise.all(
    tables.map(async ({ name }) => (await query(`select t::text as row from ${String(name)} t`)).map(({ row }) => String(row)).join('\n')),
  );
  return parts.join('\n');
}

/** How a text may stand inside another: in clear, and in base64 at each of the three places where its bytes may begin; all that in hex too. */
function forms(secret: string): readonly string[] {
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    // Only characters that hold nothing but the secret's own bits.
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((bytes.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((encoding) => bytes.toString(encoding).slice(from, to));
  });
  const clear = [secret, ...inBase64];
  return [...clear, ...clear.map((form) => Buffer.from(form).toString('hex'))];
}

function traces(text: string): readonly string[] {
  return secrets.filter((secret) => forms(secret).some((form) => text.includes(form)));
}

describe('erasing a person', () => {
  it.each([0, 1, 2])('is looked for by a scan that finds what is planted, %i bytes into a text', (before) => {
    const [, , session = ''] = secrets;
    const text = `${'x'.repeat(before)}{"sub":"${session}"}`;
    for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const)
      expect(traces(Buffer.from(text).toString(encoding))).toEqual([session]);
    expect(traces(Buffer.from(Buffer.from(text).toString('base64')).toString('hex'))).toEqual([session]);
  });

  it('before: names stand only in the rows that name people', async () => {
    expect(traces(await dump())).toContain(secrets[0]);
    expect(proofs.length).toBe(4);
  });

  it('is deleting the rows that name the person, and the key; then nothing of the person is found anywhere', async () => {
    const [identity] = await query('select identity_id as id from account where external_id = $1', [person]);
    await world.database.store.transaction(async (tx) => {
      for (const table of ['identity_alias', 'identifier', 'account', 'person_key'])
        await tx.query(`delete from ${table} where identity_id = $1`, [identity?.['id']]);
    });
    expect((await query('select 1 from signal where identity_id = $1', [identity?.['id']])).length).toBe(4);
    expect(traces(await dump())).toEqual([]);
  });

  it('leaves every proof valid, those from before and those made now, and the whole log', async () => {
    const { items } = (await (await fetch(`${service.origin}/api/v1/ledger/keys`, { headers })).json()) as { items: string[] };
    for (const { text } of [...proofs, ...(await readProofs())]) expect(verifyTlogProof(text, items)).toMatchObject({ ok: true });
    expect(await check(world, new Map(), service.origin)).toMatchObject({ ledger: [], gaps: 0 });
  });

  it('leaves a decision that can be listed and no longer replayed', async () => {
    const [{ id } = { id: '' }] = proofs;
    expect((await fetch(`${service.origin}/api/v1/decisions/${id}`, { headers })).status).toBe(200);
    expect((await fetch(`${service.origin}/api/v1/decisions/${id}/replay`, { headers })).status).toBe(404);
  });
});
