/**
 * Writes what a directory or the configuration says about people into the identity graph, a page at a time and set-based. Takes the
 * same locks in the same order as settle, after the one that writers of the graph share: identities by id.
 */
import type { Instant } from '../model/clock.ts';
import type { AccountId, IdentityId, IdMaker } from '../model/ids.ts';
import type { AccountKind, IdentifierKey, Tier } from '../model/subject.ts';
import type { Db, Tx } from './db.ts';
import { lockGraph } from './graph-lock.ts';
import { sumUp } from './identity-merge.ts';
import { joined } from './statement.ts';

export interface PersonRecord {
  /** The name that the configuration gives; absent for people of a directory. */
  readonly alias?: string;
  readonly identifiers: readonly IdentifierKey[];
  readonly accounts: readonly {
    readonly connection: string;
    readonly externalId: string;
    readonly status: 'active' | 'suspended' | 'disabled' | 'unknown';
    /** Said by the configuration only; a directory leaves it as it is. */
    readonly kind?: AccountKind;
  }[];
  readonly tier: Tier;
  readonly protected: boolean;
  readonly executive: boolean;
  readonly groups: readonly string[];
}

/** Gives a key to each new person. */
export type CreatePersonKeys = (tx: Tx, ids: readonly IdentityId[]) => Promise<void>;

/** Identifiers by which two sources may mean the same person without either naming the other. */
const linking = new Set(['email', 'upn', 'employee_number']);

/**
 * Inserts or updates one page inside the caller's transaction; the same page again changes nothing. A person is known by alias,
 * else by an account, else by an e-mail address, UPN or employee number that exactly one identity has; anyone else is new.
 */
export async function syncPeople(
  tx: Tx,
  source: string,
  people: readonly PersonRecord[],
  parts: { readonly ids: IdMaker; readonly createPersonKeys: CreatePersonKeys; readonly at: Instant },
): Promise<{ readonly created: number; readonly identityIds: readonly IdentityId[] }> {
  await lockGraph(tx);
  const held = await readHolders(tx, people);
  const created: IdentityId[] = [];
  const identityIds = people.map((person) => {
    const id = knownAs(held(person));
    if (id !== undefined) return id;
    const made = parts.ids.next<IdentityId>(parts.at);
    created.push(made);
    return made;
  });
  await insertIdentities(tx, created, parts);
  await tx.query(`select id from identity where id = any (string_to_array($1, ',')::uuid[]) order by id for update`, [
    identityIds.join(','),
  ]);
  await writeNames(tx, source, people, identityIds);
  await writeAccounts(tx, people, identityIds, parts);
  await tx.query(sumUp, [identityIds.join(','), parts.at]);
  return { created: created.length, identityIds };
}

/** Whom a record means, by each of the ways in which it may name somebody who is known. */
export interface Holders {
  readonly byAccount: readonly IdentityId[];
  readonly byAlias: IdentityId | undefined;
  /** For each linking identifier that is known, the identities that have it. */
  readonly byKey: readonly (readonly IdentityId[])[];
}

function knownAs({ byAccount, byAlias, byKey }: Holders): IdentityId | undefined {
  if (byAlias !== undefined) return byAlias;
  const [first] = byAccount;
  if (first !== undefined) return first;
  const linked = new Set(byKey.flat());
  return linked.size === 1 ? [...linked][0] : undefined;
}

export async function readHolders(db: Db, people: readonly PersonRecord[]): Promise<(person: PersonRecord) => Holders> {
  const accounts = people.flatMap((person) => person.accounts);
  const keys = people.flatMap((person) => person.identifiers.filter((key) => linking.has(key.format)));
  const byAccount = await db.query<{ name: string; id: IdentityId }>(
    `select a.connection || ' ' || a.external_id as name, a.identity_id as id from account a
     join unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as w(c, e) on a.connection = w.c and a.external_id = w.e`,
    [joined(accounts.map((account) => account.connection)), joined(accounts.map((account) => account.externalId))],
  );
  const byAlias = await db.query<{ name: string; id: IdentityId }>(
    `select alias as name, identity_id as id from identity_alias where alias = any (string_to_array($1, E'\\x1e'))`,
    [joined(people.flatMap((person) => (person.alias === undefined ? [] : [person.alias])))],
  );
  const byKey = await db.query<{ name: string; ids: IdentityId[] }>(
    `select f.format || ' ' || f.value as name, array_agg(distinct f.identity_id) as ids from identifier f
     join unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as w(f, v) on f.format = w.f and f.value = w.v group by 1`,
    [joined(keys.map((key) => key.format)), joined(keys.map((key) => key.value))],
  );
  const accountOf = new Map(byAccount.rows.map((row) => [row.name, row.id]));
  const aliasOf = new Map(byAlias.rows.map((row) => [row.name, row.id]));
  const keyOf = new Map(byKey.rows.map((row) => [row.name, row.ids]));
  return (person) => ({
    byAccount: person.accounts.flatMap((account) => accountOf.get(`${account.connection} ${account.externalId}`) ?? []),
    byAlias: person.alias === undefined ? undefined : aliasOf.get(person.alias),
    byKey: person.identifiers
      .filter((key) => linking.has(key.format))
      .flatMap((key) => {
        const ids = keyOf.get(`${key.format} ${key.value}`);
        return ids === undefined ? [] : [ids];
      }),
  });
}

