import { describe, expect, it } from 'vitest';
import { composeGraph, type GraphRows } from '../../src/context/index.ts';
import type { IdentityId } from '../../src/model/ids.ts';
import type { SubjectClaim } from '../../src/model/subject.ts';

const id = (name: string) => name as IdentityId;
const row = (name: string, mergedInto: string | null = null) => ({
  id: id(name),
  mergedInto: mergedInto as IdentityId | null,
  tier: 'none' as const,
  protected: false,
  executive: false,
  groups: [],
});
const rows = (more: Partial<GraphRows> = {}): GraphRows => ({
  identities: [row('alice'), row('bob')],
  identifiers: [
    { format: 'email', value: 'alice@example.com', identityId: id('alice') },
    { format: 'email', value: 'shared@example.com', identityId: id('alice') },
    { format: 'email', value: 'shared@example.com', identityId: id('bob') },
    { format: 'iss_sub', value: 'https://idp.example 42', identityId: id('bob') },
  ],
  accounts: [],
  ...more,
});
const claim = (
  kind: SubjectClaim['kind'],
  keys: readonly (readonly [string, string])[],
  more: Partial<SubjectClaim> = {},
): SubjectClaim => ({ kind, person: keys.map(([format, value]) => ({ format, value })), ...more });

function resolve(asked: SubjectClaim) {
  const graph = composeGraph(rows());
  if (graph === 'moved') throw new Error('moved');
  return graph.resolve(asked);
}

describe('who is meant', () => {
  it('is the one identity that an identifier names', () => {
    expect(resolve(claim('person', [['email', 'alice@example.com']]))).toEqual({ kind: 'identity', identityId: 'alice' });
  });
  it('is still that one where a sender adds a name that we do not keep', () => {
    expect(
      resolve(
        claim('person', [
          ['email', 'alice@example.com'],
          ['phone_number', '+4711'],
        ]),
      ),
    ).toEqual({ kind: 'identity', identityId: 'alice' });
  });
  it('is nobody where an identifier has two people, or two identifiers lead to two people', () => {
    expect(resolve(claim('person', [['email', 'shared@example.com']])).kind).toBe('ambiguous');
    expect(
      resolve(
        claim('person', [
          ['email', 'alice@example.com'],
          ['iss_sub', 'https://idp.example 42'],
        ]),
      ).kind,
    ).toBe('ambiguous');
  });
  it('is nobody for a stranger, and for a session that comes without its person', () => {
    expect(resolve(claim('person', [['email', 'eve@example.com']])).kind).toBe('nobody');
    expect(resolve(claim('session', [], { session: 's1' })).kind).toBe('nobody');
  });
  it('is a thing where the subject is a device, network, host or asset with an id', () => {
    expect(resolve(claim('network', [], { id: '203.0.113.9' })).kind).toBe('thing');
    expect(resolve(claim('device', [])).kind).toBe('nobody');
  });
});

describe('a graph that changed between lock and reading', () => {
  it('is read again where an identity was merged away', () => {
    expect(composeGraph(rows({ identities: [row('alice', 'bob'), row('bob')] }))).toBe('moved');
  });
  it('is read again where an identifier came to name somebody who is not locked', () => {
    expect(composeGraph(rows({ identities: [row('alice')] }))).toBe('moved');
  });
});
