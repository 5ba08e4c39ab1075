/** Which items made the score, in points that sum to it. For explanation, not for the hot path. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceFamily, EvidenceState, ScorePoint } from '../model/risk.ts';
import { compareFamilies } from './evidence.ts';
import { multipliersOf, type ScoreContext } from './factors.ts';
import type { RiskModel, SignalType } from './model.ts';
import { ranks, score, weigh } from './score.ts';
import { compareText } from './text-order.ts';

interface Item {
  readonly type: SignalType;
  readonly family: EvidenceFamily;
  readonly key: string;
  readonly at: Instant;
  readonly value: number;
}

/** Highest first; empty for a score of 0. Items beyond the fourth of a group have no points and are left out. */
export function pointsOf(state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel): ScorePoint[] {
  const total = score(state, at, context, model).score;
  if (total === 0) return [];
  const byGroup = model.groups.map((): Item[] => []);
  weigh(state, at, context, model, (type, value, _plain, family, key, time) => {
    if (value > 0) byGroup[type.groupIndex]?.push({ type, family, key, at: time, value });
  });
  const multipliers = multipliersOf(context, model);
  const counted = byGroup.flatMap((items, group) =>
    items
      .sort((a, b) => b.value - a.value || compareFamilies(a.family, b.family) || compareText(a.key, b.key) || a.at - b.at)
      .slice(0, ranks)
      .map((item, rank) => ({
        item,
        nats: ((multipliers[group] as number) * item.value) / 2 ** rank,
        statistical: model.statistical[group] === true,
      })),
  );
  // The crumb rule scales all items alike and so leaves the shares as they are; the statistical cap does not.
  const statistical = counted.reduce((sum, each) => sum + (each.statistical ? each.nats : 0), 0);
  const scale = statistical > model.statisticalNats ? model.statisticalNats / statistical : 1;
  const shares = counted.map((each) => ({ item: each.item, nats: each.statistical ? each.nats * scale : each.nats }));
  const sum = shares.reduce((all, each) => all + each.nats, 0);
  return shares
    .map(({ item, nats }) => ({
      signalType: item.type.name,
      group: item.type.group,
      source: item.family.source,
      points: (total * nats) / sum,
      at: item.at,
    }))
    .sort((a, b) => b.points - a.points || compareText(a.signalType, b.signalType) || compareText(a.source, b.source) || b.at - a.at);
}
