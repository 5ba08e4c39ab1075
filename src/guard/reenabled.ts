/**
 * A hold of ours that somebody takes back behind our back: whether it stays so, by who it was. Pure. What does not is put back once, and
 * held from then on.
 */
import type { PeopleBehind } from './approvals.ts';

export interface TakenBack {
  /** The id of the person whose account it is; null where that is nobody any more. */
  readonly subject: string | null;
  /** Name of the operator of ours who says that they did it. */
  readonly by: string | null;
  /** Whom the connection itself names, by id, where that is somebody whom we know. */
  readonly actor: string | null;
  /** Whether an incident is open on the person. */
  readonly inIncident: boolean;
}

/** `person`: somebody whom we know, and no operator of ours. `unknown`: a sync, a machine, nobody who can be named. */
export type Reverser = 'operator' | 'person' | 'unknown';

/** `operators`: by the names of all our operators, and of whoever says that they did it. */
export function reverserOf({ subject, by, actor }: Omit<TakenBack, 'inIncident'>, operators: PeopleBehind): Reverser {
  if (by !== null) {
    const own = operators.get(by) ?? [];
    // Nobody speaks for themselves, and whoever cannot be told might be the subject.
    return own === 'nobody' || (subject !== null && own.includes(subject)) ? 'unknown' : 'operator';
  }
  if (actor === null || actor === subject) return 'unknown';
  return [...operators.values()].some((ids) => ids !== 'nobody' && ids.includes(actor)) ? 'operator' : 'person';
}

/** Whose word it is that stands; undefined where it does not. */
export function respectedWordOf(taken: TakenBack, operators: PeopleBehind): Exclude<Reverser, 'unknown'> | undefined {
  const reverser = reverserOf(taken, operators);
  switch (reverser) {
    case 'operator':
      return reverser;
    case 'person':
      return taken.inIncident ? undefined : reverser;
    case 'unknown':
      return undefined;
    default:
      return reverser satisfies never;
  }
}
