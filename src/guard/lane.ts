/** What plans queue on, and what stands with them. */
import type { WantedAction } from '../model/decision.ts';
import type { Subject } from '../model/subject.ts';

/** The account, or connection and subject where there is none. */
export function laneOf({ accountId, connection }: Pick<WantedAction, 'accountId' | 'connection'>, subject: Subject): string {
  return accountId ?? `${connection}:${subject.kind}:${subject.id}`;
}
