/** The people of an Okta organisation, with their groups and what administrators' roles make of them. */
import { z } from 'zod';
import type { IdentifierKey } from '../../model/subject.ts';
import type { DirectoryPerson } from '../contract.ts';
import type { OktaClient } from './client.ts';
import { toFailure } from './failure.ts';
import { type Status, shaped, statuses } from './reads.ts';
import type { Errand } from './transport.ts';
import { groupsOf, rolesOf } from './verbs/groups.ts';

const personSchema = z.object({
  id: z.string().min(1),
  status: z.enum(statuses),
  profile: z.object({ login: z.string(), email: z.string().nullish(), employeeNumber: z.string().nullish() }),
});
type Person = z.output<typeof personSchema>;
type Tier = DirectoryPerson['tier'];

export interface Directory {
  /** Everybody, page by page; those who were deactivated come last. */
  people(signal: AbortSignal): AsyncIterable<readonly DirectoryPerson[]>;
  /** By id, login or e-mail address, exactly: capitals count, as Okta's filter counts them. */
  find(identifier: IdentifierKey, signal: AbortSignal): Promise<DirectoryPerson | undefined>;
}

const pageSize = 200;
/** They can give themselves every other role. */
const highest = ['SUPER_ADMIN', 'ORG_ADMIN'];

/** Rejects with an `OktaFailure` where Okta could not be asked. */
export function createDirectory(okta: OktaClient, given: { readonly connectionId: string; readonly orgUrl: string }): Directory {
  async function* people(signal: AbortSignal): AsyncIterable<readonly DirectoryPerson[]> {
    const errand: Errand = { urgency: 'directory', signal };
    const groups = await readMemberships(okta, errand);
    const tiers = createTiers(okta, errand);
    for (const filter of [undefined, 'status eq "DEPROVISIONED"']) {
      const asked = { limit: pageSize, ...(filter === undefined ? {} : { filter }) };
      for await (const page of okta.pages(errand, (sdk) => sdk.userApi.listUsers(asked))) {
        const read = shaped(z.array(personSchema), page).filter(({ status }) => (status === 'DEPROVISIONED') === (filter !== undefined));
        const whole: DirectoryPerson[] = [];
        for (const person of read) {
          const own = groups.get(person.id) ?? [];
          whole.push(toDirectory(person, own, await tiers(person.id, own)));
        }
        if (whole.length > 0) yield whole;
      }
    }
  }

  async function find({ format, value }: IdentifierKey, signal: AbortSignal): Promise<DirectoryPerson | undefined> {
    const errand: Errand = { urgency: 'directory', signal };
    const person = await findPerson(format, value, errand);
    if (person === undefined) return undefined;
    const own = (await groupsOf(person.id, errand, { okta })).filter(({ type }) => type !== 'BUILT_IN').map(named);
    return toDirectory(person, own, await createTiers(okta, errand)(person.id, own));
  }

  async function findPerson(format: string, value: string, errand: Errand): Promise<Person | undefined> {
    if (format === 'email') return filtered(`profile.email eq "${escaped(value)}"`, errand);
    if (format === 'upn') return filtered(`profile.login eq "${escaped(value)}"`, errand);
    const space = format === 'provider_id' ? given.connectionId : format === 'iss_sub' ? given.orgUrl : undefined;
    if (space === undefined || !value.startsWith(`${space} `)) return undefined;
    const id = value.slice(space.length + 1);
    try {
      const person = shaped(personSchema, await okta.call(errand, (sdk) => sdk.userApi.getUser({ userId: id })));
      // Okta would take a login in its place.
      return person.id === id ? person : undefined;
    } catch (error) {
      if (toFailure(error).facts.status === 404) return undefined;
      throw error;
    }
  }

  /** By Okta's exact filter: its search shows what was, moments ago. Of several the one who is not deactivated, and nobody where there are two. */
  async function filtered(filter: string, errand: Errand): Promise<Person | undefined> {
    const found = shaped(z.array(personSchema), await okta.list(errand, (sdk) => sdk.userApi.listUsers({ filter })));
    const present = found.filter(({ status }) => status !== 'DEPROVISIONED');
    const [person, ...others] = present.length > 0 ? present : found;
    return others.length > 0 ? undefined : person;
  }

  const toDirectory = ({ id, status, profile }: Person, groups: readonly Named[], tier: Tier): DirectoryPerson => ({
    externalId: id,
    emails: profile.email ? [profile.email] : [],
    upn: profile.login,
    issSub: [{ iss: given.orgUrl, sub: id }],
    ...(profile.employeeNumber ? { employeeNumber: profile.employeeNumber } : {}),
    status: standingOf(status),
    groups: groups.map(({ name }) => name).sort(),
    tier,
  });

  return { people, find };
}

