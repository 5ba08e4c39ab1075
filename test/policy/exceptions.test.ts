import { describe, expect, it } from 'vitest';
import type { IdentityId } from '../../src/model/ids.ts';
import { compilePolicies, decide } from '../../src/policy/index.ts';
import { assessment, catalogue, policyText, settings, situation } from './support.ts';

const person = '0197a1b2-0000-7000-8000-000000000001' as IdentityId;
const now = Date.UTC(2026, 4, 4, 10);

interface Parts {
  readonly id?: string;
  readonly subject?: string;
  readonly policies?: string;
  readonly effect?: string;
  readonly approvedBy?: string;
  readonly startsAt?: string;
  readonly expiresAt?: string;
}

function exceptionText(parts: Parts = {}): string {
  const { id = 'EX-2026-014', subject = '{ group: offsite }', policies = '[RP-900]', effect = 'report-only' } = parts;
  const { approvedBy = 'approvedBy: user:lead.iam', startsAt = '2026-05-01T00:00:00Z', expiresAt = '2026-05-12T00:00:00Z' } = parts;
  return `apiVersion: rescind/v1
kind: Exception
metadata: { id: ${id}, version: 1, owner: group:iam }
subject: ${subject}
policies: ${policies}
effect: ${effect}
reason: off-site in Singapore
${approvedBy}
startsAt: ${startsAt}
expiresAt: ${expiresAt}
`;
}

const list = `apiVersion: rescind/v1
kind: List
metadata: { id: travellers, version: 1, owner: group:iam }
type: text
entries:
  - { value: ${person}, owner: group:iam, expires: 2026-05-06 }
  - { value: 198.51.100.0/24, owner: group:iam, expires: 2026-05-06 }
`;

function compile(exceptions: readonly string[], policies: readonly string[] = [policyText()]) {
  const files = new Map([
    ...exceptions.map((text, n) => [`exceptions/e${n}.yaml`, text] as const),
    ...policies.map((text, n) => [`responses/p${n}.yaml`, text] as const),
    ['lists/travellers.yaml', list] as const,
  ]);
  return compilePolicies(files, catalogue);
}

function compiled(...input: Parameters<typeof compile>) {
  const result = compile(...input);
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1));
  return result.policies;
}

const offsite = situation({ person: { id: person, groups: ['offsite'] } });
const judged = (exceptions: readonly string[], given = offsite, policies?: readonly string[]) =>
  decide(given, assessment(), compiled(exceptions, policies), settings());

describe('an exception document', () => {
  it.each([
    ['over 30 days', { expiresAt: '2026-05-31T00:00:01Z' }, 'E121 expiresAt'],
    ['without approver', { approvedBy: '' }, 'E121 '],
    ['approved by a group', { approvedBy: 'approvedBy: group:iam' }, 'E121 approvedBy'],
    [
      'approved by its subject',
      { approvedBy: `approvedBy: user:${person}`, subject: `{ kind: person, id: ${person} }` },
      'E121 approvedBy',
    ],
    ['that strengthens', { effect: 'enforce' }, 'E121 effect'],
    ['for a policy that there is not', { policies: '[RP-900, RP-999]' }, 'E106 policies.1'],
    ['for a list that there is not', { subject: '{ list: nonsense }' }, 'E106 subject.list'],
    ['for a person by another name than an identity id', { subject: '{ kind: person, id: anna }' }, 'E101 subject.id'],
    ['for a network that is none', { subject: '{ kind: network, id: Oslo }' }, 'E101 subject.id'],
    ['for everybody', { subject: '{}' }, 'E101 subject'],
    ['that ends before it starts', { expiresAt: '2026-04-01T00:00:00Z' }, 'E101 expiresAt'],
    ['with a day for an instant', { startsAt: '2026-05-01' }, 'E101 startsAt'],
  ] satisfies readonly (readonly [string, Parts, string])[])('%s is a fault', (_what, parts, fault) => {
    const result = compile([exceptionText(parts)]);
    expect(result.ok ? [] : result.faults.map(({ code, path }) => `${code} ${path}`)).toEqual([fault]);
  });

  it('of 30 days to the second is none, and neither is one that has run out', () => {
    expect(compile([exceptionText({ expiresAt: '2026-05-31T00:00:00Z' })]).ok).toBe(true);
    expect(compile([exceptionText({ startsAt: '1999-05-01T00:00:00Z', expiresAt: '1999-05-12T00:00:00Z' })]).ok).toBe(true);
  });

  it('changes what is judged by', () => {
    expect(compiled([exceptionText()]).documents.map(({ path, id }) => [path, id])).toContainEqual(['exceptions/e0.yaml', 'EX-2026-014']);
  });
});

