/** Everything that is judged by, loaded whole or not at all. Pure. */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type Guardrails, parseGuardrails } from '../guard/index.ts';
import { type Fault, parseYaml, sortFaults } from '../model/document.ts';
import {
  type CompiledDetections,
  type CompiledPolicies,
  compileDetections,
  compilePolicies,
  type KnownNames,
  lintFiles,
} from '../policy/index.ts';
import { parseRiskModel, type RiskModel } from '../risk/index.ts';

/** Everything that is judged by, under one hash. */
export interface Bundle {
  readonly hash: string;
  readonly files: ReadonlyMap<string, string>;
  readonly documents: readonly { readonly path: string; readonly hash: string }[];
  readonly risk: RiskModel;
  readonly policies: CompiledPolicies;
  readonly detections: CompiledDetections;
  readonly guards: Guardrails;
}

export type CompiledBundle = { readonly ok: true; readonly bundle: Bundle } | { readonly ok: false; readonly faults: readonly Fault[] };

const riskPath = 'risk.yaml';

/**
 * Loads a policy folder's files whole or not at all; every fault at once. `connections` are those of a configuration at hand; without
 * them names of connections go unchecked, so that what a configuration says never stops a bundle from loading.
 */
export function compileBundle(files: ReadonlyMap<string, string>, names: Pick<KnownNames, 'connections'> = {}): CompiledBundle {
  const riskText = files.get(riskPath);
  if (riskText === undefined)
    return { ok: false, faults: [{ file: riskPath, line: 1, column: 1, path: '', message: 'the file is missing', code: 'E101' }] };
  const risk = parseRiskModel(riskText, riskPath);
  const guards = parseGuardrails(files);
  // Without a catalogue no policy can be checked; its own faults come first.
  const known = guards.ok ? { ...names, guards: guards.guardrails.guards } : names;
  const policies = risk.ok ? compilePolicies(files, risk.value, known) : undefined;
  const detections = risk.ok ? compileDetections(files, risk.value) : undefined;
  const faults = [risk, guards, policies, detections].flatMap((part) => (part?.ok === false ? part.faults : [])).concat(lintFiles(files));
  if (!risk.ok || !guards.ok || !policies?.ok || !detections?.ok || faults.length > 0) return { ok: false, faults: sortFaults(faults) };
  const rooms = [guards.guardrails, policies.policies, detections.detections];
  const documents = [{ path: riskPath, hash: hashOf(riskText) }, ...rooms.flatMap((room) => room.documents)]
    .map(({ path, hash: documentHash }) => ({ path, hash: documentHash }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const bundleHash = hash('sha256', canonicalize(documents.map((document) => [document.path, document.hash])) as string);
  return {
    ok: true,
    bundle: {
      hash: bundleHash,
      files,
      documents,
      risk: believing(risk.value, detections.detections),
      policies: policies.policies,
      detections: detections.detections,
      guards: guards.guardrails,
    },
  };
}

/** A detection is believed as it says itself, where no rule of `risk.yaml` fits. */
function believing(risk: RiskModel, detections: CompiledDetections): RiskModel {
  const own = [...detections.byId.values()].map(({ id, signal, confidence }) => ({
    sources: new Set([id]),
    kinds: undefined,
    types: new Set([signal]),
    confidence,
  }));
  return own.length === 0 ? risk : { ...risk, confidence: { ...risk.confidence, rules: [...risk.confidence.rules, ...own] } };
}

/** Hash of what a document means: comments and layout do not count. */
function hashOf(text: string): string {
  const parsed = parseYaml(text, riskPath);
  return hash('sha256', parsed.ok ? (canonicalize(parsed.value) as string) : text);
}
