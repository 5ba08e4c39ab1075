/** Devices and their lifecycle. One device may be of several people: suspending it touches them all. */
import { aim } from '../aim.ts';
import { written } from '../clock.ts';
import { party } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Device } from '../records.ts';
import { notFound, Refusal } from '../refusal.ts';
import { type Ask, noContent, ok, paged, type Route, route } from '../router.ts';

const transitions = {
  activate: { from: ['CREATED', 'DEACTIVATED'], to: 'ACTIVE' },
  suspend: { from: ['ACTIVE'], to: 'SUSPENDED' },
  unsuspend: { from: ['SUSPENDED'], to: 'ACTIVE' },
  deactivate: { from: ['ACTIVE', 'SUSPENDED'], to: 'DEACTIVATED' },
} as const satisfies Record<string, { from: readonly Device['status'][]; to: Device['status'] }>;

export function deviceRoutes(org: Org): readonly Route[] {
  const [read, manage] = ['okta.devices.read', 'okta.devices.manage'];
  const find = (ask: Ask): Device => {
    const device = org.devices.get(ask.id('deviceId'));
    if (!device) throw notFound(ask.id('deviceId'), 'Device');
    return device;
  };
  const link = (device: Device) => ({ created: written(device.createdAt), managementStatus: 'NOT_MANAGED', screenLockType: 'NONE' });
  const verbs = (Object.keys(transitions) as (keyof typeof transitions)[]).map((verb) =>
    route('POST', `/api/v1/devices/{deviceId}/lifecycle/${verb}`, manage, (ask) => {
      const device = find(ask);
      const { from, to } = transitions[verb];
      if (!from.some((status) => status === device.status)) throw new Refusal('E0000107');
      device.status = to;
      tell(org, ask, `device.lifecycle.${verb}`, [party('Device', device.id, device.displayName)]);
      return noContent;
    }),
  );
  return [
    route('GET', '/api/v1/devices', read, (ask) => paged(ask, [...org.devices.values()], { usual: 200, most: 200 }, showDevice)),
    route('GET', '/api/v1/devices/{deviceId}', read, (ask) => ok(showDevice(find(ask)))),
    route('GET', '/api/v1/devices/{deviceId}/users', read, (ask) => {
      const device = find(ask);
      const users = org.people.all().filter(({ id }) => device.users.has(id));
      return ok(users.map((person) => ({ ...link(device), user: org.people.show(person) })));
    }),
    route('GET', '/api/v1/users/{userId}/devices', 'okta.users.read', (ask) => {
      const person = aim(org, ask);
      const devices = [...org.devices.values()].filter(({ users }) => users.has(person.id));
      return ok(
        devices.map((device) => ({
          created: written(device.createdAt),
          deviceUserId: `dus${device.id.slice(3)}`,
          device: showDevice(device),
        })),
      );
    }),
    ...verbs,
  ];
}

const showDevice = ({ id, status, displayName, platform, createdAt }: Device) => ({
  ...{ id, status, profile: { displayName, platform, registered: true }, resourceType: 'UDDevice', resourceId: id },
  ...{ resourceDisplayName: { value: displayName, sensitive: false }, created: written(createdAt), lastUpdated: written(createdAt) },
});
