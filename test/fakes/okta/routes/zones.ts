/** Network zones. A zone is replaced as a whole and carries no version: of two who read and write at once, the later wins. */
import { written } from '../clock.ts';
import { parseFilter } from '../filter.ts';
import { party } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Zone } from '../records.ts';
import { invalid, notFound } from '../refusal.ts';
import { type Ask, ok, paged, type Route, route } from '../router.ts';

const most = { BLOCKLIST: 1_000, POLICY: 150 } as const;

export function zoneRoutes(org: Org): readonly Route[] {
  const [read, manage] = ['okta.networkZones.read', 'okta.networkZones.manage'];
  const find = (ask: Ask): Zone => {
    const zone = org.zones.get(ask.id('zoneId'));
    if (!zone) throw notFound(ask.id('zoneId'), 'NetworkZone');
    return zone;
  };
  return [
    route('GET', '/api/v1/zones', read, (ask) => {
      const filter = ask.query.get('filter');
      const rules = {
        caseSensitive: true,
        allows: (name: string, how: string) => ['id', 'usage', 'system'].includes(name) && how === 'eq',
      };
      const fits = filter ? parseFilter(filter, rules) : () => true;
      return paged(
        ask,
        [...org.zones.values()].filter((zone) => fits(showZone(org, zone))),
        { usual: 20, most: 200 },
        (zone) => showZone(org, zone),
      );
    }),
    route('GET', '/api/v1/zones/{zoneId}', read, (ask) => ok(showZone(org, find(ask)))),
    route('PUT', '/api/v1/zones/{zoneId}', manage, (ask) => {
      const zone = find(ask);
      const { name, type, gateways = [], usage = zone.usage } = ask.body as Partial<Zone>;
      if (typeof name !== 'string' || name === '') throw invalid('name', 'The field cannot be left blank');
      if (type !== zone.type) throw invalid('type', 'The field must be the type of the zone');
      if (usage !== zone.usage) throw invalid('usage', 'The usage of a zone cannot be changed');
      if (!Array.isArray(gateways) || gateways.some((one) => !isGateway(one))) throw invalid('gateways', 'The field is invalid');
      if (gateways.length > most[usage]) throw invalid('gateways', `A zone of this usage takes at most ${most[usage]} gateways`);
      const before = JSON.stringify([zone.name, zone.gateways]);
      zone.name = name;
      zone.gateways = gateways.map(({ type: kind, value }) => ({ type: kind, value }));
      zone.lastUpdatedAt = org.clock.now();
      tell(org, ask, 'zone.update', [party('NetworkZone', zone.id, zone.name)], {
        changed: JSON.stringify([zone.name, zone.gateways]) !== before,
      });
      return ok(showZone(org, zone));
    }),
  ];
}

function isGateway(one: unknown): boolean {
  const { type, value } = (one ?? {}) as { type?: unknown; value?: unknown };
  if (typeof value !== 'string') return false;
  return type === 'CIDR' ? /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(value) : type === 'RANGE' && /^[0-9a-fA-F.:]+(-[0-9a-fA-F.:]+)?$/.test(value);
}

const showZone = (org: Org, { id, name, type, usage, system, gateways, createdAt, lastUpdatedAt }: Zone) => ({
  ...{ id, name, type, usage, system, gateways, proxies: null, status: 'ACTIVE' },
  ...{ created: written(createdAt), lastUpdated: written(lastUpdatedAt) },
  _links: { self: { href: `${org.baseUrl}/api/v1/zones/${id}` } },
});
