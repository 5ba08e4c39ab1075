import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityId } from '../../src/model/ids.ts';
import { mergeEvidence, parseEvidence, serialiseEvidence } from '../../src/risk/index.ts';
import type { Caller } from '../../src/server/index.ts';
import { mergeIdentities } from '../../src/store/identity-merge.ts';
import { until } from '../fault/world.ts';
import { openPeopleWorld, type PeopleProcess, type PeopleWorld } from './people-world.ts';

const admin: Caller = { name: 'ada', roles: ['admin'] };
const email = (id: string) => ({ format: 'email', email: `${id}@example.com` });
const alias = (id: string) => ({ format: 'opaque', id });
const person = (id: string, more: object = {}) => ({
  id,
  emails: [`${id}@example.com`],
  accounts: [{ connection: 'sandbox', id }],
  ...more,
});

let world: PeopleWorld;
let service: PeopleProcess;
beforeAll(async () => {
  world = await openPeopleWorld(['anna', 'ann', 'annie', 'bert', 'bertie', 'carl', 'cara', 'dora', 'dodo']);
  service = await world.start([
    person('anna', { groups: ['a'] }),
    person('ann', { protected: true, privileged: true, groups: ['b'] }),
    person('annie'),
    person('bert'),
    person('bertie'),
    person('carl'),
    person('cara'),
  ]);
});
afterAll(() => world?.close());

const idOf = async (name: string) =>
  (await world.query('select identity_id as id from identity_alias where alias = $1', [name]))[0]?.['id'] as IdentityId;
const rowOf = async (id: string) => (await world.query('select * from identity where id = $1', [id]))[0] as Record<string, unknown>;
const evidenceOf = async (id: string) => String((await rowOf(id))['evidence']);
const merge = (id: string, into: string) => service.parts.merge(id, into, 'the same badge', admin);
const shown = async (id: string) => (await service.parts.records.identities.get(id, {}, admin)) as Record<string, unknown>;

