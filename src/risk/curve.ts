/** The score as a curve over time: what had happened by an instant, samples for a plot, and where the held level changes. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState, Level } from '../model/risk.ts';
import { firstBelow } from './crossing.ts';
import type { ScoreContext } from './factors.ts';
import { holdLevel } from './level.ts';
import { livesKept, type RiskModel } from './model.ts';
import { ownCounted } from './relief.ts';
import { score } from './score.ts';

/** The held level changes: upwards at the threshold by which the new one is entered, downwards at the one by which the old one is left. */
export interface Crossing {
  readonly at: Instant;
  readonly from: Level;
  readonly to: Level;
  readonly direction: 'up' | 'down';
  readonly threshold: number;
}

export interface Curve {
  readonly from: Instant;
  readonly to: Instant;
  readonly samples: readonly { readonly at: Instant; readonly score: number }[];
  readonly crossings: readonly Crossing[];
}

/** Between two breaks the score never rises: only events and scheduled changes of context move it up. */
export interface Course {
  scoreAt(at: Instant): number;
  /** Ascending, each once. */
  readonly breaks: readonly Instant[];
}

/** What had happened by then; what was cleared later had not been cleared. Dismissals of single occurrences carry no instant and hold throughout. */
export function evidenceUntil(evidence: EvidenceState, at: Instant): EvidenceState {
  const families = evidence.families
    .map((family) => ({ ...family, seen: family.seen.filter(([, time]) => time <= at) }))
    .filter((family) => family.seen.length > 0);
  const { classes, targets, occurrences } = evidence.marks;
  const own = evidence.own?.filter(([, , time]) => time <= at);
  return {
    v: evidence.v,
    families,
    marks: { classes: classes.filter(([, , time]) => time <= at), targets: targets.filter(([, , , time]) => time <= at), occurrences },
    ...(own === undefined ? {} : { own }),
  };
}

const mostLookBacks = 12;

/** Instants, the later end among them, of which the evidence together holds all that lived in between; coarser over a long time. */
export function lookBacks(from: Instant, to: Instant, model: RiskModel): readonly Instant[] {
  if (from >= to) return [to];
  const lives = [...model.types.values()].flatMap(({ halfLifeMs }) => (halfLifeMs === null ? [] : [halfLifeMs]));
  const step = Math.max(livesKept * Math.min(model.longestMs, ...lives), Math.ceil((to - from) / mostLookBacks));
  const count = Math.ceil((to - from) / step);
  return [...Array.from({ length: count }, (_, n) => from + n * step), to];
}

/** The course of evidence as it is known at `known`: before, event by event; from then on, fading. */
export function courseOf(state: EvidenceState, known: Instant, context: ScoreContext, model: RiskModel): Course {
  const events = [
    ...state.families.flatMap(({ seen }) => seen.map(([, at]) => at)),
    ...ownCounted(state).marks.classes.map(([, , at]) => at),
    ...state.marks.targets.map(([, , , at]) => at),
  ].filter((at) => at <= known);
  const scheduled = Object.values(context.sources)
    .filter(({ kind }) => kind === 'transmitters')
    .map(({ since }) => since + model.confidence.newTransmitter.forMs);
  // Plot and crossings ask for the same instants.
  const scores = new Map<Instant, number>();
  return {
    scoreAt(at) {
      const asked = scores.get(at) ?? score(at < known ? evidenceUntil(state, at) : state, at, context, model).score;
      scores.set(at, asked);
      return asked;
    },
    breaks: [...new Set([...events, ...scheduled, known])].sort((a, b) => a - b),
  };
}

/** Every change of the held level from `from` to `to`, the first instant in each case, found by bisection; and what is held in the end. */
export function crossingsOf(
  course: Course,
  held: Level,
  from: Instant,
  to: Instant,
  model: RiskModel,
): { readonly crossings: readonly Crossing[]; readonly held: Level } {
  const crossings: Crossing[] = [];
  let level = held;
  const step = (at: Instant, next: Level) => {
    if (next === level) return;
    const up = entryOf(next, model) > entryOf(level, model);
    const threshold = up ? entryOf(next, model) : model.levels[level as Exclude<Level, 'none'>].leave;
    crossings.push({ at, from: level, to: next, direction: up ? 'up' : 'down', threshold });
    level = next;
  };
  const starts = [from, ...course.breaks.filter((at) => at > from && at <= to)];
  for (const [index, start] of starts.entries()) {
    const end = (starts[index + 1] ?? to + 1) - 1;
    step(start, holdLevel(level, course.scoreAt(start), model));
    while (level !== 'none' && course.scoreAt(end) < model.levels[level].leave) {
      const { leave } = model.levels[level];
      const at = firstBelow((instant) => course.scoreAt(instant) < leave, start, end);
      step(at, holdLevel(level, course.scoreAt(at), model));
    }
  }
  return { crossings, held: level };
}

/**
 * Samples at even distances and on both sides of every break in the range, so that a rise is drawn as the step that it is. What is held at
 * `known` is given; before it the level is held as if everything had arrived when it happened.
 */
export function curveOf(
  course: Course,
  known: { readonly at: Instant; readonly held: Level },
  range: { readonly from: Instant; readonly to: Instant; readonly count: number },
  model: RiskModel,
): Curve {
  const { from, to, count } = range;
  const even = Array.from({ length: count }, (_, n) => Math.round(from + ((to - from) * n) / (count - 1)));
  const crossings = [
    ...(from < known.at ? crossingsOf(course, heldBefore(course, from, model), from, Math.min(to, known.at - 1), model).crossings : []),
    ...(to < known.at ? [] : crossingsFrom(course, known, Math.max(from, known.at), to, model)),
  ];
  const edges = course.breaks.filter((at) => at > from && at <= to).flatMap((at) => [at - 1, at]);
  const instants = [...new Set([...even, ...edges, ...crossings.map(({ at }) => at)])].sort((a, b) => a - b);
  return { from, to, samples: instants.map((at) => ({ at, score: course.scoreAt(at) })), crossings };
}

/** The level that is held just before an instant, by everything that had happened until then. */
export function heldBefore(course: Course, at: Instant, model: RiskModel): Level {
  const first = course.breaks[0];
  return first === undefined || first >= at ? 'none' : crossingsOf(course, 'none', first, at - 1, model).held;
}

function crossingsFrom(course: Course, known: Parameters<typeof curveOf>[1], from: Instant, to: Instant, model: RiskModel) {
  const held = from > known.at ? crossingsOf(course, known.held, known.at, from - 1, model).held : known.held;
  return crossingsOf(course, held, from, to, model).crossings;
}

function entryOf(level: Level, model: RiskModel): number {
  return level === 'none' ? 0 : model.levels[level].enter;
}
