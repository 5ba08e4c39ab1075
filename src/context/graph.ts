/** The part of the identity graph that one batch needs, as the database gave it under its locks. */
import type { IdentityId } from '../model/ids.ts';
import type { Account, AccountKind, IdentifierKey, Identity, Tier } from '../model/subject.ts';
import { type IdentifierLookup, resolveClaim } from './resolve.ts';

export interface GraphRows {
  readonly identities: readonly {
    readonly id: IdentityId;
    readonly mergedInto: IdentityId | null;
    readonly tier: Tier;
    readonly protected: boolean;
    readonly executive: boolean;
    readonly groups: readonly string[];
  }[];
  readonly identifiers: readonly (IdentifierKey & { readonly identityId: IdentityId })[];
  readonly accounts: readonly (Omit<Account, 'kind'> & { readonly identityId: IdentityId; readonly kind: AccountKind | null })[];
}

export interface Graph {
  readonly resolve: (claim: Parameters<typeof resolveClaim>[0]) => ReturnType<typeof resolveClaim>;
  readonly identity: (id: IdentityId) => Identity;
}

/**
 * Answers `moved` where the graph changed between the lock and the reading: an identity was merged away, or an identifier came to
 * name somebody who is not locked. The batch then starts again.
 */
export function composeGraph(rows: GraphRows): Graph | 'moved' {
  const locked = new Map(rows.identities.map((row) => [row.id, row]));
  if (rows.identities.some((row) => row.mergedInto !== null)) return 'moved';
  const names = new Map<string, IdentityId[]>();
  for (const { format, value, identityId } of rows.identifiers) {
    if (!locked.has(identityId)) return 'moved';
    const key = `${format} ${value}`;
    const ids = names.get(key);
    if (ids === undefined) names.set(key, [identityId]);
    else if (!ids.includes(identityId)) ids.push(identityId);
  }
  const accounts = new Map<IdentityId, Account[]>();
  for (const { identityId, kind, ...rest } of rows.accounts) {
    const account: Account = kind === null ? rest : { ...rest, kind };
    const of = accounts.get(identityId);
    if (of === undefined) accounts.set(identityId, [account]);
    else of.push(account);
  }
  const lookup: IdentifierLookup = (key) => names.get(`${key.format} ${key.value}`) ?? [];
  return {
    resolve: (claim) => resolveClaim(claim, lookup),
    identity(id) {
      const row = locked.get(id);
      if (row === undefined) throw new Error('identity is not locked');
      return {
        id,
        tier: row.tier,
        protected: row.protected,
        executive: row.executive,
        groups: row.groups,
        accounts: accounts.get(id) ?? [],
      };
    },
  };
}
