/** What happens at the organisation of the benches: of a hundred events eighty are about signing in and out, none alone leads to a plan. */
import type { GivenEvent } from '../test/fakes/okta/log-event.ts';
import type { OktaReady } from './okta-stand-in.ts';

const kinds = [
  ...Array.from({ length: 60 }, () => ['user.session.start', 'SUCCESS'] as const),
  ...Array.from({ length: 20 }, () => ['user.session.end', 'SUCCESS'] as const),
  ...Array.from({ length: 10 }, () => ['user.account.update_password', 'SUCCESS'] as const),
  ...Array.from({ length: 5 }, () => ['user.mfa.factor.activate', 'SUCCESS'] as const),
  ...Array.from({ length: 5 }, () => ['group.user_membership.add', 'SUCCESS'] as const),
];

/** The `n`th event: about everybody in turn, each kind in its share. All of them are signals. */
export function oktaEvent(n: number, people: OktaReady['people']): GivenEvent {
  // Seven shares no factor with a hundred, so that kinds are spread over a body.
  const [eventType, result] = kinds[(n * 7) % kinds.length] as (typeof kinds)[number];
  const { id, login } = people[n % people.length] as OktaReady['people'][number];
  const party = { id, type: 'User', alternateId: login, displayName: login };
  return {
    eventType,
    actor: party,
    target: [party],
    outcome: { result, reason: null },
    client: { ipAddress: `203.0.113.${1 + (n % 200)}` },
    authenticationContext: { externalSessionId: `idx${id}` },
  };
}
