import { describe, expect, it } from 'vitest';
import { compile, policyText, tryCompile } from './support.ts';

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
    ['E106', 'a signal type that the catalogue does not know', policyText({ match: '{ signals: [nonsense], subjects: { excludeGroups: [break-glass] } }' })],
    ['E106', 'an action that there is not', policyText({ ladder: '[{ step: end, actions: [{ type: laptop.melt }] }]' })],
    ['E106', 'a fallback that is no step', policyText({ ladder: '[{ step: end, actions: [{ type: session.revoke }] }]\n  fallback: nowhere' })],
    ['E107', 'a fact that not every type declares', policyText({ rest: 'needs: [facts.malware]\n' })],
    ['E111', 'a harsh step without approval', policyText({ ladder: '[{ step: end, actions: [{ type: account.suspend, expires: 4h }] }]' })],
    ['E112', 'missing tests', policyText({ tests: 'tests: []\n' })],
    ['E113', 'an owner of no form', policyText().replace('group:soc', 'someone')],
    ['E115', 'what looks like a secret', policyText().replace('An example', 'token xoxb-123456789012-abcdefABCDEF123456')],
    ['E116', 'an action that does not fit the subject', policyText({ ladder: '[{ step: end, actions: [{ type: ip.block, expires: 1h }] }]' })],
    ['E117', 'direct without a reason', policyText({ rest: 'direct: true\n' })],
    ['E118', 'a fallback that is no lower step', policyText({ ladder: '[{ step: end, actions: [{ type: session.revoke }] }]\n  fallback: end' })],
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
    const faults = faultsOf(policyText({ when: 'risk.scorr > 1.0', rest: 'direct: true\n' }), policyText({ id: 'RP-901', when: 'risk.score' }));
    expect(faults.map((fault) => `${fault.file} ${fault.code}`)).toEqual(['responses/p0.yaml E103', 'responses/p0.yaml E117', 'responses/p1.yaml E102']);
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
