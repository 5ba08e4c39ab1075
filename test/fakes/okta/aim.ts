/** Whom a call means, and whether its caller may touch them. */
import type { Org } from './org.ts';
import type { Person, RoleAssignment } from './records.ts';
import { Refusal } from './refusal.ts';
import type { Ask } from './router.ts';

export const groupsOf = (org: Org, person: Person) => [...org.groups.values()].filter(({ members }) => members.has(person.id));

/** The person in the path, if no other is given. A write on a super administrator by anyone less is refused: nobody acts on their betters. */
export function aim(org: Org, ask: Ask, person: Person = org.people.find(ask.id('userId'))): Person {
  const writes = ask.call.method !== 'GET';
  if (writes && ask.caller.role !== 'SUPER_ADMIN' && isSuper(org, person)) throw new Refusal('E0000006');
  return person;
}

function isSuper(org: Org, person: Person): boolean {
  const superRole = ({ type }: RoleAssignment) => type === 'SUPER_ADMIN';
  return person.roles.some(superRole) || groupsOf(org, person).some(({ roles }) => roles.some(superRole));
}
