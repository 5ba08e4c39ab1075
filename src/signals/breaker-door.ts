/** An opened breaker, as a signal of the service's own: about no person, and without a score. */
import type { Instant } from '../model/clock.ts';
import type { Arrival, Verified } from '../model/signal.ts';
import { markVerified } from './verified.ts';

export interface OpenedBreaker {
  readonly id: string;
  readonly condition: string;
  readonly detail: string;
  readonly openedAt: Instant;
}

/** The breaker names the event, so that it is told once however often. */
export function arriveBreaker({ id, condition, detail, openedAt }: OpenedBreaker, receivedAt: Instant): Verified<Arrival> {
  return markVerified({
    type: 'breaker_opened',
    source: 'operators',
    sourceKind: 'operators',
    cause: 'risk',
    severity: 'high',
    occurredAt: openedAt,
    receivedAt,
    claim: { kind: 'asset', person: [], id: 'breaker' },
    facts: { breakerId: id, condition, detail },
    circumstances: {},
    marks: [],
    dedupeKey: `breaker:${id}`,
    raw: JSON.stringify({ breakerId: id, condition, detail }),
  });
}
