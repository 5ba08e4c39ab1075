/** Whether a connection could read and act, without acting: what reads is tried, and what writes is judged by scopes or by the role behind the token. */
import { z } from 'zod';
import type { ProbeResult } from '../contract.ts';
import type { OktaClient } from './client.ts';
import { type OktaFailure, toFailure } from './failure.ts';
import { manifest } from './manifest.ts';
import { shaped } from './reads.ts';
import type { OktaSettings } from './settings.ts';
import type { Errand } from './transport.ts';

type Trial = (okta: OktaClient, errand: Errand) => Promise<unknown>;

/** One harmless GET for each permission that reads. Risk and devices are tried on who is not there: that they are not found is an answer. */
const nobody = '00u0000000000000rsc';
const trials: Readonly<Record<string, Trial>> = {
  'okta.users.read': (okta, errand) => first(okta, errand, (sdk) => sdk.userApi.listUsers({ limit: 1 })),
  'okta.groups.read': (okta, errand) => first(okta, errand, (sdk) => sdk.groupApi.listGroups({ limit: 1 })),
  'okta.roles.read': (okta, errand) => okta.call(errand, (sdk) => sdk.roleAssignmentApi.listUsersWithRoleAssignments({ limit: 1 })),
  'okta.logs.read': (okta, errand) => first(okta, errand, (sdk) => sdk.systemLogApi.listLogEvents({ limit: 1, sortOrder: 'DESCENDING' })),
  'okta.userRisk.read': (okta, errand) => okta.call(errand, (sdk) => sdk.userApi.getUserRisk({ userId: nobody })),
  'okta.devices.read': (okta, errand) => first(okta, errand, (sdk) => sdk.deviceApi.listDevices({ limit: 1 })),
  'okta.networkZones.read': (okta, errand) => first(okta, errand, (sdk) => sdk.networkZoneApi.listNetworkZones({ limit: 1 })),
  'okta.eventHooks.read': (okta, errand) => first(okta, errand, (sdk) => sdk.eventHookApi.listEventHooks()),
};

/** Which administrators may write what, of the standard roles; a custom role is not looked into. */
const everything = ['SUPER_ADMIN'];
const writers: Readonly<Record<string, readonly string[]>> = {
  'okta.users.manage': [...everything, 'ORG_ADMIN', 'USER_ADMIN'],
  'okta.groups.manage': [...everything, 'ORG_ADMIN', 'USER_ADMIN', 'GROUP_MEMBERSHIP_ADMIN'],
  'okta.roles.manage': everything,
  'okta.userRisk.manage': [...everything, 'ORG_ADMIN', 'USER_ADMIN'],
  'okta.devices.manage': [...everything, 'ORG_ADMIN'],
  'okta.networkZones.manage': [...everything, 'ORG_ADMIN'],
  'okta.universalLogout.manage': everything,
  'okta.eventHooks.manage': [...everything, 'ORG_ADMIN'],
};

/** Never rejects. Where Okta is not reached or knows us not, nothing else is tried. */
export async function probeOkta(okta: OktaClient, settings: OktaSettings, signal: AbortSignal): Promise<readonly ProbeResult[]> {
  const errand: Errand = { urgency: 'directory', signal };
  const reads: ProbeResult[] = [];
  for (const permission of manifest.permissions.read) {
    const failure = await failureOf(trials[permission]?.(okta, errand));
    const { code, status } = failure?.facts ?? {};
    if (failure !== undefined && status === undefined)
      return [{ check: 'reachable', ok: false, hint: `${settings.orgUrl} did not answer: ${code}`, for: 'read' }];
    if (code === 'unauthorised')
      return [
        { check: 'reachable', ok: true },
        { check: 'credentials', ok: false, hint: credentialHint(settings), for: 'read' },
      ];
    const ok = failure === undefined || status === 404;
    reads.push({ check: permission, ok, for: 'read', ...(ok ? {} : { hint: readHint(permission, settings, failure) }) });
  }
  return [{ check: 'reachable', ok: true }, { check: 'credentials', ok: true }, ...reads, ...(await probeWrites(okta, errand))];
}

async function probeWrites(okta: OktaClient, errand: Errand): Promise<readonly ProbeResult[]> {
  const permissions = manifest.permissions.write;
  const scopes = await okta.scopes().catch(() => undefined);
  if (scopes !== undefined) {
    return permissions.map((check) => {
      const ok = scopes.has(check);
      return { check, ok, for: 'write', ...(ok ? {} : { hint: `grant the scope ${check} to the service app` }) };
    });
  }
  const roles = await rolesOfToken(okta, errand);
  return permissions.map((check) => {
    // Whoever the token belongs to, we are not told; the first write will tell.
    if (roles === undefined) return { check, ok: true, for: 'write', hint: 'not checked: the role behind the API token cannot be read' };
    const ok = roles.includes('CUSTOM') || (writers[check] ?? []).some((role) => roles.includes(role));
    const wanted = (writers[check] ?? []).join(' or ');
    return { check, ok, for: 'write', ...(ok ? {} : { hint: `give the administrator who made the API token the role ${wanted}` }) };
  });
}

/** An API token acts as who made it. */
async function rolesOfToken(okta: OktaClient, errand: Errand): Promise<readonly string[] | undefined> {
  try {
    const { id } = shaped(z.object({ id: z.string() }), await okta.call(errand, (sdk) => sdk.userApi.getUser({ userId: 'me' })));
    const roles = await okta.list(errand, (sdk) => sdk.roleAssignmentApi.listAssignedRolesForUser({ userId: id }));
    return shaped(z.array(z.object({ type: z.string() })), roles).map(({ type }) => type);
  } catch {
    return undefined;
  }
}

/** One page is enough. */
async function first(okta: OktaClient, errand: Errand, run: Parameters<OktaClient['list']>[1]): Promise<void> {
  const list = await okta.call(errand, run);
  await okta.call(errand, () => list.getNextPage());
}

async function failureOf(trial: Promise<unknown> | undefined): Promise<OktaFailure | undefined> {
  try {
    await trial;
    return undefined;
  } catch (error) {
    return toFailure(error);
  }
}

function credentialHint({ auth }: OktaSettings): string {
  return 'token' in auth
    ? 'Okta does not know the API token: was it revoked, or unused for 30 days?'
    : 'Okta does not take the service app’s access token: is its DPoP setting that of the connection?';
}

function readHint(permission: string, { auth }: OktaSettings, failure: OktaFailure | undefined): string {
  const { code, errorCode } = failure?.facts ?? {};
  if (code !== 'forbidden') return `Okta answered ${[code, errorCode].filter(Boolean).join(' ')}`;
  return 'token' in auth
    ? `the administrator who made the API token may not use ${permission}: give them a role that may`
    : `grant the scope ${permission} to the service app, and give the app an administrator role that may use it`;
}
