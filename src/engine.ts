/**
 * Judging, pure: assess, decide, review, in this order, from a situation and a bundle to a judgement. The same function judges live
 * signals, inline tests and records that are replayed.
 */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import {
  type Asked,
  admit,
  allowedBy,
  answerTo,
  concludeReview,
  endsAdministration,
  type Guardrails,
  type HoldTerms,
  holdTerms,
  type NamedApproval,
  type PlanDraft,
  parseGuardrails,
  personFromRung,
  type Review,
  reachedBy,
  readingOf,
  review,
} from './guard/index.ts';
import {
  type ClauseTrace,
  type CounterReading,
  type CounterUse,
  type DecidedAction,
  engineNumber,
  type Intent,
  type Judgement,
  type Reason,
} from './model/decision.ts';
import { type Fault, parseYaml, sortFaults } from './model/document.ts';
import type { Pause } from './model/pause.ts';
import type { Assessment } from './model/risk.ts';
import type { JudgingSettings } from './model/settings.ts';
import type { SignalState } from './model/signal.ts';
import type { Situation } from './model/situation.ts';
import {
  type CompiledDetections,
  type CompiledPolicies,
  compileDetections,
  compilePolicies,
  decide,
  intendOrder,
  intendReversal,
  isOrder,
  isReversal,
  type KnownNames,
  lintFiles,
  parseDuration,
  type WhatIfJudge,
} from './policy/index.ts';
import { assess, contextOf, parseRiskModel, pointsOf, type RiskModel } from './risk/index.ts';

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

/** Evidence group of a signal type; `none` for one that the catalogue does not know, which `consider` then refuses. */
export function groupOf(type: string, bundle: Bundle): string {
  return bundle.risk.types.get(type)?.group ?? 'none';
}

/** Why a signal is neither scored nor acted on. */
export interface Aside {
  readonly state: Exclude<SignalState, 'undecided'>;
  readonly reason: Reason;
}

/** A judgement short of the limits: what is still to be counted. */
export interface Draft {
  readonly situation: Situation;
  readonly state: Exclude<SignalState, 'undecided'>;
  readonly bundleHash: string;
  readonly pauses: readonly Pause[];
  readonly aside: Aside | null;
  /** Null for a signal that was set aside. */
  readonly assessment: Assessment | null;
  readonly intent: Intent | null;
  readonly review: Review | null;
}

export interface Judged {
  readonly judgement: Judgement;
  readonly plans: readonly PlanDraft[];
  readonly uses: readonly CounterUse[];
  /** Counters that stay full until a person has judged this decision. */
  readonly hits: readonly string[];
  readonly direct: boolean;
  /** Enough to judge again, bit for bit, with the bundle and the settings of the hashes in the judgement. */
  readonly snapshot: Snapshot;
}

export interface Snapshot {
  readonly situation: Situation;
  readonly pauses: readonly Pause[];
  readonly readings: readonly CounterReading[];
  readonly aside: Aside | null;
}

export function consider(
  situation: Situation,
  bundle: Bundle,
  settings: JudgingSettings,
  pauses: readonly Pause[],
  options: { readonly trace?: boolean } = {},
): Draft {
  const assessment = assess(situation, bundle.risk);
  const intent = isReversal(situation)
    ? intendReversal(situation, settings)
    : isOrder(situation)
      ? intendOrder(situation, settings, (connection) => personFromRung(bundle.guards, settings, connection))
      : decide(situation, assessment, bundle.policies, settings, options);
  return {
    situation,
    state: 'decided',
    bundleHash: bundle.hash,
    pauses,
    aside: null,
    assessment,
    intent,
    review: review(intent, situation, assessment, bundle.guards, settings, pauses, bundle.policies.lists, () =>
      reachedWithout(situation, bundle, settings, pauses),
    ),
  };
}

/** How far each policy would go if one of the other sources had said nothing of the person, source after source. */
function reachedWithout(situation: Situation, bundle: Bundle, settings: JudgingSettings, pauses: readonly Pause[]) {
  const { signal, evidence } = situation;
  const others = new Set(evidence.families.map(({ source }) => source));
  others.delete(signal.source);
  return new Map(
    [...others].map((source) => {
      const families = evidence.families.filter((family) => family.source !== source);
      // What the level was held at may be that source's doing too.
      const without: Situation = { ...situation, evidence: { ...evidence, families }, heldLevel: 'none' };
      const assessment = assess(without, bundle.risk);
      const intent = decide(without, assessment, bundle.policies, settings);
      return [source, reachedBy(review(intent, without, assessment, bundle.guards, settings, pauses, bundle.policies.lists))] as const;
    }),
  );
}

