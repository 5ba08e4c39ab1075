/** Groups and administrators' roles of a person. */
import { z } from 'zod';
import type { ActionOrder } from '../../contract.ts';
import { readUser, shaped } from '../reads.ts';
import type { Errand } from '../transport.ts';
import { defineVerb, type Tools } from './verb.ts';

const groupSchema = z.object({ id: z.string(), type: z.string(), profile: z.object({ name: z.string() }) });
type Group = z.output<typeof groupSchema>;

export async function isMember(account: string, groupId: string, errand: Errand, tools: Pick<Tools, 'okta'>): Promise<boolean> {
  return (await groupsOf(account, errand, tools)).some(({ id }) => id === groupId);
}

export async function groupsOf(account: string, errand: Errand, { okta }: Pick<Tools, 'okta'>): Promise<readonly Group[]> {
  return shaped(z.array(groupSchema), await okta.list(errand, (sdk) => sdk.userApi.listUserGroups({ userId: account })));
}

const groupFault = ({ parameters: { group } }: ActionOrder) => (typeof group === 'string' ? undefined : 'parameterMissing');

/** Membership of all others follows a rule, a directory or everybody, and would come back by itself. */
const groupBar = (groups: readonly Group[]) => {
  if (groups.length > 1) return 'groupAmbiguous';
  return groups.some(({ type }) => type !== 'OKTA_GROUP') ? 'groupNotOkta' : undefined;
};

const isMeant = ({ id, profile }: Group, { parameters: { group } }: ActionOrder) => id === group || profile.name === group;

/** By id or by its whole name. */
export const groupRemove = defineVerb<readonly Group[]>({
  fault: groupFault,
  async read(order, errand, tools) {
    const { id } = await readUser(order, errand, tools);
    return (await groupsOf(id, errand, tools)).filter((group) => isMeant(group, order));
  },
  open: (meant) => (meant.length > 0 ? 'stillMember' : undefined),
  bar: groupBar,
  async write([group], { account }, errand, { okta }) {
    const given = { groupId: group?.id ?? '', userId: account };
    await okta.call(errand, (sdk) => sdk.groupApi.unassignUserFromGroup(given));
    return 1;
  },
});

interface Joining {
  readonly member: boolean;
  readonly groups: readonly Group[];
}

export const groupAdd = defineVerb<Joining>({
  fault: groupFault,
  async read(order, errand, tools) {
    const { id } = await readUser(order, errand, tools);
    const own = (await groupsOf(id, errand, tools)).filter((group) => isMeant(group, order));
    return own.length > 0 ? { member: true, groups: own } : { member: false, groups: await findGroups(order, errand, tools) };
  },
  open: ({ member }) => (member ? undefined : 'notMember'),
  bar: ({ groups }) => (groups.length === 0 ? 'groupUnknown' : groupBar(groups)),
  async write({ groups: [group] }, { account }, errand, { okta }) {
    const given = { groupId: group?.id ?? '', userId: account };
    await okta.call(errand, (sdk) => sdk.groupApi.assignUserToGroup(given));
    return 1;
  },
});

async function findGroups(order: ActionOrder, errand: Errand, { okta }: Tools): Promise<readonly Group[]> {
  const asked = String(order.parameters.group).replaceAll(/["\\]/g, String.raw`\$&`);
  const search = `id eq "${asked}" or profile.name eq "${asked}"`;
  const found = shaped(z.array(groupSchema), await okta.list(errand, (sdk) => sdk.groupApi.listGroups({ search })));
  // The search does not tell capitals apart.
  return found.filter((group) => isMeant(group, order));
}

const roleSchema = z.object({ id: z.string(), type: z.string(), assignmentType: z.string().nullish() });
type Role = z.output<typeof roleSchema>;

export async function rolesOf(account: string, errand: Errand, { okta }: Pick<Tools, 'okta'>): Promise<readonly Role[]> {
  return shaped(z.array(roleSchema), await okta.list(errand, (sdk) => sdk.roleAssignmentApi.listAssignedRolesForUser({ userId: account })));
}

/** By type (`HELP_DESK_ADMIN`) or by the assignment's id. A role that comes with a group goes with the group. */
export const roleRemove = defineVerb<readonly Role[]>({
  fault: ({ parameters: { role } }) => (typeof role === 'string' ? undefined : 'parameterMissing'),
  async read(order, errand, tools) {
    const { id } = await readUser(order, errand, tools);
    const wanted = order.parameters.role;
    return (await rolesOf(id, errand, tools)).filter((role) => role.id === wanted || role.type === wanted);
  },
  open: (roles) => (roles.length > 0 ? 'roleRemains' : undefined),
  bar: (roles) => (roles.some(({ assignmentType }) => assignmentType === 'GROUP') ? 'roleOfGroup' : undefined),
  async write(roles, { account }, errand, { okta }) {
    for (const { id } of roles)
      await okta.call(errand, (sdk) => sdk.roleAssignmentApi.unassignRoleFromUser({ userId: account, roleId: id }));
    return roles.length;
  },
});