async function insertIdentities(
  tx: Tx,
  ids: readonly IdentityId[],
  parts: { readonly createPersonKeys: CreatePersonKeys; readonly at: Instant },
): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `insert into identity (id, created_at) select i::uuid, to_timestamp($2::float8 / 1000) from unnest(string_to_array($1, ',')) as t(i)`,
    [ids.join(','), parts.at],
  );
  // An identity's id is a name for it wherever a subject is told by its id.
  await tx.query(
    `insert into identifier (format, value, identity_id, source) select 'alias', i, i::uuid, 'rescind' from unnest(string_to_array($1, ',')) as t(i)`,
    [ids.join(',')],
  );
  await parts.createPersonKeys(tx, ids);
}

/**
 * Names stand under the record that says them, so that of two records of one person each takes back only its own words. Rows under
 * the bare name of a source are of before.
 */
async function writeNames(tx: Tx, source: string, people: readonly PersonRecord[], ids: readonly IdentityId[]): Promise<void> {
  const recordOf = (person: PersonRecord) => `${source} ${person.alias ?? person.accounts[0]?.externalId ?? ''}`;
  const names = people.flatMap((person, n) =>
    person.identifiers.map((key) => ({ ...key, id: ids[n] as IdentityId, record: recordOf(person) })),
  );
  const columns = [
    joined(names.map((name) => name.format)),
    joined(names.map((name) => name.value)),
    joined(names.map((name) => name.id)),
    joined(names.map((name) => name.record)),
  ];
  const said = `select f, v, i::uuid, r from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e'), string_to_array($3, E'\\x1e'), string_to_array($4, E'\\x1e')) as t(f, v, i, r)`;
  await tx.query(
    `delete from identifier where identity_id = any (string_to_array($5, ',')::uuid[])
     and source = any (string_to_array($6, E'\\x1e')) and (format, value, identity_id, source) not in (${said})`,
    [...columns, ids.join(','), joined([source, ...people.map(recordOf)])],
  );
  await tx.query(`insert into identifier (format, value, identity_id, source) ${said} on conflict do nothing`, columns);
  const aliased = people.flatMap((person, n) =>
    person.alias === undefined ? [] : [{ ...person, alias: person.alias, id: ids[n] as IdentityId }],
  );
  if (aliased.length === 0) return;
  await tx.query(
    `insert into identity_alias (alias, identity_id, tier, protected, executive, groups)
     select alias, id, tier, protected, executive, array(select jsonb_array_elements_text(groups))
     from jsonb_to_recordset($1::jsonb) as t(alias text, id uuid, tier text, protected boolean, executive boolean, groups jsonb)
     on conflict (alias) do update set tier = excluded.tier, protected = excluded.protected, executive = excluded.executive, groups = excluded.groups`,
    [
      JSON.stringify(
        aliased.map(({ alias, id, tier, protected: isProtected, executive, groups }) => ({
          alias,
          id,
          tier,
          protected: isProtected,
          executive,
          groups,
        })),
      ),
    ],
  );
}

async function writeAccounts(
  tx: Tx,
  people: readonly PersonRecord[],
  ids: readonly IdentityId[],
  parts: { readonly ids: IdMaker; readonly at: Instant },
): Promise<void> {
  const rows = people.flatMap((person, n) =>
    person.accounts.map((account) => ({
      id: parts.ids.next<AccountId>(parts.at),
      identity: ids[n],
      connection: account.connection,
      external: account.externalId,
      status: account.status,
      kind: account.kind ?? null,
      // A person of the configuration has tier and groups with the alias; a directory's stand with the account.
      tier: person.alias === undefined ? person.tier : null,
      groups: person.alias === undefined ? person.groups : null,
    })),
  );
  if (rows.length === 0) return;
  await tx.query(
    `insert into account as a (id, identity_id, connection, external_id, status, kind, tier, groups, created_at)
     select id, identity, connection, external, status, kind, coalesce(tier, 'none'), coalesce(array(select jsonb_array_elements_text(groups)), '{}'), to_timestamp($2::float8 / 1000)
     from jsonb_to_recordset($1::jsonb) as t(id uuid, identity uuid, connection text, external text, status text, kind text, tier text, groups jsonb)
     on conflict (connection, external_id) do update set
       kind = case when excluded.status = 'unknown' then excluded.kind else a.kind end,
       status = case when excluded.status = 'unknown' then a.status else excluded.status end,
       tier = case when excluded.status = 'unknown' then a.tier else excluded.tier end,
       groups = case when excluded.status = 'unknown' then a.groups else excluded.groups end`,
    [JSON.stringify(rows), parts.at],
  );
}
