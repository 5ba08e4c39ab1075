export { endsAdministration, tooFew } from './admin-floor.ts';
export {
  approve,
  barredFrom,
  barredFromDenying,
  barredFromHolding,
  type Given,
  type HeldPlan,
  holdsMet,
  lackingOf,
  liftedBy,
  lifting,
  type PeopleBehind,
  type Refusal,
  type Speaker,
  type Word,
} from './approvals.ts';
export { bindingTable, type GuardId, guardIds, guardsInForce } from './binding.ts';
export { type BreakerCondition, type BreakerRule, type Measured, openForMs, opens, spanOf } from './breaker.ts';
export { ceilingFor } from './ceiling.ts';
export { admit } from './choose.ts';
export { type Conclusion, concludeReview, type PlanDraft } from './conclude.ts';
export type { ReachedWithout } from './counters.ts';
export { type Lasting, lastingOf } from './expiry.ts';
export { type Guardrails, type GuardrailsResult, guardrailsPath, type ProfileName, parseGuardrails } from './guardrails.ts';
export { type Ask, type HoldTerms, holdTerms, type NamedApproval, type OnTimeout, personFromRung } from './holds.ts';
export { type Asked, allowedBy, allowedPeople, answerTo, readingOf } from './limits.ts';
export { coveringPause } from './pauses.ts';
export { planListHash } from './plan-list.ts';
export { isListed, type NameList, refusesProtected } from './protected.ts';
export { type Choice, type Fate, type Review, type ReviewedAction, reachedBy, review } from './review.ts';
export { durationMs, guardProfileKind, guardrailsKind } from './schema.ts';
export { type Counted, createTally, type Tally } from './tally.ts';
export { asksForApproval, hitGuards, isForRelease, isGathered, type WordGuard } from './waiting.ts';
export { type WorstCase, worstCase } from './worst-case.ts';
