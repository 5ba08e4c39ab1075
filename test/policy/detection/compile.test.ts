import { expect, it } from 'vitest';
import { runDetectionTests } from '../../../src/policy/index.ts';
import { type DetectionParts, detectionText, tryCompile } from './support.ts';

const network =
  '{ signal: signin_failures, severity: medium, subject: { kind: network, id: signal.ip }, dedupeKey: signal.ip, confidence: 0.9 }';
const emit = (more: string) => `{ signal: mfa_fatigue, severity: medium, dedupeKey: subject.id, confidence: 0.9${more} }`;

it.each<[code: string, path: string, what: string, parts: DetectionParts]>([
  ['E101', 'surprise', 'an unknown key', { rest: 'surprise: 1\n' }],
  ['E101', 'metadata.id', 'an id outside the name space of detections', { id: 'okta-main' }],
  ['E101', 'groupBy.0', 'events grouped by what is no key', { groupBy: '[device.id]' }],
  ['E101', 'window.type', 'a window that is not served', { window: '{ type: absence, timespan: 10m, gte: 5 }' }],
  ['E101', 'window.timespan', 'a window without length', { window: '{ type: eventCount, timespan: 0m, gte: 5 }' }],
  ['E101', 'bound.perSubject', 'a ring that cannot hold a full window', { bound: '{ perSubject: 4 }' }],
  ['E101', 'late', 'late events that are waited for too long', { late: '31d' }],
  [
    'E101',
    'then.0.severity',
    'a follow-up that does not raise',
    { followUps: '[{ ifFollowedBy: mfa.push.approved, within: 1m, severity: medium }]' },
  ],
  ['E101', 'emit.dedupeKey', 'a key other than that of the events', { emit: emit('').replace('subject.id', 'signal.ip') }],
  ['E101', 'emit', 'a network from events of one person', { emit: emit(', subject: { kind: network, id: signal.ip }') }],
  ['E101', 'emit', 'a person from events of one address', { groupBy: '[signal.ip]', emit: emit('').replace('subject.id', 'signal.ip') }],
  ['E106', 'from.events.0', 'an event that the catalogue does not know', { from: '{ events: [mfa.push.nonsense] }' }],
  [
    'E106',
    'then.0.ifFollowedBy',
    'a follow-up that it does not know',
    { followUps: '[{ ifFollowedBy: nonsense, within: 1m, severity: high }]' },
  ],
  ['E106', 'emit.signal', 'a signal that it does not know', { emit: emit('').replace('mfa_fatigue', 'nonsense') }],
  ['E106', 'emit.signal', 'the word of a person', { emit: emit('').replace('mfa_fatigue', 'admin_confirmed') }],
  ['E106', 'emit.signal', 'the word of the service', { emit: emit('').replace('mfa_fatigue', 'leaver_due') }],
  [
    'E106',
    'tests.0.events.0.type',
    'a test of other events',
    { rest: 'tests: [{ name: other, events: [{ type: signin.failed }], expect: { emit: false } }]\n' },
  ],
  ['E107', 'emit.facts.failures', 'a fact that the signal does not declare', { emit: emit(', facts: { failures: eventCount }') }],
  ['E113', 'metadata.owner', 'an owner of no form', { owner: 'somebody' }],
  ['E115', 'metadata.owner', 'what looks like a secret', { owner: 'group:xoxb-123456789012-abcdefABCDEF123456' }],
])('%s at %s: %s', (code, path, _what, parts) => {
  const result = tryCompile(detectionText(parts));
  const faults = result.ok ? [] : result.faults;
  expect(faults.map((fault) => [fault.code, fault.path])).toEqual([[code, path]]);
  expect(faults[0]).toMatchObject({ file: 'detections/d0.yaml', line: expect.any(Number), column: expect.any(Number) });
});

it('E108: the same id twice names both files', () => {
  const result = tryCompile(detectionText(), detectionText());
  expect(result.ok ? [] : result.faults).toMatchObject([
    { code: 'E108', file: 'detections/d1.yaml', line: 3, message: '`DT-900` is the id of detections/d0.yaml already' },
  ]);
});

it('events of one address may speak of the network', () => {
  expect(tryCompile(detectionText({ groupBy: '[signal.ip]', emit: network })).ok).toBe(true);
});

it('the hash of a detection does not count its tests, its links and its reasons', () => {
  const hashOf = (text: string) => {
    const result = tryCompile(text);
    return result.ok ? result.detections.documents[0]?.hash : undefined;
  };
  const tested = detectionText({ rest: 'tests: [{ name: one, events: [{ type: mfa.push.denied }], expect: { emit: false } }]\n' });
  expect(hashOf(tested)).toBe(hashOf(detectionText()));
  expect(hashOf(detectionText({ late: '47h' }))).not.toBe(hashOf(detectionText()));
});

it('a test that expects otherwise says what came instead', () => {
  const result = tryCompile(
    detectionText({
      rest: `tests:
  - { name: silent, events: [{ type: mfa.push.denied, count: 5, over: 1m }], expect: { emit: false } }
  - { name: loud, events: [{ type: mfa.push.denied, count: 5, over: 1m }], expect: { emit: true, severity: high } }
`,
    }),
  );
  expect(result.ok && runDetectionTests(result.detections)).toMatchObject([
    { policyId: 'DT-900', name: 'silent', outcome: 'failed', differences: ['emit: expected false, got true'] },
    { policyId: 'DT-900', name: 'loud', outcome: 'failed', differences: ['severity: expected high, got medium'] },
  ]);
});
