/** Doubts about the conditions of one policy: what can never, or always, or only by chance be true. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Boundaries, exploreBoundaries } from './boundaries.ts';
import type { Admitted, BoundaryModel } from './boundary-points.ts';
import { clausesOf, treeOf } from './comparisons.ts';
import type { CompiledPolicy, CompiledStep } from './compiled.ts';
import type { Condition } from './condition.ts';
import type { Doubt } from './doubts.ts';
import { readsOf } from './syntax.ts';
import { commonFacts, type Field, vocabularyFor } from './vocabulary.ts';

export function conditionDoubts(policy: CompiledPolicy, model: BoundaryModel, doubt: Doubt): void {
  const admitted = admittedBy(policy, model);
  const statistical = policy.document.match.signals.every((type) => isStatistical(type, model));
  const boundaries = exploreBoundaries(conditionsOf(policy), admitted, model, statistical ? ['risk.statisticalOnly'] : []);
  if (boundaries.exhaustive) {
    constantDoubts(policy, boundaries, doubt);
    ladderDoubts(policy, boundaries, doubt);
  }
  descendingDoubts(policy, doubt);
  if (statistical) statisticalDoubts(policy, boundaries, doubt);
  for (const { condition, path } of placesOf(policy)) uncertaintyDoubts(condition, policy, vocabularyFor(admitted.facts), path, doubt);
}

export function admittedBy(policy: CompiledPolicy, model: BoundaryModel): Admitted {
  const { signals } = policy.document.match;
  return {
    signals,
    kinds: [...policy.kinds],
    minConfidence: policy.minConfidence,
    needs: policy.needs.map(({ path }) => path),
    facts: commonFacts(signals.map((type) => model.types.get(type)?.facts ?? {})),
  };
}

export function conditionsOf(policy: CompiledPolicy): readonly Condition[] {
  return placesOf(policy).map(({ condition }) => condition);
}

function placesOf(policy: CompiledPolicy): readonly { readonly condition: Condition; readonly path: readonly PropertyKey[] }[] {
  return [
    { condition: policy.when, path: ['when'] },
    ...policy.steps.flatMap(({ at, index }) => (at === undefined ? [] : [{ condition: at, path: ['respond', 'ladder', index, 'at'] }])),
  ];
}

function isStatistical(type: string, model: BoundaryModel): boolean {
  return model.statistical[model.groups.indexOf(model.types.get(type)?.group ?? '')] === true;
}

/** W202, of whole conditions, and of clauses where the whole is not constant. */
function constantDoubts(policy: CompiledPolicy, { samples }: Boundaries, doubt: Doubt): void {
  for (const { condition, path } of placesOf(policy)) {
    const whole = new Set(samples.map((values) => condition.evaluate(values)));
    if (!whole.has('true')) doubt('W202', policy.file, path, 'is never true');
    else if (whole.size === 1) doubt('W202', policy.file, path, 'is always true');
    else {
      const clauses = new Map<string, Set<string>>();
      for (const values of samples) {
        for (const { clause, value } of condition.trace(values)) clauses.set(clause, (clauses.get(clause) ?? new Set()).add(value));
      }
      for (const [clause, seen] of clauses) {
        if (!seen.has('true')) doubt('W202', policy.file, path, `\`${clause}\` is never true`);
        else if (seen.size === 1) doubt('W202', policy.file, path, `\`${clause}\` is always true`);
      }
    }
  }
}

/** W201: a step that holds only where the policy does not, or never without a later one that goes no further. */
function ladderDoubts(policy: CompiledPolicy, { samples }: Boundaries, doubt: Doubt): void {
  const holds = new Set<CompiledStep>();
  const useful = new Set<CompiledStep>(policy.fallback ? [policy.fallback] : []);
  for (const values of samples) {
    if (policy.when.evaluate(values) !== 'true') continue;
    const holding = policy.steps.filter(({ at }) => at === undefined || at.evaluate(values) === 'true');
    for (const step of holding) {
      holds.add(step);
      // A lower step is what runs where the configuration or a guard stops the higher one.
      if (!holding.some((later) => later.index > step.index && later.rung <= step.rung)) useful.add(step);
    }
  }
  // Where nothing matches at all, W202 has said so.
  if (holds.size === 0) return;
  for (const step of policy.steps) {
    const path = ['respond', 'ladder', step.index];
    if (!holds.has(step)) doubt('W201', policy.file, path, `\`${step.name}\` never holds where \`when\` does`);
    else if (!useful.has(step))
      doubt('W201', policy.file, path, `\`${step.name}\` is never taken: a later step of no higher rung always holds too`);
  }
}

function descendingDoubts(policy: CompiledPolicy, doubt: Doubt): void {
  policy.steps.forEach((step, index) => {
    const before = policy.steps[index - 1];
    if (before !== undefined && step.rung < before.rung)
      doubt(
        'W201',
        policy.file,
        ['respond', 'ladder', index],
        `rung ${step.rung} comes after rung ${before.rung}: the last step that holds is taken`,
      );
  });
}

/** W212: place and habit alone, which are guesses, reach a session. */
function statisticalDoubts(policy: CompiledPolicy, { samples }: Boundaries, doubt: Doubt): void {
  const harsh = new Set<CompiledStep>();
  for (const values of samples) {
    const { statisticalOnly } = values.variables['risk'] as { readonly statisticalOnly: boolean };
    if (!statisticalOnly || policy.when.evaluate(values) !== 'true') continue;
    const taken = policy.steps.findLast(({ at }) => at === undefined || at.evaluate(values) === 'true');
    if (taken !== undefined && taken.rung >= 3) harsh.add(taken);
  }
  for (const step of harsh) {
    doubt(
      'W212',
      policy.file,
      ['respond', 'ladder', step.index],
      `\`${step.name}\` has rung ${step.rung} and needs statistical evidence only`,
    );
  }
}

/**
 * W211: `||`, `!` and `!=` beside a value that nobody may know. A policy that names the value in `needs`, with "?" or without, or asks
 * whether it is known, has thought of it.
 */
function uncertaintyDoubts(
  condition: Condition,
  policy: CompiledPolicy,
  vocabulary: ReadonlyMap<string, Field>,
  path: readonly PropertyKey[],
  doubt: Doubt,
): void {
  const tree = treeOf(condition);
  const considered = new Set((policy.document.needs ?? []).map((need) => need.replace(/\?$/, '')));
  for (const clause of clausesOf(tree)) if (asksWhetherKnown(clause)) for (const read of readsOf(clause, vocabulary)) considered.add(read);
  const uncertain = (node: ASTNode) =>
    [...readsOf(node, vocabulary)].filter((read) => vocabulary.get(read)?.whenUnknown !== 'never' && !considered.has(read));
  const found = new Map<string, string>();
  const visit = (node: ASTNode): void => {
    if (node.op === '||' || node.op === '!_' || node.op === '!=') {
      for (const read of uncertain(node)) if (!found.has(read)) found.set(read, node.op === '!_' ? '!' : node.op);
    }
    if (node.op === '&&' || node.op === '||' || node.op === '?:') node.args.forEach(visit);
    else if (node.op === '!_') visit(node.args);
  };
  visit(tree);
  for (const [read, operator] of found) {
    doubt('W211', policy.file, path, `\`${read}\` beside \`${operator}\` may be unknown: name it in needs, with "?" if it may`);
  }
}

function asksWhetherKnown(node: ASTNode): boolean {
  return node.op === 'call' && (node.args[0] === 'known' || node.args[0] === 'has');
}
