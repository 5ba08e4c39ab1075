/** Events of a System Log as tests need them: Ada, an administrator, does something to Bob, who has a group, an app and a device. */
import { normalise } from '../../../src/adapters/okta/index.ts';

export const receivedAt = Date.UTC(2026, 4, 4, 10);
export const occurredAt = receivedAt - 2_000;
export const connection = 'okta-main';
export const ownAppId = '0oaRescind';

export const ada = { id: '00uAda', type: 'User', alternateId: 'Ada@Example.com', displayName: 'Ada' };
export const bob = { id: '00uBob', type: 'User', alternateId: 'bob@example.com', displayName: 'Bob' };
export const group = { id: '00gStaff', type: 'UserGroup', alternateId: 'unknown', displayName: 'Staff' };
export const app = { id: '0oaPayroll', type: 'PublicClientApp', alternateId: 'unknown', displayName: 'Payroll' };
export const laptop = { id: 'guoLaptop', type: 'Device', alternateId: 'unknown', displayName: 'Laptop' };

export type Json = Record<string, unknown>;

let count = 0;

/** An event that happened two seconds ago; `more` replaces members. */
export function logEvent(eventType: string, more: Json = {}): Json {
  return {
    uuid: `uuid-${++count}`,
    published: new Date(occurredAt).toISOString(),
    eventType,
    severity: 'INFO',
    outcome: { result: 'SUCCESS', reason: null },
    actor: bob,
    client: {
      id: null,
      ipAddress: '198.51.100.7',
      geographicalContext: { city: 'Oslo', state: 'Oslo', country: 'Norway', postalCode: '0150', geolocation: { lat: 59.9, lon: 10.7 } },
      userAgent: { rawUserAgent: 'Mozilla/5.0', os: 'Mac OS X', browser: 'CHROME' },
      zone: 'null',
      device: 'Computer',
    },
    device: { id: 'guoLaptop', name: 'Laptop', managed: true },
    authenticationContext: { externalSessionId: 'idxBob', rootSessionId: 'idxBob', credentialType: null },
    securityContext: { asNumber: 64_500, asOrg: 'example', isp: 'example', domain: 'example.net', isProxy: false },
    debugContext: { debugData: { requestUri: '/idp/idx/identify', threatSuspected: 'false' } },
    transaction: { type: 'WEB', id: 'txn-1', detail: {} },
    request: { ipChain: [] },
    target: [],
    ...more,
  };
}

/** Done to Bob by Ada, in her session. */
export function byAda(eventType: string, more: Json = {}): Json {
  return logEvent(eventType, { actor: ada, target: [group, app, bob], device: null, ...more });
}

export const withDebug = (debugData: Json): Json => ({ debugContext: { debugData } });
export const failedWith = (reason: string): Json => ({ outcome: { result: 'FAILURE', reason } });

export const read = (event: unknown, ownClientIds: Iterable<string> = []) =>
  normalise(event, { connection, ownClientIds: new Set(ownClientIds), receivedAt });

/** The signal of an event that must be one. */
export function signalOf(event: unknown) {
  const result = read(event);
  if (result.kind !== 'signal') throw new Error(`no signal but ${JSON.stringify(result)}`);
  return result.signal;
}

/** What it comes to in a word or two: `session_established low`, or the reason. */
export function meaningOf(event: unknown): string {
  const result = read(event);
  switch (result.kind) {
    case 'signal':
      return `${result.signal.type} ${result.signal.severity}`;
    case 'confirmation':
      return 'confirmation';
    case 'none':
      return result.reason;
    default:
      return result satisfies never;
  }
}
