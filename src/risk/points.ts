/** Which items made the score, in points that sum to it. For explanation, not for the hot path. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState, ScorePoint } from '../model/risk.ts';
import type { ScoreContext } from './factors.ts';
import type { RiskModel } from './model.ts';
import { sharesOf } from './shares.ts';
import { compareText } from './text-order.ts';

/** Highest first; empty for a score of 0. Items beyond the fourth of a group have no points and are left out. */
export function pointsOf(state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel): ScorePoint[] {
  return sharesOf(state, at, context, model, 'full')
    .shares.filter(({ points }) => points > 0)
    .map(({ item, points }) => ({
      signalType: item.type.name,
      group: item.type.group,
      source: item.family.source,
      points,
      at: item.at,
    }))
    .sort((a, b) => b.points - a.points || compareText(a.signalType, b.signalType) || compareText(a.source, b.source) || b.at - a.at);
}
