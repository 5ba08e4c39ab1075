/** Loads policy documents: all of them or none, with every fault at once. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { ActionType, Rung } from '../model/action.ts';
import type { FactType, SignalCatalogue } from '../model/catalogue.ts';
import type { Fault } from '../model/document.ts';
import { readDocument, sortFaults } from '../model/document.ts';
import type { Cause } from '../model/signal.ts';
import { personalKinds } from '../model/subject.ts';
import { isActionType, parametersOf, rungOf } from './action-parameters.ts';
import type { CompiledPolicies, CompiledPolicy, CompiledStep } from './compiled.ts';
import { indexPolicies } from './compiled.ts';
import type { Condition, ConditionEvaluator } from './condition.ts';
import { createConditionEvaluator } from './condition.ts';
import { parseDuration } from './duration.ts';
import { lintPolicy } from './lint.ts';
import type { GuardBounds } from './lint-guardrails.ts';
import type { CompiledList } from './lists.ts';
import type { PolicyDocument, PolicyStep } from './schema.ts';
import { policySchema } from './schema.ts';
import { commonFacts, vocabularyFor } from './vocabulary.ts';

export interface KnownNames {
  readonly lists?: ReadonlyMap<string, CompiledList>;
  /** Ids of configured connections and transmitters; absent where no configuration is at hand: then names of connections go unchecked. */
  readonly connections?: ReadonlySet<string>;
  /** What no policy may loosen, and the ids of all guards; absent: unchecked. */
  readonly guards?: GuardBounds & Readonly<Record<string, unknown>>;
}

export type CompileResult =
  | { readonly ok: true; readonly policies: CompiledPolicies }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const policyFile = /^responses\/.+\.ya?ml$/;
/** Folders whose documents would change decisions and are not served: a file there is a fault, not a silence. */
const unservedFile = /^(detections|lists|exceptions)\/.+\.ya?ml$/;

/**
 * Compiles the policy files of a folder, by path below it (`responses/RP-017-partner-word.yaml`). Files of other rooms
 * (`risk.yaml`, `guardrails.yaml`, `profiles/`) are left alone.
 */
export function compilePolicies(files: ReadonlyMap<string, string>, catalogue: SignalCatalogue, names: KnownNames = {}): CompileResult {
  const lists = names.lists ?? new Map<string, CompiledList>();
  const evaluator = createConditionEvaluator(catalogue, lists);
  const faults: Fault[] = [];
  const policies: CompiledPolicy[] = [];
  const seen = new Map<string, string>();
  for (const [file, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (unservedFile.test(file)) {
      faults.push({
        file,
        line: 1,
        column: 1,
        path: '',
        message: `documents of ${file.split('/')[0]}/ are not served by this version`,
        code: 'E101',
      });
    }
    if (!policyFile.test(file)) continue;
    const read = readDocument(policySchema, text, file);
    if (!read.ok) {
      faults.push(...read.faults.map((fault) => ({ ...fault, code: fault.code ?? 'E101' })));
      continue;
    }
    const report = (code: string, path: readonly PropertyKey[], message: string) =>
      faults.push({ file, ...read.locate(path), path: path.map(String).join('.'), message, code });
    const document = read.value;
    const before = seen.get(document.metadata.id);
    if (before !== undefined) report('E108', ['metadata', 'id'], `\`${document.metadata.id}\` is the id of ${before} already`);
    seen.set(document.metadata.id, file);
    const compiled = compileDocument(document, { file, catalogue, evaluator, lists, names, report });
    if (compiled) policies.push(compiled);
  }
  if (faults.length > 0) return { ok: false, faults: sortFaults(faults) };
  const factsByType = new Map([...catalogue.types].map(([type, { facts }]) => [type, facts] as const));
  return { ok: true, policies: indexPolicies(policies, { factsByType, lists }) };
}

/** Records a fault of the document at hand. */
export type Report = (code: string, path: readonly PropertyKey[], message: string) => void;

interface CompileContext {
  readonly file: string;
  readonly catalogue: SignalCatalogue;
  readonly evaluator: ConditionEvaluator;
  readonly lists: ReadonlyMap<string, CompiledList>;
  readonly names: KnownNames;
  readonly report: Report;
}

/** `undefined` where a condition did not compile; faults are reported either way. */
function compileDocument(document: PolicyDocument, context: CompileContext): CompiledPolicy | undefined {
  const { match, respond } = document;
  const facts = matchedFacts(match.signals, context.catalogue);
  const compile = (text: string, path: readonly PropertyKey[]): Condition | undefined => {
    const result = context.evaluator.compile(text, facts);
    if (result.ok) return result.condition;
    for (const fault of result.faults) context.report(fault.code, path, fault.message);
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
    report: context.report,
  });
  if (!when || conditions.some((condition, index) => condition === undefined && respond.ladder[index]?.at !== undefined)) return undefined;

  const steps = respond.ladder.map((step, index) => compileStep(step, index, document, conditions[index]));
  const all = [when, ...conditions.filter((condition): condition is Condition => condition !== undefined)];
  return {
    id: document.metadata.id,
    version: document.metadata.version,
    file: context.file,
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
    readsPrivileged: all.some((condition) => condition.reads.has('subject.privileged')),
  };
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

/** SHA-256 (hex) of the RFC 8785 form without what cannot change behaviour: tests, links, rationale. */
export function hashDocument(document: PolicyDocument): string {
  const { tests: _tests, metadata, ...rest } = document;
  const { links: _links, rationale: _rationale, ...kept } = metadata;
  return createHash('sha256')
    .update(canonicalize({ ...rest, metadata: kept }) as string)
    .digest('hex');
}
