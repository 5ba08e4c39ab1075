import { describe, expect, it } from 'vitest';
import type { CompiledPolicies } from '../../src/policy/index.ts';
import { decide, runInlineTests, type TestJudge } from '../../src/policy/index.ts';
import { assess } from '../../src/risk/index.ts';
import { catalogue, compile, policyText } from './support.ts';

/** Judges without guards: whatever is wanted is released. */
const judge: TestJudge = (situation, given) => {
  const assessment = assess(situation, catalogue);
  const intent = decide(situation, assessment, given.policies, given.settings);
  const actions = intent.wanted.map((wanted) => ({ ...wanted, state: 'released' as const }));
  const { score, base, level } = assessment;
  const judgement = {
    subject: situation.subject,
    identityId: null,
    cause: situation.signal.cause,
    engine: 1,
    bundleHash: '',
    configHash: '',
    score,
    base,
    level,
    actions,
    outcome: 'released' as const,
    ...intent,
  };
  return { assessment, intent, judgement };
};

const run = (policies: CompiledPolicies) => runInlineTests(policies, judge, ['people']);
const complete = `
  - { name: quiet, given: { subject: { kind: device } }, expect: { match: false, because: subject } }
  - { name: apart, given: { subject: { groups: [break-glass] } }, expect: { match: false, because: excluded } }
  - { name: unknown, given: { device: { compliance: unknown } }, expect: { match: true } }
`;

describe('an inline test', () => {
  it('that does not hold tells each difference: what was expected, what came', () => {
    const tests = `
tests:
  - { name: wrong, given: {}, expect: { match: true, step: other, rung: 2, score: 12, level: high, runs: other, actions: [token.revoke] } }${complete}`;
    const ladder =
      '[{ step: other, at: "risk.score > 99.0", actions: [{ type: mfa.require }] }, { step: end, actions: [{ type: session.revoke }] }]';
    const [wrong, ...others] = run(compile(policyText({ ladder, tests })));
    expect(wrong).toEqual({
      policyId: 'RP-900',
      file: 'responses/p0.yaml',
      name: 'wrong',
      outcome: 'failed',
      differences: [
        'step: expected other, got end',
        'rung: expected 2, got 3',
        'score: expected 12, got 44',
        'level: expected high, got medium',
        'runs: expected other, got end',
        'actions: expected token.revoke, got session.revoke',
      ],
    });
    expect(others.map((result) => result.outcome)).toEqual(['passed', 'passed', 'passed']);
  });

  it('expects the exact actions of the step: one too many is a difference', () => {
    const tests = `\ntests:\n  - { name: short, given: {}, expect: { match: true, actions: [session.revoke] } }${complete}`;
    const [short] = run(
      compile(policyText({ ladder: '[{ step: end, actions: [{ type: session.revoke }, { type: token.revoke }] }]', tests })),
    );
    expect(short?.differences).toEqual(['actions: expected session.revoke, got session.revoke, token.revoke']);
  });

  it('that expects a guard which is not in force is skipped by name, and fails where anything else differs', () => {
    const tests = `
tests:
  - { name: held, given: { counters: { surge: 8 } }, expect: { match: true, step: end, held: surge } }
  - { name: held and wrong, given: {}, expect: { match: true, rung: 6, held: surge } }${complete}`;
    expect(
      run(compile(policyText({ tests })))
        .slice(0, 2)
        .map(({ outcome, differences }) => [outcome, differences]),
    ).toEqual([
      ['skipped', ['the guard surge is not in force in this version']],
      ['failed', ['rung: expected 6, got 3']],
    ]);
  });

  it('is judged by its own policy alone, and by what came before its last signal', () => {
    const tests = `
tests:
  - { name: two, given: { signals: [{ type: anomalous_token, at: -10m }, { type: mass_download }] }, expect: { match: true, score: 74.69 } }
  - { name: off, given: { signals: [{ type: mass_download, severity: low }] }, expect: { match: false, because: when } }
  - { name: apart, given: { subject: { groups: [break-glass] } }, expect: { match: false, because: excluded } }
  - { name: unknown, given: { device: { compliance: unknown } }, expect: { match: true } }
`;
    const results = run(
      compile(
        policyText({ when: 'risk.score >= 30.0', tests }),
        policyText({ id: 'RP-100' }).replace(/tests:[\s\S]*/, `tests:\n  - { name: fires, given: {}, expect: { match: true } }${complete}`),
      ),
    );
    expect(results.filter((result) => result.outcome !== 'passed')).toEqual([]);
  });
});
