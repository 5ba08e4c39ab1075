/** What an operator says of a decision, as an arrival: settled like any other signal, under the same locks. */
import type { Instant } from '../model/clock.ts';
import type { DecisionId, RandomBytes } from '../model/ids.ts';
import type { Arrival, Mark, Verified } from '../model/signal.ts';
import type { SubjectClaim } from '../model/subject.ts';
import { type DismissalScope, type Verdict, verdictType } from '../model/verdict.ts';
import { markVerified } from './verified.ts';

export interface GivenVerdict {
  readonly decisionId: DecisionId;
  readonly verdict: Verdict;
  /** Only beside `false`. */
  readonly scope?: DismissalScope;
  readonly reason: string;
  /** Who says so. The caller has the right to. */
  readonly by: string;
}

/** Each call makes an event of its own: a second verdict stands beside the first and takes nothing back. */
export function arriveVerdict(
  given: GivenVerdict,
  about: { readonly claim: SubjectClaim; readonly marks: readonly Mark[]; readonly receivedAt: Instant },
  random: RandomBytes,
): Verified<Arrival> {
  const facts = { ...given };
  return markVerified({
    type: verdictType,
    source: 'operators',
    sourceKind: 'operators',
    cause: 'person',
    severity: 'medium',
    occurredAt: about.receivedAt,
    receivedAt: about.receivedAt,
    claim: about.claim,
    facts,
    circumstances: {},
    marks: about.marks,
    dedupeKey: `own:${Buffer.from(random(16)).toString('hex')}`,
    raw: JSON.stringify(facts),
  });
}
