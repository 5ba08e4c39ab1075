import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePolicies } from '../../src/policy/index.ts';
import { catalogue, compile, policyText, tryCompile } from './support.ts';

function faultsOf(...texts: string[]) {
  const result = tryCompile(...texts);
  return result.ok ? [] : result.faults;
}

describe('a fault names its code and its place', () => {
  it.each([
    ['E101', 'an unknown key', policyText({ rest: 'nonsense: 1\n' })],
    ['E101', 'text that is no YAML', 'a: [1'],
    ['E102', 'a condition that is no bool', policyText({ when: 'risk.score' })],
    ['E103', 'a field that does not exist', policyText({ when: 'risk.scorr > 1.0' })],
    ['E104', 'a regular expression', policyText({ when: 'signal.source.matches("a")' })],
    [
      'E106',
      'a signal type that the catalogue does not know',
      policyText({ match: '{ signals: [nonsense], subjects: { excludeGroups: [break-glass] } }' }),
    ],
    ['E106', 'an action that there is not', policyText({ ladder: '[{ step: end, actions: [{ type: laptop.melt }] }]' })],
    [
      'E106',
      'a fallback that is no step',
      policyText({ ladder: '[{ step: end, actions: [{ type: session.revoke }] }]\n  fallback: nowhere' }),
    ],
    ['E107', 'a fact that not every type declares', policyText({ rest: 'needs: [facts.malware]\n' })],
    ['E111', 'a harsh step without approval', policyText({ ladder: '[{ step: end, actions: [{ type: account.suspend, expires: 4h }] }]' })],
    ['E112', 'missing tests', policyText({ tests: 'tests: []\n' })],
    ['E113', 'an owner of no form', policyText().replace('group:soc', 'someone')],
    ['E115', 'what looks like a secret', policyText().replace('An example', 'token xoxb-123456789012-abcdefABCDEF123456')],
    [
      'E116',
      'an action that does not fit the subject',
      policyText({ ladder: '[{ step: end, actions: [{ type: ip.block, expires: 1h }] }]' }),
    ],
    ['E117', 'direct without a reason', policyText({ rest: 'direct: true\n' })],
    [
      'E118',
      'a fallback that is no lower step',
      policyText({ ladder: '[{ step: end, actions: [{ type: session.revoke }] }]\n  fallback: end' }),
    ],
    ['E124', 'a suspension without an end', policyText({ ladder: '[{ step: end, actions: [{ type: account.suspend }] }]' })],
  ])('%s: %s', (code, _what, text) => {
    const faults = faultsOf(text);
    expect(faults.map((fault) => fault.code)).toContain(code);
    for (const fault of faults) {
      expect(fault.file).toBe('responses/p0.yaml');
      expect(fault.line).toBeGreaterThan(0);
      expect(fault.column).toBeGreaterThan(0);
    }
  });

  it('E108: the same id twice names both files', () => {
    expect(faultsOf(policyText(), policyText()).map(({ code, file, message }) => [code, file, message])).toEqual([
      ['E108', 'responses/p1.yaml', '`RP-900` is the id of responses/p0.yaml already'],
    ]);
  });

  it('points at the line of the value that is wrong', () => {
    const [fault] = faultsOf(policyText({ when: 'risk.scorr > 1.0' }));
    expect(fault).toMatchObject({ line: 6, column: 1, path: 'when' });
  });

  it('tells all faults of all files at once, and loads nothing', () => {
    const faults = faultsOf(
      policyText({ when: 'risk.scorr > 1.0', rest: 'direct: true\n' }),
      policyText({ id: 'RP-901', when: 'risk.score' }),
    );
    expect(faults.map((fault) => `${fault.file} ${fault.code}`)).toEqual([
      'responses/p0.yaml E103',
      'responses/p0.yaml E117',
      'responses/p1.yaml E102',
    ]);
  });
});

