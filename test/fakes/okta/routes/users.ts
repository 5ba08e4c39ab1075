/** Reading people: one by id or login, and lists by filter (exact) or search (from the index, which lags and shows DEPROVISIONED). */
import { aim, groupsOf } from '../aim.ts';
import { type Predicate, parseFilter } from '../filter.ts';
import type { Org } from '../org.ts';
import type { ShownPerson } from '../people.ts';
import { type Ask, ok, paged, type Route, route } from '../router.ts';
import { showGroup } from './groups.ts';

const filterable = ['status', 'lastUpdated', 'id', 'profile.login', 'profile.email', 'profile.firstName', 'profile.lastName'];
const filterOperators = ['eq', 'gt', 'ge', 'lt', 'le'];

export function userRoutes(org: Org): readonly Route[] {
  const read = 'okta.users.read';
  return [
    route('GET', '/api/v1/users', read, (ask) => paged(ask, chosen(org, ask), { usual: 200, most: 200 }, (person) => person)),
    route('GET', '/api/v1/users/{userId}', read, (ask) => ok(org.people.show(aim(org, ask)))),
    route('GET', '/api/v1/users/{userId}/groups', read, (ask) => {
      const groups = groupsOf(org, aim(org, ask));
      return ok(groups.map((group) => showGroup(org, group)));
    }),
    route('GET', '/api/v1/users/{userId}/blocks', read, (ask) => ok(aim(org, ask).blocks)),
  ];
}

function chosen(org: Org, ask: Ask): readonly ShownPerson[] {
  const [filter, search, q] = ['filter', 'search', 'q'].map((name) => ask.query.get(name));
  if (search) {
    const asked = parseFilter(search, { caseSensitive: false, allows: () => true });
    return org.people.indexed().filter(asked);
  }
  if (filter) {
    const rules = {
      caseSensitive: true,
      allows: (name: string, how: string) => filterable.includes(name) && filterOperators.includes(how),
    };
    const asked: Predicate = parseFilter(filter, rules);
    return org.people.all().map(org.people.show).filter(asked);
  }
  const present = org.people.indexed().filter(({ status }) => status !== 'DEPROVISIONED');
  if (!q) return present;
  const begins = (value: unknown) => String(value).toLowerCase().startsWith(q.toLowerCase());
  return present.filter(({ profile }) => [profile.firstName, profile.lastName, profile.email].some(begins));
}
