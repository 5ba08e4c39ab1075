/** Why the score is what it is: every item with its points, what fades when, what lowered what, and what would change the level. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState, Level } from '../model/risk.ts';
import type { Severity } from '../model/signal.ts';
import { type Crossing, courseOf, crossingsOf } from './curve.ts';
import { bucketOf } from './evidence.ts';
import { appliesTo, confidenceIn, multipliersOf, type ScoreContext } from './factors.ts';
import { effectsOf, type MarkEffect } from './mark-effects.ts';
import { livesKept, type MultiplierRow, type RiskModel, toNats } from './model.ts';
import { ownCounted } from './relief.ts';
import { ranks, type Score } from './score.ts';
import { type Item, nameOf, type Share, sharesOf } from './shares.ts';
import { type Lowering, smallestLowering } from './smallest-lowering.ts';

export interface ExplainedItem {
  readonly signalType: string;
  readonly group: string;
  readonly source: string;
  readonly band: Severity;
  readonly tag: string;
  /** Session, network or device under which it is kept, as a keyed hash; empty where none was named. */
  readonly key: string;
  /** Number of the ten minutes whose signals share this occurrence. */
  readonly bucket: number;
  readonly at: Instant;
  /** Sums to the score over all items. */
  readonly points: number;
  /** Sums to the base: as it would be without the person's multipliers and the event's factor. */
  readonly neutralPoints: number;
  /** Place in the group, from 1; beyond the fourth nothing counts. Null where it was dismissed. */
  readonly rank: number | null;
  readonly counts: boolean;
  /** Nats when fresh: what the catalogue gives the type at this severity. */
  readonly freshNats: number;
  readonly confidence: number;
  readonly tagFactor: number;
  readonly multiplier: number;
  readonly decay: number;
  /** What remediation leaves of it, 0-1. */
  readonly remains: number;
  /** Indexes of `marks`: those that lower or dismiss it. */
  readonly loweredBy: readonly number[];
  readonly halfLifeMs: number | null;
  /** When it would show less than one point if it stood alone; null where it never will, or does already. */
  readonly belowOnePointAt: Instant | null;
  /** The last instant at which it is kept; null where it never fades. */
  readonly goneAfter: Instant | null;
}

export interface ExplainedMultiplier {
  readonly when: Pick<MultiplierRow, 'tier' | 'executive' | 'hr'>;
  readonly groups: readonly { readonly group: string; readonly factor: number }[];
}

export interface Explanation extends Score {
  readonly at: Instant;
  readonly heldLevel: Level;
  /** Most points first, then newest. */
  readonly items: readonly ExplainedItem[];
  readonly marks: readonly MarkEffect[];
  /** Rows that apply to the person and multiply a group with evidence. */
  readonly multipliers: readonly ExplainedMultiplier[];
  /** Factor by group, where it is not 1: the product of the rows, kept within its bounds. */
  readonly factors: readonly { readonly group: string; readonly factor: number }[];
  /** Where a rule took something off: nats before and after. */
  readonly statisticalCap: { readonly before: number; readonly after: number } | null;
  readonly crumbRule: { readonly before: number; readonly after: number } | null;
  /** Downward steps of the held level to come if nothing else happens. */
  readonly next: readonly Crossing[];
  readonly lowering: Lowering | null;
}

