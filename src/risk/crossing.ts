/**
 * When the held level changes by itself. Between events a score only falls, but for the day on which a new source comes to be believed
 * in full; so the next fall below a threshold is found by bisection, stretch by stretch.
 */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState, Level } from '../model/risk.ts';
import type { ScoreContext } from './factors.ts';
import { holdLevel } from './level.ts';
import type { RiskModel } from './model.ts';
import { score } from './score.ts';

/** The instants after `after` at which the context changes by plan: the first days of a transmitter end. In order. */
export function contextSteps(state: EvidenceState, after: Instant, context: ScoreContext, model: RiskModel): readonly Instant[] {
  const steps = new Set<Instant>();
  for (const { source } of state.families) {
    const standing = Object.hasOwn(context.sources, source) ? context.sources[source] : undefined;
    if (standing?.kind !== 'transmitters') continue;
    const step = standing.since + model.confidence.newTransmitter.forMs;
    if (step > after) steps.add(step);
  }
  return [...steps].sort((a, b) => a - b);
}

/**
 * The first instant from `now` on at which the score lies below the leave threshold of the held level; undefined where it never does,
 * or where nothing is held.
 */
export function nextCrossing(
  state: EvidenceState,
  held: Level,
  now: Instant,
  context: ScoreContext,
  model: RiskModel,
): Instant | undefined {
  if (held === 'none') return undefined;
  const { leave } = model.levels[held];
  const below = (at: Instant) => score(state, at, context, model).score < leave;
  let from = now;
  for (const until of [...contextSteps(state, now, context, model), fadedAt(state, now, model)]) {
    if (until <= from) continue;
    if (below(from)) return from;
    if (below(until - 1)) return firstBelow(below, from, until - 1);
    from = until;
  }
  return below(from) ? from : undefined;
}

/** The next instant at which somebody must look at the held level: it falls, or the context changes. */
export function nextLook(state: EvidenceState, held: Level, now: Instant, context: ScoreContext, model: RiskModel): Instant | undefined {
  const crossing = nextCrossing(state, held, now, context, model);
  const [step] = contextSteps(state, now, context, model);
  if (crossing === undefined || step === undefined) return crossing ?? step;
  return Math.min(crossing, step);
}

/** The held level at `now`, of one that was right until `since`: every planned change of the context in between is a step of its own. */
export function heldLevelAt(
  state: EvidenceState,
  held: Level,
  since: Instant,
  now: Instant,
  context: ScoreContext,
  model: RiskModel,
): Level {
  const steps = contextSteps(state, since - 1, context, model).filter((step) => step <= now);
  return [...steps.flatMap((step) => [step - 1, step]), now].reduce(
    (level, at) => holdLevel(level, score(state, at, context, model).score, model),
    held,
  );
}

/** From then on only what never fades is left. */
function fadedAt(state: EvidenceState, now: Instant, model: RiskModel): Instant {
  const newest = state.families.reduce((latest, { seen }) => Math.max(latest, seen[0]?.[1] ?? latest), now);
  return newest + model.longestMs + 1;
}

/** `below(above)` is false and `below(under)` true; and it turns once. */
export function firstBelow(below: (at: Instant) => boolean, above: Instant, under: Instant): Instant {
  let high = above;
  let low = under;
  while (low - high > 1) {
    const middle = high + Math.floor((low - high) / 2);
    if (below(middle)) low = middle;
    else high = middle;
  }
  return low;
}
