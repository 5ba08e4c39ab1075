import { describe, expect, it } from 'vitest';
import { compilePolicies, decide } from '../../src/policy/index.ts';
import { compileList, lasting } from '../../src/policy/lists.ts';
import { assessment, catalogue, policyText, settings, situation } from './support.ts';

const hour = 3_600_000;
const egress = (entries: string, more: { id?: string; type?: string; owner?: string } = {}) => `apiVersion: rescind/v1
kind: List
metadata: { id: ${more.id ?? 'corporate-egress'}, version: 1, owner: ${more.owner ?? 'group:network'} }
type: ${more.type ?? 'cidr'}
entries: [${entries}]
`;
const oslo = '{ value: 198.51.100.0/24, owner: user:net.lead, note: Oslo office, expires: 2026-05-04 }';
const networks = policyText({
  match: '{ signals: [signin_failures], subjects: { kinds: [network], excludeLists: [corporate-egress] } }',
  ladder: '[{ step: end, actions: [{ type: ip.block, expires: 1h }] }]',
  tests: `
tests:
  - { name: fires, given: {}, expect: { match: true } }
  - { name: does not, given: { subject: { kind: person } }, expect: { match: false } }
  - { name: excluded, given: {}, expect: { match: false, because: excluded } }
  - { name: unknown context, given: { device: { compliance: unknown } }, expect: { match: true } }
`,
}).replace('scope: person', 'scope: network');

function compile(list: string, ...policies: readonly string[]) {
  const files = new Map([['lists/l.yaml', list], ...policies.map((text, n) => [`responses/p${n}.yaml`, text] as const)]);
  const result = compilePolicies(files, catalogue);
  return result.ok ? result.policies : result.faults.map(({ code, path, file }) => `${code} ${file} ${path}`);
}

function compiled(list: string, ...policies: readonly string[]) {
  const result = compile(list, ...policies);
  if (Array.isArray(result)) throw new Error(result.join('\n'));
  return result as Exclude<typeof result, readonly string[]>;
}

const network = (id: string, now = Date.UTC(2026, 4, 4, 10)) =>
  situation({
    kind: 'network',
    person: null,
    now,
    signal: { type: 'signin_failures', occurredAt: now, claim: { kind: 'network', person: [], id } },
  });
const firstReason = (list: string, id: string, now?: number) =>
  decide(network(id, now), assessment({ score: 0, level: 'none' }), compiled(list, networks), settings()).reasons[0];

describe('a list document', () => {
  it.each([
    ['an entry without owner', '{ value: 198.51.100.0/24, expires: 2027-01-31 }', {}, 'E122 lists/l.yaml entries.0'],
    ['an entry without expiry', '{ value: 198.51.100.0/24, owner: user:net.lead }', {}, 'E122 lists/l.yaml entries.0'],
    ['an owner of no form', oslo.replace('user:net.lead', 'somebody'), {}, 'E113 lists/l.yaml entries.0.owner'],
    ['a list that nobody owns', oslo, { owner: 'somebody' }, 'E113 lists/l.yaml metadata.owner'],
    ['a day that there is not', oslo.replace('2026-05-04', '2026-02-30'), {}, 'E101 lists/l.yaml entries.0.expires'],
    ['what is no range', oslo.replace('198.51.100.0/24', 'Oslo'), {}, 'E101 lists/l.yaml entries.0.value'],
    [
      'what looks like a secret',
      oslo.replace('Oslo office', 'xoxb-123456789012-abcdefABCDEF123456'),
      {},
      'E115 lists/l.yaml entries.0.note',
    ],
    ['an unknown key', `${oslo.slice(0, -1)}, colour: red }`, {}, 'E101 lists/l.yaml entries.0.colour'],
    ['a type that there is not', oslo, { type: 'regex' }, 'E101 lists/l.yaml type'],
  ])('with %s is a fault', (_what, entries, more, fault) => {
    expect(compile(egress(entries, more))).toEqual([fault]);
  });

  it('whose entries have expired loads: a restart after a date stops nothing', () => {
    expect(compiled(egress(oslo.replace('2026', '1999'))).lists.has('corporate-egress')).toBe(true);
  });

  it('changes what is judged by, and stands in the documents of the bundle', () => {
    const before = compiled(egress(oslo)).documents;
    expect(before.map(({ path, id }) => [path, id])).toEqual([['lists/l.yaml', 'corporate-egress']]);
    expect(compiled(`# a comment\n${egress(oslo)}`).documents).toEqual(before);
    expect(compiled(egress('')).documents).not.toEqual(before);
  });

  it('has an id of its own', () => {
    expect(compile(egress('', { id: 'RP-900' }), policyText())).toEqual(['E108 responses/p0.yaml metadata.id']);
  });

  it('that a condition or an exclusion names and that is missing is E106', () => {
    expect(compile(egress('', { id: 'other' }), networks)).toEqual(['E106 responses/p0.yaml match.subjects.excludeLists.0']);
    const asks = policyText({ when: 'risk.score >= 0.0 && !cidr(signal.ip, "corporate-egress")' });
    expect(compile(egress('', { id: 'other' }), asks)).toEqual(['E106 responses/p0.yaml when']);
  });
});