/** `held` is the level held up to this instant; the score at `at` is applied to it. */
export function explain(evidence: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel, held: Level): Explanation {
  const state = ownCounted(evidence);
  const { score, shares, statisticalNats, otherNats } = sharesOf(state, at, context, model, 'full');
  const neutral = new Map(sharesOf(state, at, context, model, 'neutral').shares.map(({ item, points }) => [nameOf(item), points]));
  // What the occurrences would be without any mark: dismissed ones are only seen this way.
  const bare = { ...state, marks: { classes: [], targets: [], occurrences: [] } };
  const untouched = sharesOf(bare, at, context, model, 'full').shares;
  const living = new Map(shares.map((share) => [nameOf(share.item), share]));
  const { marks, lowers } = effectsOf(state, at, context, model);
  const multipliers = multipliersOf(context, model);
  const items = untouched.map(({ item }): ExplainedItem => {
    const name = nameOf(item);
    return describe(item, living.get(name), {
      at,
      context,
      model,
      neutralPoints: neutral.get(name) ?? 0,
      multiplier: multipliers[item.type.groupIndex] as number,
      loweredBy: lowers.flatMap((lowered, index) => (lowered.has(name) ? [index] : [])),
    });
  });
  const capped = Math.min(statisticalNats, model.statisticalNats);
  const horizon = at + model.longestMs + model.confidence.newTransmitter.forMs + 1;
  const { crossings } = crossingsOf(courseOf(state, at, context, model), held, at, horizon, model);
  const heldNow = crossings.filter((crossing) => crossing.at === at).at(-1)?.to ?? held;
  return {
    ...score,
    at,
    heldLevel: heldNow,
    items: items.sort((a, b) => b.points - a.points || b.at - a.at),
    marks,
    multipliers: model.multipliers.rows.filter((row) => appliesTo(row, context)).flatMap((row) => describeRow(row, shares, model)),
    factors: factorsOf(shares, multipliers, model),
    statisticalCap: statisticalNats > capped ? { before: statisticalNats, after: capped } : null,
    crumbRule: capped + otherNats - score.nats > 1e-9 ? { before: capped + otherNats, after: score.nats } : null,
    next: crossings.filter((crossing) => crossing.at > at && crossing.direction === 'down'),
    lowering: smallestLowering(state, at, context, model, shares),
  };
}

interface Surround {
  readonly at: Instant;
  readonly context: ScoreContext;
  readonly model: RiskModel;
  readonly neutralPoints: number;
  readonly multiplier: number;
  readonly loweredBy: readonly number[];
}

function describe(bare: Item, share: Share | undefined, surround: Surround): ExplainedItem {
  const { at, context, model, neutralPoints, multiplier, loweredBy } = surround;
  const { type, family } = bare;
  const { halfLifeMs } = type;
  const freshNats = type.evidenceNats[family.band];
  const confidence = confidenceIn(family.source, family.type, at, context, model).value;
  const alone = multiplier * (share?.item.value ?? 0);
  return {
    signalType: type.name,
    group: type.group,
    source: family.source,
    band: family.band,
    tag: family.tag,
    key: bare.key,
    bucket: bucketOf(bare.at),
    at: bare.at,
    points: share?.points ?? 0,
    neutralPoints,
    rank: share?.rank ?? null,
    counts: share !== undefined && share.rank <= ranks && share.nats > 0,
    freshNats,
    confidence,
    tagFactor: family.tag === '' ? 1 : (model.tagFactors.get(family.tag) ?? 1),
    multiplier,
    decay: freshNats === 0 ? 1 : bare.plain / (confidence * freshNats),
    remains: share === undefined ? 0 : bare.plain === 0 ? 1 : share.item.plain / bare.plain,
    loweredBy,
    halfLifeMs,
    belowOnePointAt:
      halfLifeMs === null || alone <= onePoint ? null : Math.ceil(Math.max(at, bare.at) + halfLifeMs * Math.log2(alone / onePoint)),
    goneAfter: halfLifeMs === null ? null : bare.at + livesKept * halfLifeMs,
  };
}

const onePoint = toNats(1);

function describeRow(row: MultiplierRow, shares: readonly Share[], model: RiskModel): readonly ExplainedMultiplier[] {
  const groups = groupsWith(shares, (group) => row.factors[group] as number, model);
  if (groups.length === 0) return [];
  const { tier, executive, hr } = row;
  return [{ when: { tier, executive, hr }, groups }];
}

function factorsOf(shares: readonly Share[], multipliers: readonly number[], model: RiskModel): Explanation['factors'] {
  return groupsWith(shares, (group) => multipliers[group] as number, model);
}

function groupsWith(shares: readonly Share[], factorOf: (group: number) => number, model: RiskModel): Explanation['factors'] {
  const present = [...new Set(shares.filter(({ item }) => item.value > 0).map(({ item }) => item.type.groupIndex))].sort((a, b) => a - b);
  return present.map((group) => ({ group: model.groups[group] as string, factor: factorOf(group) })).filter(({ factor }) => factor !== 1);
}