/** The lowest rung of which guards ask more than the signal and the person tell. */
const farRung = 5;

/** Whether something would act that guards ask more about; everything else is judged without. */
export function goesFar({ intent }: Draft): boolean {
  return (
    intent !== null &&
    [...intent.wanted, ...intent.fallbacks.flat()].some(
      ({ enforced, unsupported, rung, type }) => enforced && !unsupported && (rung >= farRung || endsAdministration.has(type)),
    )
  );
}

export function setAside(situation: Situation, aside: Aside, bundle: Bundle): Draft {
  return { situation, state: aside.state, bundleHash: bundle.hash, pauses: [], aside, assessment: null, intent: null, review: null };
}

/** The counters that the final word depends on; empty for most signals. */
export function questionsOf(draft: Draft): readonly Asked[] {
  return draft.review?.asked ?? [];
}

export function conclude(draft: Draft, readings: readonly CounterReading[]): Judged {
  const { situation, aside, assessment, intent } = draft;
  const facts = {
    subject: situation.subject,
    identityId: situation.identity?.id ?? null,
    cause: situation.signal.cause,
    engine: engineNumber,
    bundleHash: draft.bundleHash,
    configHash: situation.configHash,
  };
  const snapshot: Snapshot = { situation, pauses: draft.pauses, readings, aside };
  if (assessment === null || intent === null || draft.review === null) {
    const judgement: Judgement = {
      ...facts,
      policyId: null,
      policyVersion: null,
      score: 0,
      base: 0,
      level: 'none',
      mode: null,
      rung: null,
      actions: [],
      outcome: aside?.state === 'unresolved' ? 'unresolved' : 'none',
      reasons: aside === null ? [] : [aside.reason],
    };
    return { judgement, plans: [], uses: [], hits: [], direct: false, snapshot };
  }
  const final = draft.review.asked.length === 0 ? draft.review : admit(draft.review, readings);
  const { mode, outcome, actions, reasons, plans, uses, hits, direct } = concludeReview(intent, final, situation.subject);
  const { score, base, level } = assessment;
  const { policyId, policyVersion, rung } = intent;
  return {
    judgement: { ...facts, policyId, policyVersion, score, base, level, mode, rung, actions, outcome, reasons },
    plans,
    uses,
    hits,
    direct,
    snapshot,
  };
}

/** What a held plan of a decision waits for; the bundle is the one that it was decided by. */
export function holdOf(
  plan: Pick<PlanDraft, 'heldFor' | 'profile' | 'connection'> & { readonly actions: readonly Pick<DecidedAction, 'type' | 'accountId'>[] },
  decision: Pick<Judgement, 'cause' | 'actions'>,
  bundle: Pick<Bundle, 'policies' | 'guards'>,
): HoldTerms {
  const decided = heldActions(plan, decision.actions);
  const named = new Map(decided.flatMap((action) => approvalOf(action, bundle) ?? []).map((each) => [JSON.stringify(each), each]));
  const rung = Math.max(0, ...decided.map((action) => action.rung));
  return holdTerms({ heldFor: plan.heldFor ?? '', cause: decision.cause, profile: plan.profile, rung }, [...named.values()], bundle.guards);
}

/** The actions of a decision that a plan is made of, those that were held first. */
export function heldActions(
  plan: { readonly connection: string; readonly actions: readonly Pick<DecidedAction, 'type' | 'accountId'>[] },
  actions: readonly DecidedAction[],
): readonly DecidedAction[] {
  return plan.actions.flatMap(({ type, accountId }) => {
    const same = actions.filter(
      (action) => action.type === type && action.accountId === accountId && action.connection === plan.connection,
    );
    return same.find(({ state }) => state === 'held') ?? same[0] ?? [];
  });
}

function approvalOf({ policyId, step }: DecidedAction, { policies }: Pick<Bundle, 'policies'>): NamedApproval | undefined {
  const policy = policies.policies.find(({ id }) => id === policyId);
  const name = policy?.steps.find((each) => each.name === step)?.approval;
  const document = name === undefined ? undefined : policy?.document.approvals?.[name];
  if (name === undefined || document === undefined) return undefined;
  const { approvers, required, timeout, onTimeout } = document;
  return { name, approvers, required, timeoutMs: parseDuration(timeout) as number, onTimeout };
}

