/** Policies that listen to some sources only: what is said where none of them listens to this one. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/index.ts';
import { assessment, compile, policyText, settings, situation } from './support.ts';

const match = (sources: string, causes = '[risk, partner]') => `{ signals: [mass_download], causes: ${causes}, sources: ${sources} }`;
const judge = (texts: readonly string[], source = 'okta') => {
  const policies = compile(...texts);
  const look = () => decide(situation({ signal: { source } }), assessment(), policies, settings(), { trace: true });
  // What was remembered of a source says the same the second time.
  const first = look();
  expect(look()).toEqual(first);
  return first;
};
const rest = 'rollout: { percent: 100, salt: a }';

describe('of several policies for one signal', () => {
  it('those that listen to its source, its kind or to any are asked', () => {
    const texts = [
      policyText({ id: 'RP-901', match: match('[okta]'), rest }),
      policyText({ id: 'RP-902', match: match('[entra]'), rest }),
      policyText({ id: 'RP-903', match: match('[idp]'), rest }),
      policyText({ id: 'RP-904', rest }),
    ];
    const asked = judge(texts);
    expect(asked.reasons.map(({ code, ref }) => `${code} ${ref}`)).toEqual(['matched RP-901/end', 'also RP-903/end', 'also RP-904/end']);
    expect(judge(texts, 'entra').policyId).toBe('RP-902');
  });

  it('the smallest that does not listen is named where none does', () => {
    const texts = ['RP-903', 'RP-902'].map((id) => policyText({ id, match: match('[edr]') }));
    expect(judge(texts).reasons).toEqual([{ code: 'source', ref: 'RP-902' }]);
  });

  it('one that does not listen came further than one for another cause', () => {
    const texts = [policyText({ id: 'RP-901', match: match('[okta]', '[drill]') }), policyText({ id: 'RP-902', match: match('[edr]') })];
    expect(judge(texts).reasons).toEqual([{ code: 'source', ref: 'RP-902' }]);
  });

  it('one that listens and does not hold came further than one that does not listen', () => {
    const texts = [
      policyText({ id: 'RP-901', match: match('[edr]') }),
      policyText({ id: 'RP-902', match: match('[okta]'), when: 'risk.score > 99.0' }),
    ];
    expect(judge(texts).reasons).toEqual([{ code: 'when', ref: 'RP-902' }]);
  });

  it('every one is in the trace', () => {
    const texts = ['[edr]', '[okta]'].map((sources, n) => policyText({ id: `RP-90${n}`, match: match(sources) }));
    expect(judge(texts).trace.map(({ policyId }) => policyId)).toEqual(['RP-900', 'RP-901']);
  });
});
