/** The score: evidence, faded and relieved, added up by group with diminishing weight and turned into 0-100. A function of its arguments alone. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceFamily, EvidenceState, Level } from '../model/risk.ts';
import { confidenceIn, multiplierGaps, multipliersOf, type ScoreContext } from './factors.ts';
import { levelOf } from './level.ts';
import { livesKept, type RiskModel, type SignalType } from './model.ts';
import { reliefOf } from './relief.ts';

export interface Score {
  /** Evidence in nats, rounded to nine decimals. */
  readonly nats: number;
  /** 0-100, rounded to four decimals. */
  readonly score: number;
  /** The score without the person's and the event's context. */
  readonly base: number;
  readonly level: Level;
  /** Groups with 10 points or more of evidence, the person's multipliers left out. */
  readonly groups: readonly string[];
  /** As `groups`, those of place and habit counted as one. */
  readonly groupsActive: number;
  /** True where there is evidence, and that of the other groups is under 10 points. */
  readonly statisticalOnly: boolean;
  readonly gaps: readonly string[];
}

/** How many occurrences of a group count, each half as much as the one before. */
export const ranks = 4;

/** Calls `visit` for each occurrence that still counts; values in nats. `plain` is without the factor of the event's tag. */
export function weigh(
  state: EvidenceState,
  at: Instant,
  context: ScoreContext,
  model: RiskModel,
  visit: (type: SignalType, value: number, plain: number, family: EvidenceFamily, key: string, time: Instant) => void,
): string[] {
  const relief = reliefOf(state, at, model);
  const gaps: string[] = [];
  for (const family of state.families) {
    const type = model.types.get(family.type);
    if (type === undefined || type.groupIndex < 0) {
      gaps.push(`types.${family.type}`);
      continue;
    }
    const confidence = confidenceIn(family.source, family.type, at, context, model);
    const plainNats = confidence.value * type.evidenceNats[family.band];
    const tagFactor = family.tag === '' ? 1 : (model.tagFactors.get(family.tag) ?? 1);
    let visited = false;
    for (let index = 0; index < family.seen.length; index++) {
      const seen = family.seen[index] as EvidenceFamily['seen'][number];
      const key = seen[0];
      const time = seen[1];
      const age = Math.max(0, at - time);
      if (type.halfLifeMs !== null && age > livesKept * type.halfLifeMs) break;
      if (relief.dismisses(family, key, time)) continue;
      const decay = type.halfLifeMs === null ? 1 : 2 ** (-age / type.halfLifeMs);
      const plain = plainNats * decay * relief.remains(type.groupIndex, key, time);
      visit(type, plain * tagFactor, plain, family, key, time);
      visited = true;
    }
    if (visited && !confidence.known) gaps.push(`sources.${family.source}`);
  }
  return gaps;
}

/** Scores the evidence as it stands at `at`. Types that the catalogue no longer names count nothing and are a gap. */
export function score(state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel): Score {
  const count = model.groups.length;
  const tagged = new Float64Array(count * ranks);
  const untagged = new Float64Array(count * ranks);
  const gaps = weigh(state, at, context, model, (type, value, plain) => {
    insert(tagged, type.groupIndex, value);
    insert(untagged, type.groupIndex, plain);
  });
  const multipliers = multipliersOf(context, model);
  const groups: string[] = [];
  const own = { statistical: 0, other: 0 };
  const multiplied = { statistical: 0, other: 0 };
  const plain = { statistical: 0, other: 0 };
  let statisticalActive = false;
  let otherActive = 0;
  for (let group = 0; group < count; group++) {
    if (untagged[group * ranks] === 0) continue;
    const sum = sumOf(tagged, group);
    const side = model.statistical[group] === true ? 'statistical' : 'other';
    own[side] += sum;
    multiplied[side] += (multipliers[group] as number) * sum;
    plain[side] += sumOf(untagged, group);
    if (sum < model.activeNats) continue;
    groups.push(model.groups[group] as string);
    if (side === 'statistical') statisticalActive = true;
    else otherActive++;
  }
  gaps.push(...multiplierGaps(context, (group) => (tagged[group * ranks] as number) > 0, model));
  const nats = cap(multiplied.statistical, multiplied.other, model);
  const result = toPoints(nats);
  return {
    nats,
    score: result,
    base: toPoints(cap(plain.statistical, plain.other, model)),
    level: levelOf(result, model),
    groups,
    groupsActive: otherActive + (statisticalActive ? 1 : 0),
    statisticalOnly: nats > 0 && own.other < model.activeNats,
    gaps,
  };
}

/** Nats 0 and above as points 0-100, rounded to four decimals. */
export function toPoints(nats: number): number {
  return Math.round(100 * (1 - Math.exp(-nats)) * 1e4) / 1e4;
}

/** Place and habit never reach High by themselves, nor with crumbs of another kind. Rounded to nine decimals. */
function cap(statistical: number, other: number, model: RiskModel): number {
  let sum = Math.min(statistical, model.statisticalNats) + other;
  if (other < model.activeNats) sum = Math.min(sum, model.statisticalNats);
  return Math.round(sum * 1e9) / 1e9;
}

/** Keeps the highest values of a group, highest first. */
function insert(top: Float64Array, group: number, value: number): void {
  const from = group * ranks;
  let rank = from + ranks - 1;
  if (value <= (top[rank] as number)) return;
  while (rank > from && (top[rank - 1] as number) < value) {
    top[rank] = top[rank - 1] as number;
    rank--;
  }
  top[rank] = value;
}

function sumOf(top: Float64Array, group: number): number {
  let sum = 0;
  let weight = 1;
  for (let rank = group * ranks; rank < (group + 1) * ranks; rank++) {
    sum += weight * (top[rank] as number);
    weight /= 2;
  }
  return sum;
}
