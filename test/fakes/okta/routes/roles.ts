/** Administrators' roles, a person's own and those of groups. Giving and taking them asks for a super administrator. */
import { aim, groupsOf } from '../aim.ts';
import { written } from '../clock.ts';
import { party, userParty } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { RoleAssignment } from '../records.ts';
import { invalid, notFound, Refusal } from '../refusal.ts';
import { type Ask, noContent, ok, type Route, route } from '../router.ts';
import { findGroup } from './groups.ts';

const knownRoles = [
  ...['SUPER_ADMIN', 'ORG_ADMIN', 'APP_ADMIN', 'USER_ADMIN', 'HELP_DESK_ADMIN', 'GROUP_MEMBERSHIP_ADMIN', 'READ_ONLY_ADMIN'],
  ...['REPORT_ADMIN', 'MOBILE_ADMIN', 'API_ACCESS_MANAGEMENT_ADMIN', 'CUSTOM'],
] as const;

const showRole = ({ id, type, createdAt }: RoleAssignment, assignmentType: 'USER' | 'GROUP') => ({
  ...{ id, type, label: type, status: 'ACTIVE', assignmentType },
  ...{ created: written(createdAt), lastUpdated: written(createdAt) },
});

export function roleRoutes(org: Org): readonly Route[] {
  const [read, manage] = ['okta.roles.read', 'okta.roles.manage'];
  const administers = (ask: Ask) => {
    if (ask.caller.role !== 'SUPER_ADMIN') throw new Refusal('E0000006');
  };
  return [
    route('GET', '/api/v1/users/{userId}/roles', read, (ask) => {
      const person = aim(org, ask);
      const own = person.roles.map((role) => showRole(role, 'USER'));
      if (!org.settings.groupRolesShown) return ok(own);
      return ok([...own, ...groupsOf(org, person).flatMap(({ roles }) => roles.map((role) => showRole(role, 'GROUP')))]);
    }),
    route('GET', '/api/v1/groups/{groupId}/roles', read, (ask) => ok(findGroup(org, ask).roles.map((role) => showRole(role, 'GROUP')))),
    route('GET', '/api/v1/iam/assignees/users', read, () => {
      const holders = org.people
        .all()
        .filter((person) => person.roles.length > 0 || groupsOf(org, person).some(({ roles }) => roles.length > 0));
      return ok({ value: holders.map(({ id }) => ({ id, orn: `orn:okta:directory:org:users:${id}` })), _links: {} });
    }),
    route('POST', '/api/v1/users/{userId}/roles', manage, (ask) => {
      administers(ask);
      const person = aim(org, ask);
      const type = String(ask.body['type']);
      if (!knownRoles.some((known) => known === type)) throw invalid('type', 'The role specified is invalid');
      const role = { id: org.newId('ra1'), type, createdAt: org.clock.now() };
      person.roles.push(role);
      tell(org, ask, 'user.account.privilege.grant', [userParty(person), party('ROLE', role.id, type)]);
      return { status: 201, body: showRole(role, 'USER') };
    }),
    route('DELETE', '/api/v1/users/{userId}/roles/{roleId}', manage, (ask) => {
      administers(ask);
      const person = aim(org, ask);
      const role = person.roles.find(({ id }) => id === ask.id('roleId'));
      if (!role) throw notFound(ask.id('roleId'), 'Role');
      person.roles = person.roles.filter((one) => one !== role);
      tell(org, ask, 'user.account.privilege.revoke', [userParty(person), party('ROLE', role.id, role.type)]);
      return noContent;
    }),
  ];
}
