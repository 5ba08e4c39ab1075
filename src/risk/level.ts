/** Levels: where a score stands, and where it is still held once it has been higher. */
import { type Level, levels } from '../model/risk.ts';
import type { RiskModel } from './model.ts';

/** By the entry thresholds alone; this is what triggers. */
export function levelOf(score: number, model: RiskModel): Level {
  const { low, medium, high, critical } = model.levels;
  if (score >= critical.enter) return 'critical';
  if (score >= high.enter) return 'high';
  if (score >= medium.enter) return 'medium';
  return score >= low.enter ? 'low' : 'none';
}

/**
 * The held level after a score: what was held ends only below its leave threshold. For every change of inputs the step is taken with the
 * score just before it and just after, so that sampling in between changes nothing.
 */
export function holdLevel(held: Level, score: number, model: RiskModel): Level {
  let rank = levels.indexOf(held);
  while (rank > 0 && score < model.levels[levels[rank] as Exclude<Level, 'none'>].leave) rank--;
  return levels[Math.max(rank, levels.indexOf(levelOf(score, model)))] as Level;
}
