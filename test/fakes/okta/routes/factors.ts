/** Second factors: what is enrolled since when, and taking one away. Okta Verify's push and key share a phone and go together. */
import { aim } from '../aim.ts';
import { written } from '../clock.ts';
import { userParty } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Factor } from '../records.ts';
import { notFound, Refusal } from '../refusal.ts';
import { type Ask, noContent, ok, type Route, route } from '../router.ts';

const ofOktaVerify = ({ provider, factorType }: Factor) =>
  provider === 'OKTA' && ['push', 'signed_nonce', 'token:software:totp'].includes(factorType);

export function factorRoutes(org: Org): readonly Route[] {
  const one = (ask: Ask) => {
    const factor = aim(org, ask).factors.find(({ id }) => id === ask.id('factorId'));
    if (!factor) throw notFound(ask.id('factorId'), 'UserFactor');
    return factor;
  };
  return [
    route('GET', '/api/v1/users/{userId}/factors', 'okta.users.read', (ask) => ok(aim(org, ask).factors.map(showFactor))),
    route('GET', '/api/v1/users/{userId}/factors/{factorId}', 'okta.users.read', (ask) => ok(showFactor(one(ask)))),
    route('DELETE', '/api/v1/users/{userId}/factors/{factorId}', 'okta.users.manage', (ask) => {
      const person = aim(org, ask);
      if (person.status === 'DEPROVISIONED') throw new Refusal('E0000038');
      const going = one(ask);
      const takesSiblings = ofOktaVerify(going) && going.factorType !== 'token:software:totp';
      person.factors = person.factors.filter((factor) => factor !== going && !(takesSiblings && ofOktaVerify(factor)));
      org.people.touch(person);
      tell(org, ask, 'user.mfa.factor.deactivate', [userParty(person)], { debugData: { factor: going.factorType } });
      return noContent;
    }),
  ];
}

const showFactor = ({ id, factorType, provider, status, createdAt }: Factor) => ({
  ...{ id, factorType, provider, vendorName: provider, status, profile: {} },
  ...{ created: written(createdAt), lastUpdated: written(createdAt) },
});
