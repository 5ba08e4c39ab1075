/** Scores a situation and says which facts moved the number. Pure. */
export { assess, evidenceAt, type Occurrence, occurrenceOf } from './assess.ts';
export { contextSteps, heldLevelAt, nextCrossing, nextLook } from './crossing.ts';
export { type Course, type Crossing, type Curve, courseOf, crossingsOf, curveOf, evidenceUntil, heldBefore, lookBacks } from './curve.ts';
export { type Dismissal, dismissalOf, isDismissed, isSameOccurrence } from './dismissal.ts';
export { bandOf, bucketOf, evidenceOfDismissal, evidenceOfMarks, mergeEvidence, pruneEvidence } from './evidence.ts';
export { parseEvidence, serialiseEvidence } from './evidence-text.ts';
export { type ExplainedItem, type Explanation, explain } from './explanation.ts';
export { contextOf, type ScoreContext, tagOf } from './factors.ts';
export { holdLevel, levelOf } from './level.ts';
export { parseRiskModel, type RiskModel, type SignalType } from './model.ts';
export { evidenceOfOwn, scoreWithoutOwn, withoutOwn } from './own-marks.ts';
export { pointsOf } from './points.ts';
export { riskModelKind } from './schema.ts';
export { type Score, score } from './score.ts';
