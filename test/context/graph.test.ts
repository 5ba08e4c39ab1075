import { describe, expect, it } from 'vitest';
import { composeGraph, type GraphRows } from '../../src/context/index.ts';
import type { AccountId, IdentityId } from '../../src/model/ids.ts';

const [ann, bob] = ['ann', 'bob'] as IdentityId[] as [IdentityId, IdentityId];
const row = (id: IdentityId, mergedInto: IdentityId | null = null): GraphRows['identities'][number] => ({
  id,
  mergedInto,
  tier: 'none',
  protected: false,
  executive: false,
  groups: [],
});
const name = (value: string, identityId: IdentityId) => ({ format: 'email', value, identityId });
const claim = (...values: string[]) => ({ kind: 'person' as const, person: values.map((value) => ({ format: 'email', value })) });

describe('the graph of a batch', () => {
  it('has moved where a locked identity was merged away', () => {
    expect(composeGraph({ identities: [row(ann), row(bob, ann)], identifiers: [], accounts: [] })).toBe('moved');
  });

  it('has moved where a name came to mean somebody who is not locked', () => {
    expect(composeGraph({ identities: [row(ann)], identifiers: [name('a', ann), name('b', bob)], accounts: [] })).toBe('moved');
  });

  it('has not moved for a name that nobody has any more', () => {
    const graph = composeGraph({ identities: [row(ann)], identifiers: [], accounts: [] });
    expect(graph === 'moved' ? graph : graph.resolve(claim('a'))).toEqual({ kind: 'nobody' });
  });

  it('leads both names of a merged person to the survivor, with the accounts of both', () => {
    const account = (id: string) => ({
      id: id as AccountId,
      identityId: ann,
      connection: 'main',
      externalId: id,
      status: 'active' as const,
      kind: null,
    });
    const graph = composeGraph({
      identities: [row(ann)],
      identifiers: [name('a', ann), name('b', ann)],
      accounts: [account('1'), account('2')],
    });
    if (graph === 'moved') throw new Error('moved');
    expect(graph.resolve(claim('a', 'b'))).toEqual({ kind: 'identity', identityId: ann });
    expect(graph.identity(ann).accounts.map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('names everybody whom an ambiguous claim may mean', () => {
    const graph = composeGraph({ identities: [row(bob), row(ann)], identifiers: [name('a', bob), name('a', ann)], accounts: [] });
    expect(graph === 'moved' ? graph : graph.resolve(claim('a'))).toEqual({ kind: 'ambiguous', identityIds: [ann, bob] });
  });
});