describe('merging two people', () => {
  let anna: IdentityId;
  let ann: IdentityId;
  let united: string;
  beforeAll(async () => {
    [anna, ann] = [await idOf('anna'), await idOf('ann')];
    await service.signal(email('anna'), 'anomalous_token');
    await service.signal(email('ann'), 'mfa_fatigue');
    await service.signal(email('ann'), 'aitm_phishing');
    const { risk } = service.core.judging.state().bundle;
    const [one, other] = [parseEvidence(await evidenceOf(anna)), parseEvidence(await evidenceOf(ann))];
    united = serialiseEvidence(mergeEvidence(one, other, risk));
  });

  it('unites evidence, accounts, names and what is said of either, and takes the stricter word', async () => {
    const heldBefore = (await rowOf(ann))['held_level'];
    expect(await merge(ann, anna)).toEqual({ id: anna, repeated: false });
    expect(await rowOf(anna)).toMatchObject({
      evidence: united,
      held_level: heldBefore,
      protected: true,
      tier: 'standing',
      groups: ['a', 'b'],
    });
    expect(await rowOf(ann)).toMatchObject({ merged_into: anna, evidence: '', held_level: 'none', protected: false });
    expect(await world.query('select 1 from account where identity_id = $1', [anna])).toHaveLength(2);
    for (const table of ['account', 'identifier', 'identity_alias'])
      expect(await world.query(`select 1 from ${table} where identity_id = $1`, [ann])).toEqual([]);
  });

  it('writes one line that names nobody but by id, and seals the reason', async () => {
    const lines = await world.query(`select core, sealed_for from ledger_entry where type = 'identity.merged'`);
    expect(lines.map((line) => line['sealed_for'])).toEqual([anna]);
    const { nonce: _nonce, ...core } = JSON.parse(String(lines[0]?.['core'])) as Record<string, unknown>;
    expect(core).toEqual({ identityId: ann, into: anna, cause: 'person', by: 'ada' });
  });

  it('repeated, changes nothing and writes nothing, whichever way round', async () => {
    expect(await merge(ann, anna)).toEqual({ id: anna, repeated: true });
    expect(await merge(anna, ann)).toEqual({ id: anna, repeated: true });
    expect(await merge('ann', 'anna')).toEqual({ id: anna, repeated: true });
    expect(await evidenceOf(anna)).toBe(united);
    expect(await world.query(`select 1 from ledger_entry where type = 'identity.merged'`)).toHaveLength(1);
  });

  it('leaves every name of either leading to the survivor: address, alias and the id that went', async () => {
    for (const subject of [email('ann'), alias('ann'), alias(ann), email('anna')]) {
      const { signalId } = await service.signal(subject, 'brute_force');
      expect(await world.query('select identity_id, state from signal where id = $1', [signalId])).toEqual([
        { identity_id: anna, state: 'decided' },
      ]);
    }
  });

  it('is followed by readers: the old id shows the survivor, and filters by either find what was decided of both', async () => {
    expect(await shown(ann)).toMatchObject({ id: anna, merged: [ann], protected: true, emails: ['ann@example.com', 'anna@example.com'] });
    expect(await shown('ann')).toMatchObject({ id: anna });
    const page = { limit: 50, after: undefined };
    for (const id of [ann, anna]) {
      expect(await service.parts.records.signals.list({ identity: id }, page, admin)).toHaveLength(7);
      expect(await service.parts.records.decisions.list({ identity: id }, page, admin)).toHaveLength(7);
    }
    const people = await service.parts.records.identities.list({}, page, admin);
    expect(people.map(({ id }) => id)).not.toContain(ann);
  });

  it('leaves decisions of before readable, for replay too', async () => {
    for (const { id } of await world.query('select decision_id as id from signal where identity_id = $1', [ann]))
      expect(await service.parts.replay(String(id), 'stored')).toMatchObject({ same: true });
  });

  it('keeps chains flat: who was merged before goes along', async () => {
    const annie = await idOf('annie');
    expect(await merge('anna', 'annie')).toEqual({ id: annie, repeated: false });
    expect(await world.query('select id, merged_into from identity where id = any ($1) order by id', [[anna, ann]])).toEqual(
      [anna, ann].sort().map((id) => ({ id, merged_into: annie })),
    );
    expect(await shown(ann)).toMatchObject({ id: annie, merged: [anna, ann].sort() });
    // A person who was merged before stands for whom they became.
    expect(await merge(ann, await idOf('bert'))).toMatchObject({ repeated: false });
    expect(await shown(ann)).toMatchObject({ aliases: ['ann', 'anna', 'annie', 'bert'] });
  });

  it('refuses a person into themselves, somebody unknown, and somebody erased', async () => {
    const nobody = '01900000-0000-7000-8000-000000000000';
    await expect(merge('bertie', 'bertie')).rejects.toMatchObject({ code: 'request.unprocessable' });
    await expect(merge(nobody, 'bertie')).rejects.toMatchObject({ code: 'notFound' });
    await expect(merge('bertie', nobody)).rejects.toMatchObject({ code: 'request.unprocessable' });
    const cara = await idOf('cara');
    await service.core.store.transaction((tx) => service.core.keyring.erasePersonKey(tx, cara));
    await expect(merge(cara, 'bertie')).rejects.toMatchObject({ code: 'conflict' });
    await expect(merge('bertie', cara)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('counts the two as one in limits by people, and keeps open plans', async () => {
    const [bertie, carl] = [await idOf('bertie'), await idOf('carl')];
    expect(await service.push(email('bertie'))).toBe(202);
    expect(await service.push(email('carl'))).toBe(202);
    const used = () => world.query(`select distinct subject from guard_use where subject = any ($1)`, [[bertie, carl]]);
    expect(await used()).toHaveLength(2);
    const plans = await world.query('select id, lane, identity_id from plan order by id');
    await merge(carl, bertie);
    expect(await used()).toEqual([{ subject: bertie }]);
    expect(await world.query('select id, lane, identity_id from plan order by id')).toEqual(plans);
    for (const { id } of plans) await service.core.executor.run(id as never);
    expect(await world.query(`select distinct state from plan`)).toEqual([{ state: 'done' }]);
  });

  it('ends with all keys of the person gone when the person is erased, by whichever id', async () => {
    const family = (await world.query(`select id from identity where merged_into is not null or id = $1`, [await idOf('ann')])).map(
      ({ id }) => String(id),
    );
    const [gone] = family.filter((id) => id === ann);
    const keys = () => world.query('select 1 from person_key where identity_id = any ($1)', [[anna, ann]]);
    expect(await keys()).toHaveLength(2);
    expect(await service.core.store.transaction((tx) => service.core.keyring.erasePersonKey(tx, gone as IdentityId))).toBe(true);
    expect(await keys()).toEqual([]);
    const [{ id } = {}] = await world.query('select decision_id as id from signal where identity_id = $1', [anna]);
    expect(await service.parts.replay(String(id), 'stored')).toBeUndefined();
  });
});

describe('a signal that waits for a person who is being merged away', () => {
  it('is settled again, and lands on the survivor', async () => {
    const sleeping = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    const [from, into] = [await idOf('cara'), await idOf('bertie')];
    // Cara was erased above; with a key again she can be merged.
    await world.database.store.transaction((tx) => service.core.keyring.createPersonKeys(tx, [from]));
    let signal: ReturnType<PeopleProcess['signal']> | undefined;
    await world.database.store.transaction(async (tx) => {
      await mergeIdentities(tx, from, into, { at: 0, unite: (a) => a });
      signal = service.signal(email('cara'));
      await until('the signal that waits', async () => ((await world.query(sleeping)).length > 0 ? true : undefined));
    });
    const { signalId } = await (signal as ReturnType<PeopleProcess['signal']>);
    expect(await world.query('select identity_id, state from signal where id = $1', [signalId])).toEqual([
      { identity_id: into, state: 'decided' },
    ]);
    expect(await evidenceOf(from)).toBe('');
  });
});

describe('the configuration', () => {
  it('makes one person of those whom one alias claims, and keeps apart whom it names apart', async () => {
    // Two people of the directory, known since before the configuration speaks of them.
    await service.core.syncDirectories(AbortSignal.timeout(10_000));
    const holders = async (...ids: string[]) =>
      (await world.query('select distinct identity_id as id from account where external_id = any ($1)', [ids])).map(({ id }) => id);
    expect(await holders('dora', 'dodo')).toHaveLength(2);
    const ties = { id: 'theodora', emails: ['dora@example.com', 'dodo@example.com', 'bertie@example.com'] };
    const other = await world.start([ties, person('bertie', { emails: [] })]);
    expect(await holders('dora', 'dodo')).toHaveLength(1);
    expect(await holders('bertie', 'dora')).toHaveLength(2);
    const lines = await world.query(
      `select core from ledger_entry where type = 'identity.merged' and core::jsonb->>'cause' = 'configuration'`,
    );
    expect(lines.map(({ core }) => JSON.parse(String(core)))).toMatchObject([{ by: 'configuration' }]);
    // The address that both the configuration's people claim names neither.
    const { signalId } = await other.signal(email('bertie'));
    expect(await world.query('select state, identity_id from signal where id = $1', [signalId])).toEqual([
      { state: 'unresolved', identity_id: null },
    ]);
    // Each record takes back only its own names: reading the directory again loses none of the merged person's.
    await other.core.syncDirectories(AbortSignal.timeout(10_000));
    for (const name of ['dora', 'dodo']) {
      const { signalId: id } = await other.signal(email(name));
      expect(await world.query('select state from signal where id = $1', [id])).toEqual([{ state: 'decided' }]);
    }
    await other.stop();
  });
});
