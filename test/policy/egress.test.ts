import { describe, expect, it } from 'vitest';
import { egressOf } from '../../src/policy/index.ts';
import { compileList, lasting } from '../../src/policy/lists.ts';

const now = Date.UTC(2026, 4, 4, 10);
const lists = (own: Parameters<typeof compileList>[0], shared: readonly string[] = []) =>
  new Map([
    ['corporate-egress', compileList(own)],
    ['shared-egress', compileList(lasting(shared))],
  ]);
const known = lists(lasting(['198.51.100.0/24']), ['192.0.2.0/24']);

describe('the way into the internet that an address is', () => {
  it.each([
    ['198.51.100.7', 'own'],
    ['::ffff:198.51.100.7', 'own'],
    ['192.0.2.1', 'shared'],
    ['203.0.113.9', 'none'],
    ['no address', undefined],
    [undefined, undefined],
  ])('of %s is %s', (address, egress) => expect(egressOf(address, known, now)).toBe(egress));

  it('is unknown while nobody has said which addresses are ours, also after the last entry has expired', () => {
    expect(egressOf('203.0.113.9', lists([]), now)).toBeUndefined();
    expect(egressOf('203.0.113.9', lists([{ value: '198.51.100.0/24', until: now }]), now)).toBeUndefined();
    expect(egressOf('203.0.113.9', new Map(), now)).toBeUndefined();
  });

  it('is shared where a list says so, whether or not ours are known', () =>
    expect(egressOf('192.0.2.1', lists([], ['192.0.2.0/24']), now)).toBe('shared'));
});
