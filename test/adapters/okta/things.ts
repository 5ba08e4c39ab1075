/** What Okta's actions are tried on beside people: bringing it to where there is something to do, and looking at it as an administrator does. */
import type { ActionParameters, ActionType } from '../../../src/model/action.ts';
import type { Device, Group, Person, Zone } from '../../fakes/okta/records.ts';
import type { OktaStandIn } from '../../fakes/okta.ts';

const [group, role] = ['payroll', 'HELP_DESK_ADMIN'];

export interface Things {
  readonly standIn: OktaStandIn;
  readonly stepUp: Group;
  readonly payroll: Group;
  readonly zone: Zone;
  readonly devices: ReadonlyMap<string, Device>;
  addressOf(account: string): string;
}

export function parametersOf({ devices, addressOf }: Things, type: ActionType, account: string): ActionParameters {
  switch (type) {
    case 'factor.remove':
      return { factor: 'sms' };
    case 'group.add':
    case 'group.remove':
      return { group };
    case 'role.remove':
      return { role };
    case 'risk.set':
      return { level: 'high' };
    case 'device.disable':
      return { deviceId: devices.get(account)?.id ?? 'guo00000000000000000' };
    case 'ip.block':
      return { address: addressOf(account), expires: '1h' };
    default:
      return {};
  }
}

export async function give({ standIn, stepUp, payroll, zone, devices, addressOf }: Things, type: ActionType, account: string) {
  const person = standIn.person(account);
  const device = devices.get(account) as Device;
  switch (type) {
    case 'account.suspend':
    case 'account.disable':
    case 'password.expire':
      return standIn.change(person, { status: 'ACTIVE' });
    case 'account.restore':
      return standIn.change(person, { status: 'SUSPENDED' });
    case 'mfa.reset':
    case 'factor.remove':
      return void standIn.factor(person, 'sms');
    case 'mfa.require':
      stepUp.members.delete(account);
      return;
    case 'mfa.lift':
      return void stepUp.members.add(account);
    case 'group.add':
      return void payroll.members.delete(account);
    case 'group.remove':
      return void payroll.members.add(account);
    case 'role.remove':
      return void standIn.role(person, role);
    case 'risk.set':
      return standIn.change(person, { risk: 'LOW' });
    case 'device.disable':
      device.status = 'ACTIVE';
      return;
    case 'ip.block':
      zone.gateways = zone.gateways.filter(({ value }) => value !== `${addressOf(account)}/32`);
      return;
    default:
      standIn.signIn(account, { clients: ['0oaclient'] });
  }
}

export function isInForce({ standIn, stepUp, payroll, zone, devices, addressOf }: Things, type: ActionType, account: string): boolean {
  const person: Person = standIn.person(account);
  const left = standIn.access(account);
  switch (type) {
    case 'session.revoke':
    case 'app.signOut':
      return left.sessions.length === 0;
    case 'token.revoke':
      return left.refreshTokens.length === 0;
    case 'grant.revoke':
      return left.grants.length === 0;
    case 'account.suspend':
    case 'account.disable':
      return person.status === 'SUSPENDED';
    case 'account.restore':
      return person.status === 'ACTIVE';
    case 'password.expire':
      return person.status === 'PASSWORD_EXPIRED';
    case 'mfa.reset':
    case 'factor.remove':
      return person.factors.length === 0;
    case 'mfa.require':
      return stepUp.members.has(account);
    case 'mfa.lift':
      return !stepUp.members.has(account);
    case 'group.add':
      return payroll.members.has(account);
    case 'group.remove':
      return !payroll.members.has(account);
    case 'role.remove':
      return person.roles.length === 0;
    case 'risk.set':
      return person.risk === 'HIGH';
    case 'device.disable':
      return devices.get(account)?.status === 'SUSPENDED';
    case 'ip.block':
      return zone.gateways.some(({ value }) => value === `${addressOf(account)}/32`);
    default:
      throw new Error(`${type} is not looked at`);
  }
}

/** For the people of the stand-in; `connection` is what it says of itself beside address and credential. */
export function openThings(
  standIn: OktaStandIn,
  people: readonly Person[],
): Things & { readonly connection: Readonly<Record<string, string>> } {
  const [stepUp, payroll, zone] = [standIn.group('step-up'), standIn.group(group), standIn.zone('blocked', { usage: 'BLOCKLIST' })];
  return {
    ...{ standIn, stepUp, payroll, zone },
    devices: new Map(people.map((person) => [person.id, standIn.device(`${person.profile.login}'s`, [person])])),
    addressOf: (account) => `93.184.216.${people.findIndex(({ id }) => id === account) + 1}`,
    connection: { stepUpGroup: stepUp.id, blockZone: zone.id },
  };
}
