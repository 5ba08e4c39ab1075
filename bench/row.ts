/** What a bench prints, and the little arithmetic behind it. */

export interface Row {
  readonly name: string;
  /** `.../s` for rates, `ms` for times, `MB` (10^6 bytes) for memory. */
  readonly unit: string;
  readonly value: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** The row of this run that `ratio` compares with: value over its value, in pairs of slices. */
  readonly ratioTo?: string;
  readonly ratio?: number;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank; not a number for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export function spread(values: readonly number[]): { readonly p50: number; readonly p95: number; readonly p99: number } {
  return { p50: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)), p99: round(quantile(values, 0.99)) };
}

/** Four significant digits: more would pretend to a quiet machine. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function formatRow({ name, unit, value, p50, p95, p99, ratioTo, ratio }: Row): string {
  const times = p50 === undefined ? '' : `  p50 ${p50}  p95 ${p95}  p99 ${p99} ms`;
  const compared = ratioTo === undefined ? '' : `  ${ratio} of ${ratioTo}`;
  return `${name.padEnd(30)} ${String(value).padStart(9)} ${unit}${times}${compared}`;
}
