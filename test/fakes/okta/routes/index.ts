/** Everything that the stand-in serves beside tokens. */
import type { Deliverer } from '../delivery.ts';
import type { HookCalls } from '../hook-calls.ts';
import type { Org } from '../org.ts';
import type { Route } from '../router.ts';
import { accessRoutes } from './access.ts';
import { deviceRoutes } from './devices.ts';
import { eventHookRoutes } from './event-hooks.ts';
import { factorRoutes } from './factors.ts';
import { groupRoutes } from './groups.ts';
import { lifecycleRoutes } from './lifecycle.ts';
import { logRoutes } from './logs.ts';
import { riskRoutes } from './risk.ts';
import { roleRoutes } from './roles.ts';
import { userRoutes } from './users.ts';
import { zoneRoutes } from './zones.ts';

export function routesOf(org: Org, hookCalls: HookCalls, deliverer: Pick<Deliverer, 'begin'>): readonly Route[] {
  return [
    ...[userRoutes, lifecycleRoutes, accessRoutes, factorRoutes, groupRoutes, roleRoutes, riskRoutes].flatMap((routes) => routes(org)),
    ...[deviceRoutes, zoneRoutes, logRoutes].flatMap((routes) => routes(org)),
    ...eventHookRoutes(org, hookCalls, deliverer),
  ];
}