interface Named {
  readonly id: string;
  readonly name: string;
}

const named = ({ id, profile }: { readonly id: string; readonly profile: { readonly name: string } }): Named => ({
  id,
  name: profile.name,
});

function standingOf(status: Status): DirectoryPerson['status'] {
  if (status === 'SUSPENDED') return 'suspended';
  return status === 'DEPROVISIONED' || status === 'STAGED' ? 'disabled' : 'active';
}

const escaped = (value: string) => value.replaceAll(/["\\]/g, String.raw`\$&`);

const groupSchema = z.object({ id: z.string(), type: z.string(), profile: z.object({ name: z.string() }) });
const memberSchema = z.object({ id: z.string() });

/** Group by group: there are fewer of them than people. The group of everybody says nothing. */
async function readMemberships(okta: OktaClient, errand: Errand): Promise<ReadonlyMap<string, readonly Named[]>> {
  const memberships = new Map<string, Named[]>();
  const groups = shaped(z.array(groupSchema), await okta.list(errand, (sdk) => sdk.groupApi.listGroups({ limit: pageSize })));
  for (const group of groups.filter(({ type }) => type !== 'BUILT_IN')) {
    const asked = { groupId: group.id, limit: 1_000 };
    for await (const page of okta.pages(errand, (sdk) => sdk.groupApi.listGroupUsers(asked)))
      for (const { id } of shaped(z.array(memberSchema), page)) memberships.set(id, [...(memberships.get(id) ?? []), named(group)]);
  }
  return memberships;
}

const holdersSchema = z.object({
  value: z.array(memberSchema).nullish(),
  _links: z.object({ next: z.object({ href: z.string() }).nullish() }).nullish(),
});
const rolesSchema = z.array(z.object({ type: z.string() }));

/** Who holds a role at all is listed once; only of those the roles are read, their own and those of their groups. */
function createTiers(okta: OktaClient, errand: Errand): (account: string, groups: readonly Named[]) => Promise<Tier> {
  let holders: Promise<ReadonlySet<string>> | undefined;
  const ofGroups = new Map<string, Promise<readonly string[]>>();

  async function readHolders(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    let after: string | undefined;
    do {
      const asked = after === undefined ? {} : { after };
      const page = shaped(holdersSchema, await okta.call(errand, (sdk) => sdk.roleAssignmentApi.listUsersWithRoleAssignments(asked)));
      for (const { id } of page.value ?? []) ids.add(id);
      after = URL.parse(page._links?.next?.href ?? '')?.searchParams.get('after') ?? undefined;
    } while (after !== undefined);
    return ids;
  }

  async function readGroupRoles(groupId: string): Promise<readonly string[]> {
    const listed = await okta.list(errand, (sdk) => sdk.roleAssignmentApi.listGroupAssignedRoles({ groupId }));
    return shaped(rolesSchema, listed).map(({ type }) => type);
  }

  return async (account, groups) => {
    holders ??= readHolders();
    if (!(await holders).has(account)) return 'none';
    const types = (await rolesOf(account, errand, { okta })).map(({ type }) => type);
    for (const { id } of groups) {
      const roles = ofGroups.get(id) ?? readGroupRoles(id);
      ofGroups.set(id, roles);
      types.push(...(await roles));
    }
    // A holder of a role that is not shown is one all the same.
    return types.some((type) => highest.includes(type)) ? 'tier0' : 'standing';
  };
}
