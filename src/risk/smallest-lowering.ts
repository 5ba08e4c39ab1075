/** The smallest change by which the level would fall: one item, mark or multiplier less, or two of them. */
import type { Instant } from '../model/clock.ts';
import { type EvidenceState, type Level, levels } from '../model/risk.ts';
import { appliesTo, type ScoreContext } from './factors.ts';
import type { MultiplierRow, RiskModel } from './model.ts';
import { score } from './score.ts';
import type { Item, Share } from './shares.ts';

/** Something that could be otherwise: an occurrence that was none, a multiplier that did not apply. */
export type Dropped =
  | { readonly kind: 'item'; readonly signalType: string; readonly source: string; readonly key: string; readonly at: Instant }
  | { readonly kind: 'multiplier'; readonly when: Pick<MultiplierRow, 'tier' | 'executive' | 'hr'> };

export interface Lowering {
  readonly without: readonly Dropped[];
  readonly score: number;
  readonly level: Level;
  /** By how much the score would fall. */
  readonly points: number;
}

interface Candidate {
  readonly dropped: Dropped;
  readonly item?: Item;
  readonly row?: MultiplierRow;
}

/**
 * Every item that counts and every multiplier that applies is left out in turn, then each pair; of those that suffice the one that takes
 * the fewest points. A mark only ever lowers a score, so leaving one out never helps. Null at level none, and where two do not suffice.
 */
export function smallestLowering(
  state: EvidenceState,
  at: Instant,
  context: ScoreContext,
  model: RiskModel,
  shares: readonly Share[],
): Lowering | null {
  const now = score(state, at, context, model);
  if (now.level === 'none') return null;
  const candidates: readonly Candidate[] = [
    ...shares.filter(({ points }) => points > 0).map(({ item }) => ofItem(item)),
    ...model.multipliers.rows.filter((row) => appliesTo(row, context) && row.factors.some((factor) => factor > 1)).map(ofRow),
  ];
  const lowering = (chosen: readonly Candidate[]): Lowering | undefined => {
    const after = scoreWithout(chosen, state, at, context, model);
    if (levels.indexOf(after.level) >= levels.indexOf(now.level)) return undefined;
    return {
      without: chosen.map(({ dropped }) => dropped),
      score: after.score,
      level: after.level,
      points: Math.round((now.score - after.score) * 1e4) / 1e4,
    };
  };
  const alone = candidates.map((candidate) => [candidate]);
  const pairs = candidates.flatMap((one, index) => candidates.slice(index + 1).map((other) => [one, other]));
  return fewest(alone.flatMap((chosen) => lowering(chosen) ?? [])) ?? fewest(pairs.flatMap((chosen) => lowering(chosen) ?? [])) ?? null;
}

function fewest(found: readonly Lowering[]): Lowering | undefined {
  return [...found].sort((a, b) => a.points - b.points)[0];
}

function ofItem(item: Item): Candidate {
  const { type, family, key, at } = item;
  return { item, dropped: { kind: 'item', signalType: type.name, source: family.source, key, at } };
}

function ofRow(row: MultiplierRow): Candidate {
  const { tier, executive, hr } = row;
  return { row, dropped: { kind: 'multiplier', when: { tier, executive, hr } } };
}

function scoreWithout(chosen: readonly Candidate[], state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel) {
  const families = state.families
    .map((family) => {
      const gone = chosen.flatMap(({ item }) => (item?.family === family ? [item] : []));
      if (gone.length === 0) return family;
      return { ...family, seen: family.seen.filter(([key, time]) => !gone.some((item) => item.key === key && item.at === time)) };
    })
    .filter(({ seen }) => seen.length > 0);
  const rows = model.multipliers.rows.filter((row) => !chosen.some((each) => each.row === row));
  return score({ ...state, families }, at, context, { ...model, multipliers: { ...model.multipliers, rows } });
}
