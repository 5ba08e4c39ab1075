/** Where the texts of a plot go: ticks of time at round instants, labels that do not cover each other. */
import { type Instant, toRfc3339 } from '../model/clock.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const steps = [hourMs, 3 * hourMs, 6 * hourMs, 12 * hourMs, dayMs, 2 * dayMs, 7 * dayMs, 14 * dayMs, 28 * dayMs, 56 * dayMs];
const mostTicks = 15;

/** In UTC; the date alone where it falls on midnight. */
export function timeTicks(from: Instant, to: Instant): readonly { readonly at: Instant; readonly label: string }[] {
  const step = steps.find((each) => (to - from) / each < mostTicks) ?? (steps.at(-1) as number);
  const ticks: { at: Instant; label: string }[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const text = toRfc3339(at);
    ticks.push({ at, label: at % dayMs === 0 ? text.slice(5, 10) : text.slice(11, 16) });
  }
  return ticks;
}

export interface Labelled {
  readonly x: number;
  readonly text: string;
}

const letterWidth = 5.6;

/**
 * Takes labels in order of `x`. Each hangs on a line from its own place, in the highest row where neither text nor line is met: what
 * stands left hangs lower. Undefined where no row is left, or where the text would run out of the picture.
 */
export function placeLabels<T extends Labelled>(
  labels: readonly T[],
  rows: number,
  edge: number,
): readonly (T & { readonly row: number | undefined })[] {
  const free = new Array<number>(rows).fill(edge);
  const placed = [...labels].reverse().map((label) => {
    const end = label.x + 6 + label.text.length * letterWidth;
    const row = free.findIndex((until) => end < until);
    for (let above = 0; above <= row; above++) free[above] = label.x;
    return { ...label, row: row < 0 ? undefined : row };
  });
  return placed.reverse();
}
