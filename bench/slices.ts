/** Measures pieces of work against each other on one core, in slices that take turns, so that a noisy moment strikes all. */
import { median, type Row, round } from './row.ts';

const slices = 9;
const sliceMs = 60;

/** Does one piece of work; answers something, so that none of it can be left out. */
export type Work = (n: number) => unknown;

export interface Measured {
  readonly name: string;
  readonly unit: string;
  /** The row of this run that it is compared with. */
  readonly to?: string;
  readonly work: Work;
}

/** Medians over the slices; the first of each is for warming up. */
export function measure(rows: readonly Measured[]): readonly Row[] {
  const rates = new Map(rows.map(({ name }) => [name, [] as number[]]));
  for (let slice = 0; slice <= slices; slice++) {
    for (const { name, work } of rows) {
      const rate = rateOf(work);
      if (slice > 0) rates.get(name)?.push(rate);
    }
  }
  return rows.map(({ name, unit, to }) => {
    const own = rates.get(name) as number[];
    const value = round(median(own));
    if (to === undefined) return { name, unit, value };
    const other = rates.get(to) as number[];
    return { name, unit, value, ratioTo: to, ratio: round(median(own.map((rate, slice) => rate / (other[slice] as number)))) };
  });
}

/** Pieces a second of processor time: a machine that does other things besides takes none of it. */
function rateOf(work: Work): number {
  let done = 0;
  let unanswered = 0;
  const before = process.cpuUsage();
  let usedMs = 0;
  while (usedMs < sliceMs) {
    for (const upTo = done + 128; done < upTo; done++) if (work(done) === undefined) unanswered++;
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1000;
  }
  if (unanswered > 0) throw new Error('a piece of work gave no answer');
  return (done * 1000) / usedMs;
}
