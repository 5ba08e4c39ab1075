/** An operator's order as an arrival: settled like any other signal, under the same locks. */
import type { Instant } from '../model/clock.ts';
import type { IdentityId, RandomBytes } from '../model/ids.ts';
import { type OrderedAction, orderType } from '../model/order.ts';
import type { Arrival, Verified } from '../model/signal.ts';
import { markVerified } from './verified.ts';

export interface GivenOrder {
  readonly identityId: IdentityId;
  readonly actions: readonly OrderedAction[];
  readonly reason: string;
  /** Who gives it. The caller has the right to. */
  readonly by: string;
}

/** Each call makes an event of its own. */
export function arriveOrder({ identityId, actions, reason, by }: GivenOrder, receivedAt: Instant, random: RandomBytes): Verified<Arrival> {
  const facts = { actions: JSON.stringify(actions), reason, by };
  return markVerified({
    type: orderType,
    source: 'operators',
    sourceKind: 'operators',
    cause: 'person',
    severity: 'medium',
    occurredAt: receivedAt,
    receivedAt,
    claim: { kind: 'person', person: [{ format: 'alias', value: identityId }] },
    facts,
    circumstances: {},
    marks: [],
    dedupeKey: `own:${Buffer.from(random(16)).toString('hex')}`,
    raw: JSON.stringify(facts),
  });
}
