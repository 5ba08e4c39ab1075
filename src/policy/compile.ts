/** Loads policy documents: all of them or none, with every fault at once. */
import type { ActionType, Rung } from '../model/action.ts';
import type { FactType, SignalCatalogue } from '../model/catalogue.ts';
import type { PolicyCooldown } from '../model/decision.ts';
import type { Fault } from '../model/document.ts';
import { sortFaults } from '../model/document.ts';
import type { Cause } from '../model/signal.ts';
import { personalKinds } from '../model/subject.ts';
import { isActionType, parametersOf, rungOf } from './action-parameters.ts';
import type { CompiledPolicies, CompiledPolicy, CompiledStep, KnownNames } from './compiled.ts';
import { indexPolicies } from './compiled.ts';
import type { Condition, ConditionEvaluator } from './condition.ts';
import { createConditionEvaluator } from './condition.ts';
import { createDocumentReader, hashOf, type Loaded, markOf } from './document-set.ts';
import { parseDuration } from './duration.ts';
import { compileException, exceptionSchema } from './exceptions.ts';
import { lintPolicy } from './lint.ts';
import { compileListDocument, listSchema } from './list-documents.ts';
import type { CompiledList } from './lists.ts';
import type { PolicyDocument, PolicyStep } from './schema.ts';
import { policySchema } from './schema.ts';
import { commonFacts, vocabularyFor } from './vocabulary.ts';

export type CompileResult =
  | { readonly ok: true; readonly policies: CompiledPolicies }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Compiles lists, policies and exceptions of a folder, by path below it (`responses/RP-017-partner-word.yaml`). Files of other rooms
 * (`risk.yaml`, `guardrails.yaml`, `profiles/`) are left alone.
 */
export function compilePolicies(files: ReadonlyMap<string, string>, catalogue: SignalCatalogue, names: KnownNames = {}): CompileResult {
  const { faults, read } = createDocumentReader(files);
  const listed = read('lists', listSchema);
  const lists = new Map(listed.map((loaded) => [loaded.document.metadata.id, compileListDocument(loaded)]));
  const evaluator = createConditionEvaluator(catalogue, lists);
  const responses = read('responses', policySchema);
  const policies = responses.flatMap((loaded) => compileDocument(loaded, { catalogue, evaluator, lists, names }) ?? []);
  const excepted = read('exceptions', exceptionSchema);
  const known = { policies: new Set(responses.map(({ document }) => document.metadata.id)), lists };
  const exceptions = excepted.flatMap((loaded) => compileException(loaded, known) ?? []);
  if (faults.length > 0) return { ok: false, faults: sortFaults(faults) };
  const factsByType = new Map([...catalogue.types].map(([type, { facts }]) => [type, facts] as const));
  const documents = [...listed.map(markOf), ...excepted.map(markOf)];
  return { ok: true, policies: indexPolicies(policies, { factsByType, lists, exceptions, documents }) };
}

interface CompileContext {
  readonly catalogue: SignalCatalogue;
  readonly evaluator: ConditionEvaluator;
  readonly lists: ReadonlyMap<string, CompiledList>;
  readonly names: KnownNames;
}

/** `undefined` where a condition did not compile; faults are reported either way. */
function compileDocument({ file, document, report }: Loaded<PolicyDocument>, context: CompileContext): CompiledPolicy | undefined {
  const { match, respond } = document;
  const facts = matchedFacts(match.signals, context.catalogue);
  const compile = (text: string, path: readonly PropertyKey[]): Condition | undefined => {
    const result = context.evaluator.compile(text, facts);
    if (result.ok) return result.condition;
    for (const fault of result.faults) report(fault.code, path, fault.message);
    return undefined;
  };
  const when = compile(document.when, ['when']);
  const conditions = respond.ladder.map((step, index) =>
    step.at === undefined ? undefined : compile(step.at, ['respond', 'ladder', index, 'at']),
  );
  const vocabulary = vocabularyFor(facts);
  lintPolicy(document, {
    vocabulary,
    when,
    conditions,
    catalogue: context.catalogue,
    names: context.names,
    lists: context.lists,
    report,
  });
  if (!when || conditions.some((condition, index) => condition === undefined && respond.ladder[index]?.at !== undefined)) return undefined;

  const steps = respond.ladder.map((step, index) => compileStep(step, index, document, conditions[index]));
  const all = [when, ...conditions.filter((condition): condition is Condition => condition !== undefined)];
  return {
    id: document.metadata.id,
    version: document.metadata.version,
    file,
    hash: hashDocument(document),
    document,
    mode: document.mode,
    causes: new Set<Cause>(match.causes ?? ['risk', 'partner']),
    sources: match.sources && new Set(match.sources),
    minConfidence: match.minConfidence ?? 0,
    maxSignalAgeMs: match.maxSignalAge === undefined ? Number.POSITIVE_INFINITY : (parseDuration(match.maxSignalAge) as number),
    kinds: new Set(match.subjects?.kinds ?? personalKinds),
    excludeGroups: new Set(match.subjects?.excludeGroups ?? []),
    excludeLists: match.subjects?.excludeLists ?? [],
    when,
    needs: (document.needs ?? []).filter((path) => !path.endsWith('?')).map((path) => ({ path, names: path.split('.') })),
    scope: respond.scope,
    steps,
    fallback: steps.find((step) => step.name === respond.fallback),
    rollout: document.rollout,
    cooldown: cooldownOf(document),
    readsPrivileged: all.some((condition) => condition.reads.has('subject.privileged')),
  };
}

function cooldownOf({ cooldown }: PolicyDocument): PolicyCooldown {
  const actionMs = parseDuration(cooldown?.sameSubjectSameAction ?? '');
  const policyMs = parseDuration(cooldown?.samePolicySameSubject ?? '');
  return { ...(actionMs === undefined ? {} : { actionMs }), ...(policyMs === undefined ? {} : { policyMs }) };
}

function compileStep(step: PolicyStep, index: number, document: PolicyDocument, at: Condition | undefined): CompiledStep {
  const rungs = step.actions.map((action) => (isActionType(action.type) ? rungOf(action.type, action) : 0));
  return {
    name: step.step,
    index,
    at,
    approval: step.approval,
    rung: Math.max(...rungs) as Rung,
    direct: document.direct === true && (document.directSteps?.includes(step.step) ?? true),
    actions: step.actions.map((action) => ({
      type: action.type as ActionType,
      parameters: parametersOf(action),
      perProvider: action.perProvider ?? {},
      perConnection: action.perConnection ?? {},
    })),
  };
}

function matchedFacts(types: readonly string[], catalogue: SignalCatalogue): Readonly<Record<string, FactType>> {
  return commonFacts(types.map((type) => catalogue.types.get(type)?.facts ?? {}));
}

/** Without what cannot change behaviour: tests, links, rationale. */
function hashDocument(document: PolicyDocument): string {
  const { tests: _tests, metadata, ...rest } = document;
  const { links: _links, rationale: _rationale, ...kept } = metadata;
  return hashOf({ ...rest, metadata: kept });
}
