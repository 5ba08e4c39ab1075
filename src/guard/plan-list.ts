/** What an approval is bound to: a list of plans by id, each with exactly what it would do. */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { PlannedAction } from '../model/decision.ts';

export interface ListedPlan {
  readonly id: string;
  readonly connection: string;
  readonly actions: readonly PlannedAction[];
}

/** SHA-256 (hex) over the plans sorted by id; the same list in any order has the same hash, and no other list has it. */
export function planListHash(plans: readonly ListedPlan[]): string {
  const sorted = [...plans].sort((a, b) => (a.id < b.id ? -1 : 1));
  return hash('sha256', canonicalize(sorted.map(({ id, connection, actions }) => [id, connection, actions])) as string);
}