describe('a running exception', () => {
  it('leaves a report of what would have been done, and is named', () => {
    const intent = judged([exceptionText()]);
    expect(intent).toMatchObject({ policyId: 'RP-900', mode: 'report-only' });
    expect(intent.wanted.map((action) => action.enforced)).toEqual([false]);
    expect(intent.reasons).toContainEqual({ code: 'exception', ref: 'EX-2026-014', detail: 'RP-900' });
  });

  it('leaves a policy out whole, and is named', () => {
    expect(judged([exceptionText({ effect: 'excluded' })])).toMatchObject({
      policyId: null,
      wanted: [],
      reasons: [{ code: 'exception', ref: 'EX-2026-014', detail: 'RP-900' }],
    });
  });

  it('that leaves a policy out outweighs one that leaves a report', () => {
    const both = [exceptionText({ id: 'EX-1' }), exceptionText({ id: 'EX-2', effect: 'excluded' })];
    expect(judged(both).reasons).toEqual([{ code: 'exception', ref: 'EX-2', detail: 'RP-900' }]);
  });

  it('touches the policies that it names and no other, and is told beside what the others do', () => {
    const intent = judged([exceptionText({ effect: 'excluded' })], offsite, [policyText(), policyText({ id: 'RP-901' })]);
    expect(intent).toMatchObject({ policyId: 'RP-901', mode: 'enforce' });
    expect(intent.reasons).toContainEqual({ code: 'exception', ref: 'EX-2026-014', detail: 'RP-900' });
  });

  it('is told for each policy that it took away', () => {
    const all = judged([exceptionText({ effect: 'excluded', policies: '[RP-900, RP-901]' })], offsite, [
      policyText(),
      policyText({ id: 'RP-901' }),
    ]);
    expect(all.reasons.map((reason) => reason.detail)).toEqual(['RP-900', 'RP-901']);
  });

  it('that changes nothing is not named', () => {
    const quiet = (text: string, given = offsite) => judged([exceptionText({ effect: 'excluded' })], given, [text]).reasons;
    expect(quiet(policyText({ when: 'risk.score >= 90.0' }))).toEqual([{ code: 'when', ref: 'RP-900' }]);
    expect(quiet(policyText(), situation({ person: { id: person, groups: [] } }))[0]).toMatchObject({ code: 'matched' });
    const reporting = judged([exceptionText()], offsite, [policyText({ mode: 'report-only' })]).reasons;
    expect(reporting.map((reason) => reason.code)).toEqual(['matched', 'policyMode']);
  });

  it('never strengthens: a report stays a report', () => {
    for (const effect of ['report-only', 'excluded'])
      expect(judged([exceptionText({ effect })], offsite, [policyText({ mode: 'report-only' })]).mode).not.toBe('enforce');
  });

  it('does not hold an immediate termination back', () => {
    const leaver = { ...offsite, signal: { ...offsite.signal, type: 'leaver_due', cause: 'leaver.immediate' as const } };
    const match = '{ signals: [leaver_due], causes: [leaver, leaver.immediate], subjects: { excludeGroups: [break-glass] } }';
    const intent = decide(leaver, assessment(), compiled([exceptionText({ effect: 'excluded' })], [policyText({ match })]), settings());
    expect(intent).toMatchObject({ policyId: 'RP-900', mode: 'order' });
  });

  it.each([
    ['the millisecond before it starts', Date.UTC(2026, 4, 1) - 1, false],
    ['when it starts', Date.UTC(2026, 4, 1), true],
    ['the millisecond before it ends', Date.UTC(2026, 4, 12) - 1, true],
    ['when it ends', Date.UTC(2026, 4, 12), false],
  ])('runs by the instant of the decision: %s', (_what, at, runs) => {
    const given = { ...offsite, now: at, signal: { ...offsite.signal, occurredAt: at } };
    expect(judged([exceptionText()], given).mode).toBe(runs ? 'report-only' : 'enforce');
  });
});

describe('whom an exception covers', () => {
  const things = (kind: 'network' | 'device', id: string) =>
    situation({ kind, person: null, now, signal: { type: 'signin_failures', claim: { kind, person: [], id } } });
  const on = (kind: string) =>
    policyText({
      match: `{ signals: [mass_download, signin_failures], subjects: { kinds: [${kind}] } }`,
      ladder: '[{ step: end, actions: [{ type: case.open }] }]',
    }).replace('scope: person', `scope: ${kind}`);
  const covered = (subject: string, given: typeof offsite, text?: string) =>
    judged([exceptionText({ subject, effect: 'excluded' })], given, [text ?? policyText()]).reasons[0]?.code === 'exception';

  it('a person, however a sender names the subject', () => {
    for (const kind of ['person', 'account', 'session'] as const)
      expect(covered(`{ kind: person, id: ${person} }`, situation({ kind, person: { id: person } }))).toBe(true);
    expect(covered(`{ kind: person, id: ${person} }`, situation())).toBe(false);
  });

  it('whoever stands in a list, as long as the entry holds', () => {
    expect(covered('{ list: travellers }', situation({ person: { id: person } }))).toBe(true);
    expect(covered('{ list: travellers }', situation())).toBe(false);
    const later = situation({ person: { id: person }, now: Date.UTC(2026, 4, 8) });
    expect(covered('{ list: travellers }', later)).toBe(false);
  });

  it('a network by address or range, and by list', () => {
    const text = on('network');
    expect(covered('{ kind: network, id: 198.51.100.0/24 }', things('network', '198.51.100.7'), text)).toBe(true);
    expect(covered('{ kind: network, id: 198.51.100.0/24 }', things('network', '203.0.113.9'), text)).toBe(false);
    expect(covered('{ list: travellers }', things('network', '198.51.100.7'), text)).toBe(true);
  });

  it('a device by the id that its source gives it, and nothing of another kind', () => {
    expect(covered('{ kind: device, id: laptop-7 }', things('device', 'laptop-7'), on('device'))).toBe(true);
    expect(covered('{ kind: host, id: laptop-7 }', things('device', 'laptop-7'), on('device'))).toBe(false);
    expect(covered(`{ kind: person, id: ${person} }`, things('device', person), on('device'))).toBe(false);
  });
});
