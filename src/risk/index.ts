/** Scores a situation and says which facts moved the number. Pure. */
export { assess, evidenceAt } from './assess.ts';
export { bucketOf, evidenceOfDismissal, evidenceOfMarks, mergeEvidence, pruneEvidence } from './evidence.ts';
export { parseEvidence, serialiseEvidence } from './evidence-text.ts';
export { contextOf, type ScoreContext, tagOf } from './factors.ts';
export { holdLevel, levelOf } from './level.ts';
export { parseRiskModel, type RiskModel, type SignalType } from './model.ts';
export { pointsOf } from './points.ts';
export { riskModelKind } from './schema.ts';
export { type Score, score } from './score.ts';