/** Judges a record again. */
export function rejudge({ situation, pauses, readings, aside }: Snapshot, bundle: Bundle, settings: JudgingSettings): Judgement {
  const draft = aside === null ? consider(situation, bundle, settings, pauses) : setAside(situation, aside, bundle);
  return conclude(draft, readings).judgement;
}

/** A policy that was asked, by itself: the step that it came to, or why it fell away; and each clause of its conditions. */
export interface Candidate {
  readonly policyId: string;
  readonly version: number;
  /** Null where it did not match. */
  readonly step: string | null;
  readonly reasons: readonly Reason[];
  readonly clauses: readonly Omit<ClauseTrace, 'policyId'>[];
}

/** A record judged again with everything that was looked at on the way. */
export interface Retraced {
  readonly judged: Judged;
  /** Null for a signal that was set aside. */
  readonly assessment: Assessment | null;
  readonly candidates: readonly Candidate[];
  /** Limits that were asked, and how far they had been used up. */
  readonly counters: readonly (Pick<Asked, 'scope' | 'windowMs' | 'allowed'> & { readonly used: number | null })[];
}

export function retrace({ situation, pauses, readings, aside }: Snapshot, bundle: Bundle, settings: JudgingSettings): Retraced {
  const draft = aside === null ? consider(situation, bundle, settings, pauses, { trace: true }) : setAside(situation, aside, bundle);
  const { assessment, intent } = draft;
  const { type } = situation.signal;
  const asked = assessment === null ? [] : (bundle.policies.bySignalType.get(type) ?? []);
  const candidates = asked.map((policy): Candidate => {
    const only = { ...bundle.policies, bySignalType: new Map([[type, [policy]]]) };
    const { step, reasons } = decide(situation, assessment as Assessment, only, settings);
    const clauses = (intent?.trace ?? [])
      .filter(({ policyId }) => policyId === policy.id)
      .map(({ policyId: _policy, ...clause }) => clause);
    return { policyId: policy.id, version: policy.version, step, reasons, clauses };
  });
  const counters = questionsOf(draft).map((asked) => {
    const reading = answerTo(asked, readings);
    return { scope: asked.scope, windowMs: asked.windowMs, allowed: allowedBy(asked, reading), used: reading?.used ?? null };
  });
  return { judged: conclude(draft, readings), assessment, candidates, counters };
}

/** Judges the situations of inline tests: the same steps, with the confidence, lists and counters that a test gives. */
export function createTestJudge(bundle: Bundle): WhatIfJudge {
  return (situation, given) => {
    const rules = [...given.confidence].map(([source, value]) => ({
      sources: new Set([source]),
      kinds: undefined,
      types: undefined,
      confidence: value,
    }));
    const confidence = { default: 1, rules, newTransmitter: { forMs: 0, atMost: 1 } };
    const risk: RiskModel = { ...bundle.risk, confidence };
    const draft = consider(situation, { ...bundle, risk, policies: given.policies }, given.settings, [], { trace: true });
    const { judgement } = conclude(
      draft,
      questionsOf(draft).map((asked) => readingOf(asked, given.usedOf(asked.scope))),
    );
    const assessment = draft.assessment as Assessment;
    const points = () => (situation.identity === null ? [] : pointsOf(assessment.evidence, situation.now, contextOf(situation), risk));
    return { assessment, intent: draft.intent as Intent, judgement, points };
  };
}

/** A value that two documents, or two judgements, do not share. */
export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What changed between two bundles, value by value: `risk.yaml: levels.high.enter`. */
export function diffBundles(before: Bundle, after: Bundle): readonly Difference[] {
  const paths = [...new Set([...before.files.keys(), ...after.files.keys()])].sort();
  return paths.flatMap((path) => {
    const [old, now] = [before, after].map((bundle) => {
      const text = bundle.files.get(path);
      const parsed = text === undefined ? undefined : parseYaml(text, path);
      return parsed?.ok ? parsed.value : undefined;
    });
    return diffValues(old, now).map((difference) => ({
      ...difference,
      path: difference.path === '' ? path : `${path}: ${difference.path}`,
    }));
  });
}

/** Deep comparison, member by member; arrays are compared as wholes unless both are equally many objects. */
export function diffValues(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (areRecords(before) && areRecords(after) && before.length === after.length)
    return before.flatMap((one, index) => diffValues(one, after[index], path === '' ? String(index) : `${path}.${index}`));
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => diffValues(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return canonicalize(before) === canonicalize(after) ? [] : [{ path, before: before ?? null, after: after ?? null }];
}

function areRecords(value: unknown): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isRecord);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
