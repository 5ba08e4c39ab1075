/** A person's risk level. Read it can be MEDIUM or NONE too; written only HIGH or LOW. */
import { aim } from '../aim.ts';
import { userParty } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Person } from '../records.ts';
import { invalid } from '../refusal.ts';
import { ok, type Route, route } from '../router.ts';

export function riskRoutes(org: Org): readonly Route[] {
  const shown = (person: Person) => ({
    riskLevel: person.risk ?? 'NONE',
    _links: { self: { href: `${org.baseUrl}/api/v1/users/${person.id}/risk` } },
  });
  return [
    route('GET', '/api/v1/users/{userId}/risk', 'okta.userRisk.read', (ask) => ok(shown(aim(org, ask)))),
    route('PUT', '/api/v1/users/{userId}/risk', 'okta.userRisk.manage', (ask) => {
      const person = aim(org, ask);
      const level = ask.body['riskLevel'];
      if (level !== 'HIGH' && level !== 'LOW') throw invalid('riskLevel', 'The field must be HIGH or LOW');
      const before = person.risk;
      person.risk = level;
      const debugData = { risk: `{level=${level}}`, previousLevel: before ?? 'NONE' };
      tell(org, ask, 'user.risk.change', [userParty(person)], { changed: before !== level, debugData });
      return { status: before === undefined ? 201 : 200, body: shown(person) };
    }),
  ];
}
