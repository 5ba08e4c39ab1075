/** What an organisation is given to begin with, or by its administrators while a test runs: no call, and no effect of anybody's. */
import type { Org } from './org.ts';
import type { Device, Factor, Group, Person, RoleAssignment, Zone } from './records.ts';

export interface Seeds {
  group(
    name: string,
    given?: { readonly type?: Group['type']; readonly members?: readonly Person[]; readonly roles?: readonly string[] },
  ): Group;
  device(displayName: string, users: readonly Person[], given?: Partial<Pick<Device, 'status' | 'platform'>>): Device;
  zone(name: string, given?: Partial<Pick<Zone, 'usage' | 'gateways' | 'system'>>): Zone;
  /** Enrolled now, unless it says since when. */
  factor(person: Person, factorType: string, given?: Partial<Pick<Factor, 'provider' | 'createdAt' | 'status'>>): Factor;
  role(person: Person, type: string): RoleAssignment;
  /** As an administrator does it at the console, without leaving an event; dated now, and in the index in time. */
  change(person: Person, members: Partial<Omit<Person, 'id' | 'createdAt'>>): void;
}

export function createSeeds(org: Org): Seeds {
  const now = () => org.clock.now();
  const assignment = (type: string): RoleAssignment => ({ id: org.newId('ra1'), type, createdAt: now() });
  return {
    group(name, { type = 'OKTA_GROUP', members = [], roles = [] } = {}) {
      const ids = new Set(members.map(({ id }) => id));
      const group: Group = { id: org.newId('00g'), type, name, createdAt: now(), members: ids, roles: roles.map(assignment) };
      org.groups.set(group.id, group);
      return group;
    },
    device(displayName, users, { status = 'ACTIVE', platform = 'MACOS' } = {}) {
      const ids = new Set(users.map(({ id }) => id));
      const device: Device = { id: org.newId('guo'), status, displayName, platform, createdAt: now(), users: ids };
      org.devices.set(device.id, device);
      return device;
    },
    zone(name, { usage = 'POLICY', gateways = [], system = false } = {}) {
      const zone: Zone = { id: org.newId('nzo'), createdAt: now(), lastUpdatedAt: now(), name, type: 'IP', usage, system, gateways };
      org.zones.set(zone.id, zone);
      return zone;
    },
    factor(person, factorType, { provider = 'OKTA', status = 'ACTIVE', createdAt = now() } = {}) {
      const factor: Factor = { id: org.newId('mfa'), factorType, provider, status, createdAt };
      person.factors.push(factor);
      org.people.touch(person);
      return factor;
    },
    role(person, type) {
      const role = assignment(type);
      person.roles.push(role);
      return role;
    },
    change(person, { status, ...members }) {
      Object.assign(person, members);
      org.people.touch(person, status);
    },
  };
}
