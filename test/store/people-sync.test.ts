import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdMaker, type IdentityId } from '../../src/model/ids.ts';
import { mergeIdentities } from '../../src/store/identity-merge.ts';
import { type PersonRecord, syncPeople } from '../../src/store/people-sync.ts';
import { findTies } from '../../src/store/people-ties.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { systemRandom } from '../support/system-clock.ts';

const at = Date.UTC(2026, 4, 4, 10);
const ids = createIdMaker(systemRandom);
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

const query = async (text: string, values: unknown[] = []) => (await database.store.query<Record<string, unknown>>(text, values)).rows;

function record(externalId: string, email: string, alias?: string): PersonRecord {
  return {
    ...(alias === undefined ? {} : { alias }),
    identifiers: [{ format: 'email', value: email }],
    accounts: alias === undefined ? [{ connection: 'main', externalId, status: 'active' }] : [],
    tier: 'none',
    protected: false,
    executive: false,
    groups: [],
  };
}

/** Reads records as a directory's pages, each in a transaction of its own. */
async function read(source: string, ...pages: PersonRecord[][]): Promise<readonly IdentityId[]> {
  const found: IdentityId[] = [];
  for (const page of pages) {
    const { identityIds } = await database.store.transaction((tx) =>
      syncPeople(tx, source, page, {
        ids,
        at,
        createPersonKeys: async (inner, people) => {
          for (const id of people) await inner.query(`insert into person_key (identity_id, wrapped) values ($1, '')`, [id]);
        },
      }),
    );
    found.push(...identityIds);
  }
  return found;
}

const merge = (from: IdentityId, into: IdentityId) =>
  database.store.transaction((tx) => mergeIdentities(tx, from, into, { at, unite: (a) => a }));
const addresses = async (id: IdentityId) =>
  (await query(`select value from identifier where identity_id = $1 and format = 'email' order by value`, [id])).map(({ value }) => value);

describe('a person with two records in one directory', () => {
  it('keeps the names of both, whichever pages they come on, and loses only what its own record takes back', async () => {
    const [one, two] = (await read('main', [record('a1', 'a1@x.example')], [record('a2', 'a2@x.example')])) as [IdentityId, IdentityId];
    await merge(two, one);
    expect(await read('main', [record('a1', 'a1@x.example')], [record('a2', 'a2@x.example')])).toEqual([one, one]);
    expect(await addresses(one)).toEqual(['a1@x.example', 'a2@x.example']);
    await read('main', [record('a2', 'new@x.example')]);
    expect(await addresses(one)).toEqual(['a1@x.example', 'new@x.example']);
  });

  it('sheds names that were written under the bare name of the directory, once they are read again', async () => {
    const [one] = (await read('main', [record('b1', 'b1@x.example')])) as [IdentityId];
    await query(`update identifier set source = 'main' where identity_id = $1 and format = 'email'`, [one]);
    await read('main', [record('b1', 'b2@x.example')]);
    expect(await addresses(one)).toEqual(['b2@x.example']);
  });
});

describe('what one alias of the configuration ties together', () => {
  const ties = (...people: PersonRecord[]) => findTies(database.store, people as (PersonRecord & { alias: string })[]);
  const claim = (alias: string, ...emails: string[]): PersonRecord => ({
    ...record('', '', alias),
    identifiers: emails.map((value) => ({ format: 'email', value })),
  });

  it('are the people who alone have what it lists; the one known longest stays', async () => {
    const [one, two] = await read('main', [record('c1', 'c1@x.example'), record('c2', 'c2@x.example')]);
    expect(await ties(claim('carol', 'c1@x.example', 'c2@x.example'))).toEqual([{ alias: 'carol', into: one, from: [two] }]);
  });

  it('is nobody by an address that two people have', async () => {
    await read('main', [record('d1', 'd1@x.example'), record('d2', 'desk@x.example'), record('d3', 'desk@x.example')]);
    expect(await ties(claim('dan', 'd1@x.example', 'desk@x.example'))).toEqual([]);
  });

  it('is not whom it has another alias for, nor whom two aliases claim', async () => {
    const [one, two] = await read('main', [record('e1', 'e1@x.example'), record('e2', 'e2@x.example')]);
    await query('insert into identity_alias (alias, identity_id) values ($1, $2)', ['eve', two]);
    const erin = claim('erin', 'e1@x.example', 'e2@x.example');
    expect(await ties(erin, claim('eve'))).toEqual([{ alias: 'erin', into: one, from: [] }]);
    // An alias that the configuration has given up keeps nobody apart.
    expect(await ties(erin)).toEqual([{ alias: 'erin', into: one, from: [two] }]);
    expect(await ties(erin, claim('ed', 'e1@x.example'))).toEqual([{ alias: 'erin', into: two, from: [] }]);
  });
});
