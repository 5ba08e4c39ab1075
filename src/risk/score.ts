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
  const tagged = emptied(scratch.tagged, count * ranks);
  const untagged = emptied(scratch.untagged, count * ranks);
  const gaps = weigh(state, at, context, model, (type, value, plain) => {
    insert(tagged, type.groupIndex, value);
    insert(untagged, type.groupIndex, plain);
  });
  const multipliers = multipliersOf(context, model);
  const groups: string[] = [];
  // Of place and habit, and of all other groups: with the person's multipliers, and without them and the event's tag.
  let others = 0;
  let multipliedStatistical = 0;
  let multipliedOther = 0;
  let plainStatistical = 0;
  let plainOther = 0;
  let statisticalActive = false;
  let otherActive = 0;
  for (let group = 0; group < count; group++) {
    if (untagged[group * ranks] === 0) continue;
    const sum = sumOf(tagged, group);
    const multiplied = (multipliers[group] as number) * sum;
    const plain = sumOf(untagged, group);
    const active = sum >= model.activeNats;
    if (active) groups.push(model.groups[group] as string);
    if (model.statistical[group] === true) {
      multipliedStatistical += multiplied;
      plainStatistical += plain;
      if (active) statisticalActive = true;
    } else {
      others += sum;
      multipliedOther += multiplied;
      plainOther += plain;
      if (active) otherActive++;
    }
  }
  const missing = multiplierGaps(context, (group) => (tagged[group * ranks] as number) > 0, model);
  if (missing.length > 0) gaps.push(...missing);
  const nats = cap(multipliedStatistical, multipliedOther, model);
  const result = toPoints(nats);
  return {
    nats,
    score: result,
    base: toPoints(cap(plainStatistical, plainOther, model)),
    level: levelOf(result, model),
    groups,
    groupsActive: otherActive + (statisticalActive ? 1 : 0),
    statisticalOnly: nats > 0 && others < model.activeNats,
    gaps,
  };
}

/** Room for the highest values of 32 groups, used anew by every score: nothing else in it costs as much as making such an array. */
const scratch = { tagged: new Float64Array(32 * ranks), untagged: new Float64Array(32 * ranks) };

function emptied(room: Float64Array, size: number): Float64Array {
  if (size > room.length) return new Float64Array(size);
  for (let index = 0; index < size; index++) room[index] = 0;
  return room;
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
