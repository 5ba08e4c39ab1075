/** Parts of an explanation in words, for the page and for the command line. */
import type { IdentityExplanation } from './explanation-schemas.ts';

/** Half-lives are whole hours, windows of limits whole minutes. */
export function span(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  if (!Number.isInteger(hours)) return `${milliseconds / 60_000} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`;
}

/** Minutes are enough for a reader. */
export function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}

export function describeDropped(dropped: NonNullable<IdentityExplanation['lowering']>['without'][number]): string {
  if (dropped.kind === 'item') return `${dropped.signalType} of ${minute(dropped.at)} (${dropped.source})`;
  const { tier, executive, hr } = dropped.when;
  return `the multiplier for ${[...(tier ?? []), ...(executive ? ['executives'] : []), ...(hr ?? [])].join(', ')}`;
}
