/** What a bench compares with what was accepted. */
import type { Core } from '../src/app/core.ts';

/** What the database holds, and what the signed tree covers once everything has its place. */
export interface Counts {
  readonly signals: number;
  readonly decisions: number;
  readonly decidedEntries: number;
  readonly entries: number;
  readonly leaves: number;
  readonly treeSize: number;
  readonly plans: number;
  readonly releasedPlans: number;
  readonly people: number;
}

export async function countAll(core: Core): Promise<Counts> {
  const head = await core.sequencer.flush();
  const { rows } = await core.store.query<Omit<Counts, 'treeSize'> & { [column: string]: unknown }>(
    `select (select count(*) from signal where nth = 0) as signals, (select count(*) from signal where decision_id is not null) as decisions,
      (select count(*) from ledger_entry where type = 'signal.decided') as "decidedEntries", (select count(*) from ledger_entry) as entries,
      (select count(*) from ledger_leaf) as leaves, (select count(*) from plan) as plans,
      (select count(*) from plan where state not in ('held', 'refused')) as "releasedPlans",
      (select count(distinct identity_id) from signal) as people`,
  );
  return { ...(rows[0] as Omit<Counts, 'treeSize'>), treeSize: head?.size ?? 0 };
}

/** Everything that was taken is a signal, a decision and an entry with its place in the tree, or the figures mean nothing. */
export function checkCounts(counts: Counts, accepted: number): void {
  const wrong = [
    counts.signals === accepted && counts.decisions === accepted && counts.decidedEntries === accepted ? '' : 'accepted and stored differ',
    counts.entries === counts.leaves && counts.leaves === counts.treeSize ? '' : 'entries without a place in the tree',
    counts.people >= 200 ? '' : 'too few people',
    counts.plans <= accepted / 10 ? '' : 'too many plans',
  ].filter((fault) => fault !== '');
  if (wrong.length > 0) throw new Error(`${wrong.join(', ')}: ${accepted} accepted, ${JSON.stringify(counts)}`);
}
