/** How well the inline tests of a policy pin its conditions down: the share of wrong versions that they notice. */
import type { SignalCatalogue } from '../model/catalogue.ts';
import { type CompiledPolicies, type CompiledPolicy, indexPolicies } from './compiled.ts';
import { type Condition, createConditionEvaluator } from './condition.ts';
import { runInlineTests, type TestJudge } from './inline-tests.ts';
import { mutateCondition } from './mutate.ts';
import { commonFacts } from './vocabulary.ts';

export interface MutationScore {
  readonly policyId: string;
  readonly file: string;
  readonly total: number;
  readonly killed: number;
  /** Wrong versions on which every test passes. */
  readonly survivors: readonly { readonly path: readonly PropertyKey[]; readonly change: string }[];
}

/** The share below which a policy counts as untested. */
export const wantedScore = 0.8;

/** Percent, a policy without conditions to change having all. */
export function scorePercent({ killed, total }: Pick<MutationScore, 'killed' | 'total'>): number {
  return total === 0 ? 100 : (100 * killed) / total;
}

/** Runs the tests of every policy on each wrong version of its conditions. A version is noticed where a test fails that held before. */
export function scoreMutations(
  policies: CompiledPolicies,
  catalogue: SignalCatalogue,
  judge: TestJudge,
  guardsInForce: readonly string[],
): readonly MutationScore[] {
  const evaluator = createConditionEvaluator(catalogue, policies.lists);
  return policies.policies.map((policy) => {
    const facts = commonFacts(policy.document.match.signals.map((type) => catalogue.types.get(type)?.facts ?? {}));
    const survivors: MutationScore['survivors'][number][] = [];
    let total = 0;
    const failures = (one: CompiledPolicy) => {
      const set = indexPolicies([one], { factsByType: policies.factsByType, lists: policies.lists });
      return runInlineTests(set, judge, guardsInForce).map(({ outcome }) => outcome === 'failed');
    };
    const before = failures(policy);
    for (const place of placesOf(policy)) {
      for (const { text, change } of mutateCondition(place.condition.text)) {
        const compiled = evaluator.compile(text, facts);
        if (!compiled.ok) continue;
        total++;
        const noticed = failures(place.with(compiled.condition)).some((failed, test) => failed && !before[test]);
        if (!noticed) survivors.push({ path: place.path, change });
      }
    }
    return { policyId: policy.id, file: policy.file, total, killed: total - survivors.length, survivors };
  });
}

interface Place {
  readonly path: readonly PropertyKey[];
  readonly condition: Condition;
  /** The policy with another condition here. */
  readonly with: (condition: Condition) => CompiledPolicy;
}

function placesOf(policy: CompiledPolicy): readonly Place[] {
  const steps = policy.steps.flatMap((step): Place[] =>
    step.at === undefined
      ? []
      : [
          {
            path: ['respond', 'ladder', step.index, 'at'],
            condition: step.at,
            with: (at) => withSteps(policy, step.index, at),
          },
        ],
  );
  return [{ path: ['when'], condition: policy.when, with: (when) => ({ ...policy, when }) }, ...steps];
}

/** The fallback is one of the steps, and stays the same one. */
function withSteps(policy: CompiledPolicy, index: number, at: Condition): CompiledPolicy {
  const steps = policy.steps.map((step) => (step.index === index ? { ...step, at } : step));
  return { ...policy, steps, fallback: policy.fallback && steps[policy.fallback.index] };
}
