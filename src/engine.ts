/**
 * Judging, pure: assess, decide, review, in this order, from a situation and a bundle to a judgement. The same function judges live
 * signals, inline tests and records that are replayed.
 */
import type { Bundle } from './engine/bundle.ts';
import {
  type Asked,
  admit,
  concludeReview,
  endsAdministration,
  type PlanDraft,
  personFromRung,
  type Review,
  reachedBy,
  review,
} from './guard/index.ts';
import { type CounterReading, type CounterUse, engineNumber, type Intent, type Judgement, type Reason } from './model/decision.ts';
import type { Pause } from './model/pause.ts';
import type { Assessment } from './model/risk.ts';
import type { JudgingSettings } from './model/settings.ts';
import type { SignalState } from './model/signal.ts';
import type { Situation } from './model/situation.ts';
import { decide, intendOrder, intendReversal, isOrder, isReversal } from './policy/index.ts';
import { assess } from './risk/index.ts';

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
