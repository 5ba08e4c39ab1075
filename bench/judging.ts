/**
 * `score.assess`, `policy.decide` and `settle.decide`: judging alone, on one core and without a store. The baseline is what anybody
 * pays who keeps the situation as text; each further row is compared with the step before it.
 */
import type { Bundle } from '../src/engine/bundle.ts';
import { conclude, consider, questionsOf } from '../src/engine.ts';
import type { Assessment } from '../src/model/risk.ts';
import type { Situation } from '../src/model/situation.ts';
import { decide } from '../src/policy/index.ts';
import { assess } from '../src/risk/index.ts';
import type { Bench } from './bench.ts';
import { bundleOf, evidenceAfter, packOf, settings, shippedPack, signalsFor, situationsOf } from './judging-world.ts';
import { measure, type Work } from './slices.ts';

const manySignals = 1_000_000;

export const judging: Bench = {
  names: [
    'score.assess',
    'score.assess.hundred',
    'score.assess.million',
    'policy.decide',
    'policy.decide.20',
    'policy.decide.1000',
    'settle.decide',
    'baseline.snapshot-text',
    'baseline.score.assess',
    'baseline.score.assess.hundred',
    'baseline.policy.decide',
    'baseline.policy.decide.20',
  ],
  async run() {
    const pack = bundleOf(shippedPack());
    const person = evidenceAfter(24, pack.risk);
    const matched = situationsOf(person, [...pack.policies.bySignalType.keys()]);
    const assessing = (situations: readonly Situation[]) => (n: number) => assess(situations[n & 63] as Situation, pack.risk).score;
    const score = assessing(
      situationsOf(person, ['impossible_travel', 'mfa_fatigue', 'leaked_credentials', 'new_country', 'caep_risk_high']),
    );
    const hundred = assessing(situationsOf(evidenceAfter(100, pack.risk), ['impossible_travel', 'mfa_fatigue', 'leaked_credentials']));
    const million = assessing(
      situationsOf(evidenceAfter(manySignals, pack.risk), ['impossible_travel', 'mfa_fatigue', 'leaked_credentials']),
    );
    const policies = deciding(pack, matched);
    const [twenty, thousand] = [20, 1000].map((count) => {
      const bundle = bundleOf(packOf(count));
      return deciding(bundle, signalsFor(count, bundle, person));
    }) as [Work, Work];
    const settle = (n: number) => {
      const draft = consider(matched[n & 63] as Situation, pack, settings, []);
      const readings = questionsOf(draft).map(({ scope, windowMs }) => ({ scope, windowMs, used: 0 }));
      return conclude(draft, readings).judgement.outcome;
    };
    return measure([
      { name: 'baseline.snapshot-text', unit: 'situations/s', work: (n) => JSON.stringify(matched[n & 63]).length },
      { name: 'baseline.score.assess', unit: 'signals/s', work: score },
      { name: 'baseline.score.assess.hundred', unit: 'signals/s', work: hundred },
      { name: 'baseline.policy.decide', unit: 'signals/s', work: policies },
      { name: 'baseline.policy.decide.20', unit: 'signals/s', work: twenty },
      { name: 'score.assess', unit: 'signals/s', to: 'baseline.snapshot-text', work: score },
      { name: 'score.assess.hundred', unit: 'signals/s', to: 'baseline.score.assess', work: hundred },
      { name: 'score.assess.million', unit: 'signals/s', to: 'baseline.score.assess.hundred', work: million },
      { name: 'policy.decide', unit: 'signals/s', to: 'baseline.score.assess', work: policies },
      { name: 'policy.decide.20', unit: 'signals/s', to: 'baseline.policy.decide', work: twenty },
      {
        name: 'policy.decide.1000',
        unit: 'signals/s',
        to: 'baseline.policy.decide.20',
        work: thousand,
      },
      { name: 'settle.decide', unit: 'signals/s', to: 'baseline.policy.decide', work: settle },
    ]);
  },
};

function deciding(bundle: Bundle, situations: readonly Situation[]): Work {
  const assessments = situations.map((situation) => assess(situation, bundle.risk));
  return (n) => decide(situations[n & 63] as Situation, assessments[n & 63] as Assessment, bundle.policies, settings).policyId;
}
