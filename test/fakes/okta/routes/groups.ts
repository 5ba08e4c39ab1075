/** Groups and their members. Only groups of Okta's own take members by hand, and both verbs may be repeated. */
import { aim } from '../aim.ts';
import { written } from '../clock.ts';
import { parseFilter } from '../filter.ts';
import { party, userParty } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Group } from '../records.ts';
import { notFound, Refusal } from '../refusal.ts';
import { type Ask, noContent, ok, paged, type Route, route } from '../router.ts';

export function findGroup(org: Org, ask: Ask): Group {
  const group = org.groups.get(ask.id('groupId'));
  if (!group) throw notFound(ask.id('groupId'), 'UserGroup');
  return group;
}

export const showGroup = (org: Org, { id, type, name, createdAt }: Group) => ({
  ...{
    id,
    type,
    profile: { name, description: null },
    objectClass: [`okta:${type === 'APP_GROUP' ? 'windows_security_principal' : 'user_group'}`],
  },
  ...{ created: written(createdAt), lastUpdated: written(createdAt), lastMembershipUpdated: written(createdAt) },
  _links: { users: { href: `${org.baseUrl}/api/v1/groups/${id}/users` } },
});

export function groupRoutes(org: Org): readonly Route[] {
  const [read, manage] = ['okta.groups.read', 'okta.groups.manage'];
  const member = '/api/v1/groups/{groupId}/users/{userId}';
  const change = (ask: Ask, joins: boolean) => {
    const [group, person] = [findGroup(org, ask), aim(org, ask)];
    if (group.type !== 'OKTA_GROUP') throw new Refusal('E0000006');
    if (group.members.has(person.id) === joins) return noContent;
    if (joins) group.members.add(person.id);
    else group.members.delete(person.id);
    const targets = [userParty(person), party('UserGroup', group.id, group.name)];
    tell(org, ask, `group.user_membership.${joins ? 'add' : 'remove'}`, targets);
    return noContent;
  };
  return [
    route('GET', '/api/v1/groups', read, (ask) => {
      const groups = [...org.groups.values()];
      const asked = ask.query.get('search') ?? ask.query.get('filter');
      const begins = ask.query.get('q')?.toLowerCase() ?? '';
      const fits = asked ? parseFilter(asked, { caseSensitive: false, allows: () => true }) : () => true;
      const found = groups.filter((group) => group.name.toLowerCase().startsWith(begins) && fits(showGroup(org, group)));
      return paged(ask, found, { usual: 200, most: 10_000 }, (group) => showGroup(org, group));
    }),
    route('GET', '/api/v1/groups/{groupId}', read, (ask) => ok(showGroup(org, findGroup(org, ask)))),
    route('GET', '/api/v1/groups/{groupId}/users', read, (ask) => {
      const { members } = findGroup(org, ask);
      return paged(
        ask,
        org.people.all().filter(({ id }) => members.has(id)),
        { usual: 1_000, most: 1_000 },
        org.people.show,
      );
    }),
    route('PUT', member, manage, (ask) => change(ask, true)),
    route('DELETE', member, manage, (ask) => change(ask, false)),
  ];
}
