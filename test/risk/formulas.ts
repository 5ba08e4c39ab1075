/**
 * The formulas of the login model and of impossible travel, as far as worked examples pin them down. They stand with the tests because
 * nothing in the service computes them yet: both signals come from providers that judged for themselves.
 */

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  /** How far off the place may be. */
  readonly accuracyKm?: number;
}

const earthRadiusKm = 6371;

/** Great-circle distance by the haversine. */
export function distanceKm(a: Place, b: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const across = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(half(a.latitude, b.latitude) + across));
}

/** Speed between two sign-ins, what the places may be off taken away, and whether nobody travels like that. */
export function travelOf(a: Place, b: Place, apartMinutes: number): { readonly speedKmh: number; readonly impossible: boolean } {
  const km = Math.max(0, distanceKm(a, b) - (a.accuracyKm ?? 0) - (b.accuracyKm ?? 0));
  const speedKmh = km / (Math.max(Math.abs(apartMinutes), 1) / 60);
  return { speedKmh, impossible: km >= 100 && speedKmh > 900 };
}

/** One link of a chain (country, network, address): what this person's sign-ins below one parent looked like. */
export interface Link {
  /** Sign-ins below the parent. */
  readonly parentCount: number;
  /** Distinct children of the parent that were seen. */
  readonly children: number;
  /** Sign-ins with this child; 0: never seen. */
  readonly count: number;
  /** Smoothed share of the child among everybody. */
  readonly share: number;
}

/** How unusual a child is, 1e-4 to 1e4: above 1 for what this person rarely does. */
export function noveltyOf({ parentCount, children, count, share }: Link): number {
  const ratio = count === 0 ? (parentCount + children) / children : (share * (parentCount + children)) / (count + children * share);
  return Math.min(1e4, Math.max(1e-4, ratio));
}

/** The sum over chains; a chain ends where nothing is known below it. */
export function likelihoodOf(chains: readonly (readonly Link[])[]): number {
  let sum = 0;
  for (const chain of chains) {
    for (const link of chain) {
      if (link.parentCount === 0 || link.children === 0) break;
      sum += Math.log10(noveltyOf(link));
    }
  }
  return sum;
}
