/** Records judged again, and tests judged like records: the same steps as for live signals. Pure. */
import { conclude, consider, type Judged, questionsOf, type Snapshot, setAside } from '../engine.ts';
import { type Asked, allowedBy, answerTo, readingOf } from '../guard/index.ts';
import type { ClauseTrace, Intent, Judgement, Reason } from '../model/decision.ts';
import type { Assessment } from '../model/risk.ts';
import type { JudgingSettings } from '../model/settings.ts';
import { decide, type WhatIfJudge } from '../policy/index.ts';
import { contextOf, pointsOf, type RiskModel } from '../risk/index.ts';
import type { Bundle } from './bundle.ts';

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
