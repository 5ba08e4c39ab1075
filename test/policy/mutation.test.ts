import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle } from '../../src/engine/bundle.ts';
import { createTestJudge } from '../../src/engine/replay.ts';
import { guardsInForce } from '../../src/guard/index.ts';
import { scoreMutations, scorePercent, wantedScore } from '../../src/policy/index.ts';
import { mutateCondition } from '../../src/policy/mutate.ts';

const textsOf = (condition: string) => mutateCondition(condition).map(({ text }) => text);

describe('wrong versions of a condition', () => {
  it.each([
    ['a boundary of a whole number', 'risk.groupsActive >= 2', ['risk.groupsActive < 2', 'risk.groupsActive > 2', 'true']],
    ['a boundary of a score', 'risk.score < 40.0', ['risk.score >= 40.0', 'risk.score < 36.0', 'risk.score < 44.0', 'true']],
    ['an equality', 'risk.level == "high"', ['risk.level != "high"', 'true']],
    [
      'a list',
      'risk.level in ["high", "low"]',
      ['!(risk.level in ["high", "low"])', 'risk.level in ["low"]', 'risk.level in ["high"]', 'true'],
    ],
    ['a clause without a comparison', 'signal.proof', ['!(signal.proof)', 'true']],
    ['a negation', '!signal.proof', ['signal.proof', '!(!(signal.proof))']],
    [
      'two clauses',
      'signal.proof && signal.late',
      [
        '(signal.proof) || (signal.late)',
        'signal.proof',
        'signal.late',
        '(!(signal.proof)) && (signal.late)',
        '(signal.proof) && (!(signal.late))',
      ],
    ],
  ])('of %s', (_what, condition, wanted) => {
    expect(textsOf(condition)).toEqual(wanted);
  });

  it('are each another text than the original, and none stands twice', () => {
    const condition = 'risk.score >= 40.0 && !(signal.type == "undo" || signal.late) || risk.level in ["high"]';
    const texts = textsOf(condition);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).not.toContain(condition);
  });

  it('keep the brackets of what they stand in', () => {
    expect(textsOf('(signal.proof || signal.late) && signal.proof')).toContain('((signal.proof) && (signal.late)) && (signal.proof)');
  });
});

describe('the mutation score of the shipped pack', async () => {
  const compiled = compileBundle(await readPolicyFolder(join(import.meta.dirname, '../../policies')));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults, null, 1));
  const { bundle } = compiled;
  const score = (policies = bundle.policies) => scoreMutations(policies, bundle.risk, createTestJudge(bundle), guardsInForce);

  it('reaches four fifths, and half of each policy', () => {
    const scores = score();
    const sum = (name: 'killed' | 'total') => scores.reduce((all, each) => all + each[name], 0);
    expect(scorePercent({ killed: sum('killed'), total: sum('total') })).toBeGreaterThanOrEqual(100 * wantedScore);
    // A clause may guard against what the catalogue of today never yields; no test can tell it from none.
    expect(scores.filter((each) => scorePercent(each) < 50).map(({ policyId }) => policyId)).toEqual([]);
  });

  it('counts what fails anew: a test that fails anyway notices nothing', () => {
    const policy = bundle.policies.policies[0];
    if (policy === undefined) throw new Error('nothing is shipped');
    const broken = { name: 'wrong', given: {}, expect: { match: true, rung: 0 } };
    const wrong = { ...policy, document: { ...policy.document, tests: [broken] } };
    expect(score({ ...bundle.policies, policies: [wrong] })[0]?.killed).toBe(0);
  });

  it('falls where a test is taken away', () => {
    const [policy] = bundle.policies.policies.filter(({ id }) => id === 'RP-017');
    if (policy === undefined) throw new Error('RP-017 is not shipped');
    const poorer = { ...policy, document: { ...policy.document, tests: policy.document.tests?.slice(0, 1) ?? [] } };
    const [before, after] = [[policy], [poorer]].map((policies) => score({ ...bundle.policies, policies })[0]);
    expect(after?.total).toBe(before?.total);
    expect(after?.killed).toBeLessThan(before?.killed ?? 0);
  });
});
