/** Doubts about two policies that answer the same signal. */
import { personalKinds } from '../model/subject.ts';
import { exploreBoundaries } from './boundaries.ts';
import type { BoundaryModel } from './boundary-points.ts';
import type { CompiledPolicies, CompiledPolicy, CompiledStep } from './compiled.ts';
import type { Doubt } from './doubts.ts';
import { admittedBy, conditionsOf } from './doubts-of-conditions.ts';
import type { Values } from './values.ts';

/** Pairs grow with the square of the policies; beyond this many nobody reads the answers either. */
const maxPairs = 500;

/** W203: one does nothing that another does not do anyway. W204: both act, and disagree how. */
export function pairDoubts(policies: CompiledPolicies, model: BoundaryModel, doubt: Doubt): void {
  for (const [a, b] of pairsOf(policies)) {
    const both = commonSamples(a, b, model);
    if (both === undefined) continue;
    const [first, second] = [isSubsumed(a, b, both), isSubsumed(b, a, both)];
    if (first || second) {
      const [weaker, stronger] = first ? [a, b] : [b, a];
      doubt('W203', weaker.file, ['when'], `${stronger.id} matches whenever this policy does, and does as much`);
      continue;
    }
    const conflict = conflictOf(a, b, both);
    if (conflict !== undefined)
      doubt(
        'W204',
        b.file,
        ['respond', 'ladder', conflict.step.index],
        `${conflict.what} differs from ${a.id}/${conflict.other.name} in the same situation`,
      );
  }
}

function pairsOf({ bySignalType }: CompiledPolicies): readonly (readonly [CompiledPolicy, CompiledPolicy])[] {
  const pairs = new Map<string, readonly [CompiledPolicy, CompiledPolicy]>();
  for (const candidates of bySignalType.values()) {
    for (const [index, a] of candidates.entries()) {
      for (const b of candidates.slice(index + 1)) {
        if (pairs.size >= maxPairs) return [...pairs.values()];
        if (meet(a, b)) pairs.set(`${a.id}\n${b.id}`, [a, b]);
      }
    }
  }
  return [...pairs.values()];
}

function meet(a: CompiledPolicy, b: CompiledPolicy): boolean {
  if (a.mode === 'disabled' || b.mode === 'disabled') return false;
  const shared = <T>(x: ReadonlySet<T>, y: ReadonlySet<T>) => [...x].some((each) => y.has(each));
  return shared(a.causes, b.causes) && shared(a.kinds, b.kinds) && (!a.sources || !b.sources || shared(a.sources, b.sources));
}

/** Situations that both admit; `undefined` where they cannot be listed, or where the two read facts that the other does not know. */
function commonSamples(a: CompiledPolicy, b: CompiledPolicy, model: BoundaryModel): readonly Values[] | undefined {
  const [left, right] = [admittedBy(a, model), admittedBy(b, model)];
  const kinds = left.kinds.filter((kind) => right.kinds.includes(kind));
  const signals = left.signals.filter((type) => right.signals.includes(type));
  const admitted = {
    signals,
    kinds,
    minConfidence: Math.max(left.minConfidence, right.minConfidence),
    needs: [...left.needs, ...right.needs],
    facts: { ...left.facts, ...right.facts },
  };
  const { samples, exhaustive } = exploreBoundaries([...conditionsOf(a), ...conditionsOf(b)], admitted, model);
  return exhaustive ? samples : undefined;
}

/** Whether `a` lets in no more than `b`, and in every situation `b` takes a step that holds all that `a` would do. */
function isSubsumed(a: CompiledPolicy, b: CompiledPolicy, samples: readonly Values[]): boolean {
  const within = <T>(x: ReadonlySet<T>, y: ReadonlySet<T>) => [...x].every((each) => y.has(each));
  const admits =
    within(new Set(a.document.match.signals), new Set(b.document.match.signals)) &&
    within(a.causes, b.causes) &&
    within(a.kinds, b.kinds) &&
    (b.sources === undefined || (a.sources !== undefined && within(a.sources, b.sources))) &&
    a.minConfidence >= b.minConfidence &&
    a.maxSignalAgeMs <= b.maxSignalAgeMs &&
    within(b.excludeGroups, a.excludeGroups) &&
    within(new Set(b.excludeLists), new Set(a.excludeLists)) &&
    b.needs.every(({ path }) => a.needs.some((need) => need.path === path)) &&
    (b.rollout === undefined || b.rollout.percent >= 100) &&
    (a.mode !== 'enforce' || b.mode === 'enforce') &&
    (a.scope === b.scope || !personalKinds.includes(a.scope));
  if (!admits) return false;
  const matched = samples.flatMap((values) => {
    const own = takenStep(a, values);
    return own === undefined ? [] : [{ own, other: takenStep(b, values) }];
  });
  return matched.length > 0 && matched.every(({ own, other }) => other !== undefined && doesAsMuch(other, own));
}

function doesAsMuch(other: CompiledStep, own: CompiledStep): boolean {
  return (
    other.rung >= own.rung &&
    (own.approval !== undefined || other.approval === undefined) &&
    own.actions.every((action) =>
      other.actions.some((each) => each.type === action.type && JSON.stringify(each.parameters) === JSON.stringify(action.parameters)),
    )
  );
}

interface Conflict {
  readonly step: CompiledStep;
  readonly other: CompiledStep;
  readonly what: string;
}

/** The same action with other words, or with and without an approval. Which of them wins is settled; that somebody meant it is not. */
function conflictOf(a: CompiledPolicy, b: CompiledPolicy, samples: readonly Values[]): Conflict | undefined {
  for (const values of samples) {
    const [left, right] = [takenStep(a, values), takenStep(b, values)];
    if (left === undefined || right === undefined) continue;
    for (const action of right.actions) {
      const same = left.actions.find(({ type }) => type === action.type);
      if (same === undefined) continue;
      const names = [...new Set([...Object.keys(same.parameters), ...Object.keys(action.parameters)])];
      const name = names.find((each) => same.parameters[each] !== action.parameters[each]);
      if (name !== undefined) return { step: right, other: left, what: `\`${name}\` of ${action.type}` };
      if ((left.approval === undefined) !== (right.approval === undefined))
        return { step: right, other: left, what: `the approval of ${action.type}` };
    }
  }
  return undefined;
}

function takenStep(policy: CompiledPolicy, values: Values): CompiledStep | undefined {
  if (policy.when.evaluate(values) !== 'true') return undefined;
  return policy.steps.findLast(({ at }) => at === undefined || at.evaluate(values) === 'true');
}