describe('the place of a fault is that of the key or item that is wrong', () => {
  const suspend = (rest: string) => policyText({ ladder: `\n    - step: end\n${rest}` });
  it.each([
    ['E101', 'nonsense', policyText({ rest: 'nonsense: 1\n' })],
    ['E101', 'colour', suspend('      actions:\n        - { type: session.revoke, colour: red }')],
    ['E103', 'at:', suspend('      at: risk.scorr > 1.0\n      actions: [{ type: session.revoke }]')],
    ['E103', 'device.typo', policyText({ rest: 'needs: [device.typo]\n' })],
    ['E106', 'nonsense', policyText({ match: '{ signals: [nonsense], subjects: { excludeGroups: [break-glass] } }' })],
    ['E106', 'approval', suspend('      approval: nobody\n      actions: [{ type: session.revoke }]')],
    ['E106', 'fallback', policyText({ rest: '  fallback: nowhere\n' })],
    ['E106', 'laptop.melt', policyText({ rest: 'undo: { auto: [laptop.melt], window: 1h }\n' })],
    ['E107', 'facts.malware', policyText({ rest: 'needs: [facts.malware]\n' })],
    ['E108', 'id', `${policyText()}`],
    ['E111', '{ step', policyText({ ladder: '[{ step: end, actions: [{ type: account.suspend, expires: 4h }] }]' })],
    ['E112', 'tests', policyText({ tests: 'tests: []\n' })],
    ['E113', 'owner', policyText().replace('group:soc', 'someone')],
    ['E115', 'title', policyText().replace('An example', 'xoxb-123456789012-abcdefABCDEF123456')],
    ['E116', 'type: ip.block', policyText({ ladder: '[{ step: end, actions: [{ type: ip.block, expires: 1h }] }]' })],
    ['E116', 'scope', policyText({ match: '{ signals: [mass_download], subjects: { kinds: [device] } }' })],
    ['E117', 'direct', policyText({ rest: 'direct: true\n' })],
    ['E117', 'nowhere', policyText({ rest: 'direct: true\ndirectReason: because\ndirectSteps: [nowhere]\n' })],
    ['E118', 'fallback', policyText({ rest: '  fallback: end\n' })],
    ['E124', '{ type: account.suspend', policyText({ ladder: '[{ step: end, actions: [{ type: account.suspend }] }]' })],
  ])('%s at `%s`', (code, token, text) => {
    const fault = (code === 'E108' ? faultsOf(text, text) : faultsOf(text)).find((one) => one.code === code);
    expect(text.split('\n')[(fault?.line ?? 0) - 1]?.slice((fault?.column ?? 0) - 1)).toMatch(
      new RegExp(`^${token.replace(/[{.]/g, '\\$&')}`),
    );
  });

  it('E106: connections are checked where a configuration is at hand', () => {
    const files = new Map([
      [
        'responses/p.yaml',
        policyText({ match: '{ signals: [mass_download], sources: [okta-main, idp], subjects: { excludeGroups: [break-glass] } }' }),
      ],
    ]);
    expect(compilePolicies(files, catalogue).ok).toBe(true);
    expect(compilePolicies(files, catalogue, { connections: new Set(['okta-main']) }).ok).toBe(true);
    const result = compilePolicies(files, catalogue, { connections: new Set(['other']) });
    expect(result.ok ? [] : result.faults.map((fault) => [fault.code, fault.path])).toEqual([['E106', 'match.sources.0']]);
  });

  it('E101: a folder whose documents would change decisions and are not served is a fault, not a silence', () => {
    const result = compilePolicies(new Map([['detections/x.yaml', 'kind: Detection']]), catalogue);
    expect(result.ok ? [] : result.faults.map((fault) => [fault.code, fault.file])).toEqual([['E101', 'detections/x.yaml']]);
  });
});

describe('a whole document', () => {
  it('with approvals, guardrails, cooldown, undo, escalation and notices is accepted and carried', () => {
    const full = readFileSync(new URL('full-policy.yaml', import.meta.url), 'utf8');
    const document = compile(full).policies[0]?.document;
    for (const key of ['approvals', 'guardrails', 'cooldown', 'undo', 'escalation', 'notify', 'risk'] as const)
      expect(document?.[key]).toBeDefined();
    expect(document?.respond.verify).toEqual({ within: '2m', by: ['providerReadBack', 'sessionProbe'] });
  });
});

describe('the hash of a document', () => {
  const hashOf = (text: string) => compile(text).documents[0]?.hash;
  it('changes with what the document means and with nothing else', () => {
    const before = hashOf(policyText());
    expect(hashOf(`# a comment\n${policyText()}`)).toBe(before);
    expect(hashOf(policyText().replace('name: fires', 'name: it fires'))).toBe(before);
    expect(hashOf(policyText({ when: 'risk.score >= 1.0' }))).not.toBe(before);
  });
});
