import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { evidenceKey, networkOf, pseudonymiseMarks, subjectOf } from '../../src/context/pseudonym.ts';
import type { Identity } from '../../src/model/subject.ts';

const refOf = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('base64url').slice(0, 16);
const ref = refOf('alice');
const circumstances = { ip: '203.0.113.77' };

describe('the key under which evidence is kept', () => {
  const claim = (more = {}) => ({ kind: 'person' as const, person: [], ...more });
  it('is the session, else the network, else the device, else nothing', () => {
    expect(evidenceKey({ claim: claim({ session: 's1', device: 'd1' }), circumstances }, 'session', ref)).toBe(`s:${ref('s:s1')}`);
    expect(evidenceKey({ claim: claim({ device: 'd1' }), circumstances }, 'session', ref)).toBe(`n:${ref('n:203.0.113.0/24')}`);
    expect(evidenceKey({ claim: claim({ device: 'd1' }), circumstances: {} }, 'session', ref)).toBe(`d:${ref('d:d1')}`);
    expect(evidenceKey({ claim: claim(), circumstances: {} }, 'session', ref)).toBe('');
  });
  it('is the device first for what was found on an endpoint', () => {
    expect(evidenceKey({ claim: claim({ session: 's1', device: 'd1' }), circumstances }, 'endpoint', ref)).toBe(`d:${ref('d:d1')}`);
  });
  it('holds nothing of the session, device or address in clear', () => {
    const key = evidenceKey({ claim: claim({ session: 'secret-session' }), circumstances }, 'session', ref);
    expect(key).not.toContain('secret');
    expect(evidenceKey({ claim: claim({ session: 'secret-session' }), circumstances }, 'session', refOf('bob'))).not.toBe(key);
  });
});

it.each([
  ['203.0.113.77', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['not an address', undefined],
])('the network of %s is %s', (ip, network) => expect(networkOf(ip)).toBe(network));

it('a mark that names a device is written like the evidence that it covers', () => {
  const [mark] = pseudonymiseMarks([{ kind: 'class', class: 'device_remediated', at: 1, scope: 'd:laptop' }], ref);
  expect(mark).toMatchObject({ scope: `d:${ref('d:laptop')}` });
});

it('a subject is named by ids of ours, and by a keyed hash where it has none', () => {
  const identity = { id: 'i1', accounts: [{ id: 'a1', connection: 'okta', externalId: '00u1' }] } as unknown as Identity;
  expect(subjectOf({ kind: 'person', person: [] }, identity, ref)).toEqual({ kind: 'person', id: 'i1' });
  expect(subjectOf({ kind: 'account', person: [{ format: 'provider_id', value: 'okta 00u1' }] }, identity, ref)).toEqual({
    kind: 'account',
    id: 'a1',
  });
  expect(subjectOf({ kind: 'session', person: [], session: 's1' }, identity, ref)).toEqual({ kind: 'session', id: ref('s:s1') });
  expect(subjectOf({ kind: 'network', person: [], id: '203.0.113.9' }, null, ref).id).not.toContain('203');
});
