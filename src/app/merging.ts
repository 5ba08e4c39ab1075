/** Makes one person of two, by a person's word or the configuration's, with its line in the log. */
import type { AppendEntries } from '../ledger/index.ts';
import type { Clock } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { EntryId, IdentityId, IdMaker } from '../model/ids.ts';
import { levels } from '../model/risk.ts';
import { mergeEvidence, parseEvidence, type RiskModel, serialiseEvidence } from '../risk/index.ts';
import { again } from '../store/again.ts';
import type { Tx } from '../store/db.ts';
import { type MergeOutcome, mergeIdentities, type Standing } from '../store/identity-merge.ts';
import { listIdentities } from '../store/list-records.ts';
import type { Store } from '../store/open.ts';

export interface MergeParts {
  readonly store: Pick<Store, 'transaction'>;
  readonly append: AppendEntries<Tx>;
  readonly ids: IdMaker;
  readonly clock: Clock;
  readonly risk: () => RiskModel;
}

export interface MergeOrder {
  readonly from: IdentityId;
  readonly into: IdentityId;
  readonly cause: 'person' | 'configuration';
  /** Name of a token or operator, or `configuration`. */
  readonly by: string;
  /** May name people: it is sealed. */
  readonly reason: string;
}

/** Giving the same order again changes nothing and writes nothing. */
export function mergePeople({ from, into, cause, by, reason }: MergeOrder, parts: MergeParts): Promise<MergeOutcome> {
  const at = parts.clock.now();
  return again(() =>
    parts.store.transaction(async (tx) => {
      const outcome = await mergeIdentities(tx, from, into, { at, unite: (a, b) => unite(a, b, parts.risk()) });
      if (outcome.kind !== 'merged') return outcome;
      const { survivor, gone } = outcome;
      await parts.append(tx, [
        {
          id: parts.ids.next<EntryId>(at),
          type: 'identity.merged',
          at,
          core: { identityId: gone, into: survivor, cause, by },
          pii: { owner: { identityId: survivor }, value: { reason } },
        },
      ]);
      return outcome;
    }),
  );
}

/** The same, by a person who names both by id or alias. Throws what is wrong with the order. */
export async function mergeByPerson(
  { store, people }: { readonly store: Store; readonly people: MergeParts },
  order: { readonly id: string; readonly into: string; readonly reason: string; readonly by: string },
): Promise<{ readonly id: IdentityId; readonly repeated: boolean }> {
  const [from] = await listIdentities(store, { id: order.id }, { limit: 1, after: undefined });
  if (from === undefined) throw new AppError('notFound', 'There is no such record.');
  const [into] = await listIdentities(store, { id: order.into }, { limit: 1, after: undefined });
  if (into === undefined) throw new AppError('request.unprocessable', 'into: there is no such person.');
  if (order.id === order.into) throw new AppError('request.unprocessable', 'into: a person cannot be merged into themselves.');
  const { reason, by } = order;
  const outcome = await mergePeople({ from: from.id as IdentityId, into: into.id as IdentityId, cause: 'person', by, reason }, people);
  switch (outcome.kind) {
    case 'merged':
    case 'already':
      return { id: outcome.survivor, repeated: outcome.kind === 'already' };
    case 'erased':
      throw new AppError('conflict', `${outcome.which === 'into' ? 'into: t' : 'T'}he person has been erased.`);
    case 'unknown':
      throw new AppError('notFound', 'There is no such record.');
    default:
      return outcome satisfies never;
  }
}

function unite(a: Standing, b: Standing, model: RiskModel): Standing {
  const evidence = mergeEvidence(parseEvidence(a.evidence), parseEvidence(b.evidence), model);
  return {
    evidence: serialiseEvidence(evidence),
    heldLevel: levels.indexOf(a.heldLevel) >= levels.indexOf(b.heldLevel) ? a.heldLevel : b.heldLevel,
  };
}