describe('an entry', () => {
  it.each([
    ['an address of the range', '198.51.100.7', 'excluded'],
    ['a range inside it', '198.51.100.64/26', 'excluded'],
    ['a range around it', '198.51.0.0/16', 'excluded'],
    ['the same address written as IPv6', '::ffff:198.51.100.7', 'excluded'],
    ['another address', '203.0.113.9', 'matched'],
    ['a range beside it', '198.51.101.0/24', 'matched'],
    ['what is no address', '198.51.100.7.evil', 'matched'],
  ])('excludes %s', (_what, id, code) => expect(firstReason(egress(oslo), id)?.code).toBe(code));

  const midnight = Date.UTC(2026, 4, 5);
  it.each([
    ['through its last day', oslo, midnight - 1, 'excluded'],
    ['and no longer', oslo, midnight, 'matched'],
    ['up to an instant', oslo.replace('2026-05-04', '2026-05-05T01:00:00Z'), midnight + hour - 1, 'excluded'],
    ['and not at it', oslo.replace('2026-05-04', '2026-05-05T01:00:00Z'), midnight + hour, 'matched'],
  ])('holds %s, by the instant of the decision', (_what, entries, now, code) => {
    expect(firstReason(egress(entries), '198.51.100.7', now)?.code).toBe(code);
  });

  it('is asked by conditions at the same instant', () => {
    const policies = compiled(
      egress(`${oslo}, { value: 203.0.113.9, owner: user:net.lead, expires: 2026-05-03 }`),
      policyText({ when: 'cidr(signal.ip, "corporate-egress") || inList(signal.source, "corporate-egress")' }),
    );
    const from = (ip: string) => decide(situation({ signal: { circumstances: { ip } } }), assessment(), policies, settings()).policyId;
    expect([from('198.51.100.7'), from('203.0.113.9')]).toEqual(['RP-900', null]);
  });

  it('that stands there twice holds as long as the longer one', () => {
    const list = compileList([
      { value: 'a', until: 10 },
      { value: 'a', until: 20 },
      { value: 'a', until: 15 },
    ]);
    expect([19, 20].map((now) => list.hasText('a', now))).toEqual([true, false]);
  });
});

it('an IPv4-mapped range is a range of IPv4', () => {
  const list = compileList(lasting(['::ffff:198.51.100.0/120']));
  expect([list.hasAddress('198.51.100.7', 0), list.names('198.51.100.0/26', 0), list.hasAddress('198.51.101.7', 0)]).toEqual([
    true,
    true,
    false,
  ]);
});
