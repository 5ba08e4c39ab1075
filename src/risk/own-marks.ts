/**
 * Marks that a decision's own actions set while another part of it waits: the person's score takes them in, the waiting part is judged
 * without them. Otherwise the milder step, once done, would defeat the approval of the harder one.
 */
import type { Instant } from '../model/clock.ts';
import { type EvidenceState, emptyEvidence } from '../model/risk.ts';
import type { MarkClass } from '../model/signal.ts';
import type { ScoreContext } from './factors.ts';
import type { RiskModel } from './model.ts';
import { type Score, score } from './score.ts';

/** A state that holds one such mark. */
export function evidenceOfOwn(decisionId: string, markClass: MarkClass, at: Instant): EvidenceState {
  return { ...emptyEvidence, own: [[decisionId, markClass, at]] };
}

/** The state as it would be without what the decision's own actions set. */
export function withoutOwn(decisionId: string, { own, ...rest }: EvidenceState): EvidenceState {
  const others = (own ?? []).filter(([by]) => by !== decisionId);
  return others.length === 0 ? rest : { ...rest, own: others };
}

/** The score as the waiting part of a decision is to be compared with. */
export function scoreWithoutOwn(decisionId: string, state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel): Score {
  return score(withoutOwn(decisionId, state), at, context, model);
}
