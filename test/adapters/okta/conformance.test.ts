/** The Okta adapter against its stand-in: the contract of every adapter. */
import type { ActionOrder } from '../../../src/adapters/contract.ts';
import { okta } from '../../../src/adapters/okta/index.ts';
import type { ActionParameters, ActionType } from '../../../src/model/action.ts';
import type { Device, Group, Person, Zone } from '../../fakes/okta/records.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { type ConformanceBench, describeAdapter, type Fault } from '../conformance.ts';
import { connect } from './bench.ts';

const [group, role] = ['payroll', 'HELP_DESK_ADMIN'];

/** What is to be acted on beside people: their devices, and an address each. */
interface Things {
  readonly standIn: OktaStandIn;
  readonly stepUp: Group;
  readonly payroll: Group;
  readonly zone: Zone;
  readonly devices: ReadonlyMap<string, Device>;
  addressOf(account: string): string;
}

function parametersOf({ devices, addressOf }: Things, type: ActionType, account: string): ActionParameters {
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
      return { address: addressOf(account), expires: '1h' } satisfies ActionOrder['parameters'];
    default:
      return {};
  }
}

async function give({ standIn, stepUp, payroll, zone, devices, addressOf }: Things, type: ActionType, account: string) {
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

function isInForce({ standIn, stepUp, payroll, zone, devices, addressOf }: Things, type: ActionType, account: string): boolean {
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

function inject(standIn: OktaStandIn, fault: Fault, writesOnly: boolean): void {
  const methods = writesOnly ? ['POST', 'PUT', 'DELETE'] : [undefined];
  for (const method of methods) {
    const on = method === undefined ? {} : { method };
    if (fault.kind === 'status') {
      const headers = fault.retryAfter === undefined ? {} : { headers: { 'retry-after': fault.retryAfter } };
      standIn.fault({ kind: 'status', status: fault.status, ...headers, ...on });
    } else if (fault.kind === 'cutBefore' || fault.kind === 'cutAfter') {
      standIn.fault({ kind: 'cut', after: fault.kind === 'cutAfter', ...on });
    } else standIn.fault({ kind: fault.kind, ...on });
  }
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

async function open(): Promise<ConformanceBench> {
  const standIn = await startOkta({ people: [{ login: 'alice@example.com' }, { login: 'bob@example.com' }] });
  const [alice, bob] = [standIn.person('alice@example.com'), standIn.person('bob@example.com')];
  const stepUp = standIn.group('step-up');
  const payroll = standIn.group(group);
  const zone = standIn.zone('blocked', { usage: 'BLOCKLIST' });
  const devices = new Map([alice, bob].map((person) => [person.id, standIn.device(`${person.profile.login}'s`, [person])]));
  const connection = await connect(standIn, { stepUpGroup: stepUp.id, blockZone: zone.id });
  const things: Things = {
    ...{ standIn, stepUp, payroll, zone, devices },
    addressOf: (account) => (account === alice.id ? '93.184.216.34' : '93.184.216.35'),
  };
  return {
    adapter: connection.adapter,
    accounts: { present: alice.id, other: bob.id, absent: '00u99999999999999999' },
    logged: connection.log.text,
    secrets: [standIn.token],
    parameters: (type, account) => parametersOf(things, type, account),
    give: (type, account) => give(things, type, account),
    inForce: async (type, account) => isInForce(things, type, account),
    effects: () => standIn.effects.length,
    inject: (fault, writesOnly) => inject(standIn, fault, writesOnly),
    heal: standIn.heal,
    hanging: () => until(() => standIn.limits.inFlight > 0),
    abandoned: () => until(() => standIn.limits.inFlight === 0),
    async close() {
      await connection.close();
      await standIn.close();
    },
  };
}

describeAdapter('okta', okta, open, { 'absent ip.block': 'an address is nobody’s account' });
