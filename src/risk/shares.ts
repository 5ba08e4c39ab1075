/** Which occurrences make the score, ranked within their groups, each with its share. For explanation, not for the hot path. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceFamily, EvidenceState } from '../model/risk.ts';
import { compareFamilies } from './evidence.ts';
import { multipliersOf, type ScoreContext } from './factors.ts';
import type { RiskModel, SignalType } from './model.ts';
import { ranks, type Score, score, weigh } from './score.ts';
import { compareText } from './text-order.ts';

/** An occurrence that still lives: neither faded away nor dismissed. */
export interface Item {
  readonly type: SignalType;
  readonly family: EvidenceFamily;
  readonly key: string;
  readonly at: Instant;
  /** Nats with the factor of the event's tag, without the person's multiplier. */
  readonly value: number;
  /** Nats without either. */
  readonly plain: number;
}

export interface Share {
  readonly item: Item;
  /** Place in the group, from 1; only the first four count. */
  readonly rank: number;
  /** Nats that it brings to the sum, multiplier and rank included, the cap of place and habit not. */
  readonly nats: number;
  /** Sums to the score; 0 beyond the fourth rank. */
  readonly points: number;
}

export interface Shares {
  readonly score: Score;
  readonly shares: readonly Share[];
  /** Nats of place and habit, and of all other groups, before cap and crumb rule. */
  readonly statisticalNats: number;
  readonly otherNats: number;
}

/** Names an occurrence within a state. */
export function nameOf({ family, key, at }: Pick<Item, 'family' | 'key' | 'at'>): string {
  return JSON.stringify([family.type, family.band, family.source, family.tag, key, at]);
}

/** Every living occurrence; `neutral` shares out the base: the score without the person's multipliers and the event's factors. */
export function sharesOf(state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel, view: 'full' | 'neutral'): Shares {
  const scored = score(state, at, context, model);
  const neutral = view === 'neutral';
  const total = neutral ? scored.base : scored.score;
  const worth = (item: Item) => (neutral ? item.plain : item.value);
  const byGroup = model.groups.map((): Item[] => []);
  weigh(state, at, context, model, (type, value, plain, family, key, time) => {
    byGroup[type.groupIndex]?.push({ type, family, key, at: time, value, plain });
  });
  const multipliers = multipliersOf(context, model);
  const counted = byGroup.flatMap((items, group) =>
    items
      .sort((a, b) => worth(b) - worth(a) || compareFamilies(a.family, b.family) || compareText(a.key, b.key) || a.at - b.at)
      .map((item, index) => ({
        item,
        rank: index + 1,
        nats: index < ranks ? ((neutral ? 1 : (multipliers[group] as number)) * worth(item)) / 2 ** index : 0,
        statistical: model.statistical[group] === true,
      })),
  );
  const natsOf = (statistical: boolean) => counted.reduce((sum, each) => sum + (each.statistical === statistical ? each.nats : 0), 0);
  const statisticalNats = natsOf(true);
  const otherNats = natsOf(false);
  // The crumb rule scales all items alike and so leaves the shares as they are; the statistical cap does not.
  const scale = statisticalNats > model.statisticalNats ? model.statisticalNats / statisticalNats : 1;
  const sum = counted.reduce((all, each) => all + each.nats * (each.statistical ? scale : 1), 0);
  const shares = counted.map(({ item, rank, nats, statistical }) => ({
    item,
    rank,
    nats,
    points: total === 0 || nats === 0 ? 0 : (total * nats * (statistical ? scale : 1)) / sum,
  }));
  return { score: scored, shares, statisticalNats, otherNats };
}
