/** Finds people who are two here and one in the configuration. */
import type { IdentityId } from '../model/ids.ts';
import type { Db } from './db.ts';
import { survivorOf } from './merged.ts';
import { type PersonRecord, readHolders } from './people-sync.ts';
import { joined } from './statement.ts';

/** Whom an alias means of the several that it claims, and who else is the same person; nobody where all others are kept apart. */
export interface Tie {
  readonly alias: string;
  readonly into: IdentityId;
  readonly from: readonly IdentityId[];
}

/**
 * The identities that one alias of the configuration claims, by itself, by accounts, or by identifiers that nobody else has. People
 * of whom the configuration has an alias of their own are kept apart, and so is anybody whom two aliases claim. `people` is the whole
 * configuration.
 */
export async function findTies(db: Db, people: readonly (PersonRecord & { readonly alias: string })[]): Promise<readonly Tie[]> {
  const holders = await readHolders(db, people);
  const claims = people.map((person) => {
    const { byAccount, byAlias, byKey } = holders(person);
    const own = byKey.flatMap((ids) => (ids.length === 1 ? ids : []));
    return { alias: person.alias, byAlias, ids: new Set([...(byAlias === undefined ? [] : [byAlias]), ...byAccount, ...own]) };
  });
  const tied = claims.filter(({ ids }) => ids.size > 1);
  if (tied.length === 0) return [];
  const { rows } = await db.query<{ id: IdentityId; alias: string }>(
    `select identity_id as id, alias from identity_alias where identity_id = any (string_to_array($1, ',')::uuid[])
     and alias = any (string_to_array($2, E'\\x1e'))`,
    [[...new Set(tied.flatMap(({ ids }) => [...ids]))].join(','), joined(people.map(({ alias }) => alias))],
  );
  const claimants = new Map<IdentityId, number>();
  for (const { ids } of claims) for (const id of ids) claimants.set(id, (claimants.get(id) ?? 0) + 1);
  return tied.flatMap(({ alias, byAlias, ids }) => {
    const mayJoin = (id: IdentityId) => claimants.get(id) === 1 && !rows.some((row) => row.id === id && row.alias !== alias);
    const free = [...ids].filter((id) => id === byAlias || mayJoin(id)).sort();
    // Whom the configuration named before stays; else whoever is known longest.
    const into = byAlias ?? free[0];
    const from = free.filter((id) => id !== into);
    return into === undefined ? [] : [{ alias, into, from }];
  });
}

/** Names a person by an alias that is new; one that exists stays where it is. */
export async function giveAlias(db: Db, alias: string, identityId: IdentityId): Promise<void> {
  await db.query(`insert into identity_alias (alias, identity_id) values ($1, ${survivorOf('$2')}) on conflict do nothing`, [
    alias,
    identityId,
  ]);
}
