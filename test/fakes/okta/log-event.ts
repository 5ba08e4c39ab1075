/** The full shape of a System Log event, filled up around what is given. */
import { randomBytes, randomUUID } from 'node:crypto';
import { written } from './clock.ts';
import type { Person } from './records.ts';

export interface LogParty {
  readonly id: string;
  readonly type: string;
  readonly alternateId: string | null;
  readonly displayName: string | null;
  readonly detailEntry?: Readonly<Record<string, unknown>> | null;
  readonly changeDetails?: { readonly from: Readonly<Record<string, unknown>>; readonly to: Readonly<Record<string, unknown>> } | null;
}

export interface LogEvent {
  readonly uuid: string;
  readonly published: string;
  readonly eventType: string;
  readonly version: string;
  readonly severity: string;
  readonly legacyEventType: string | null;
  readonly displayMessage: string | null;
  readonly actor: LogParty;
  readonly target: readonly LogParty[] | null;
  readonly outcome: { readonly result: string; readonly reason: string | null };
  readonly client: Readonly<Record<string, unknown>>;
  readonly request: Readonly<Record<string, unknown>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly authenticationContext: Readonly<Record<string, unknown>>;
  readonly transaction: { readonly type: string; readonly id: string; readonly detail: Readonly<Record<string, unknown>> };
  readonly debugContext: { readonly debugData: Readonly<Record<string, unknown>> };
}

/** What a test gives of an event; the rest is as Okta would fill it. Members of `client`, `securityContext` and the like are laid over. */
export type GivenEvent = { readonly eventType: string } & Partial<Omit<LogEvent, 'published'>>;

const browser = { rawUserAgent: 'Mozilla/5.0 (X11; Linux x86_64)', os: 'Linux', browser: 'FIREFOX' };
const system: LogParty = {
  id: 'okta',
  type: 'SystemPrincipal',
  alternateId: 'system@okta.com',
  displayName: 'Okta System',
  detailEntry: null,
};

export function fillEvent(given: GivenEvent, publishedAt: number): LogEvent {
  const ipAddress = (given.client?.['ipAddress'] as string | undefined) ?? '203.0.113.10';
  const place = { city: 'Oslo', state: 'Oslo', country: 'Norway', postalCode: '0150', geolocation: { lat: 59.91, lon: 10.75 } };
  return {
    actor: given.actor ?? system,
    client: {
      userAgent: browser,
      zone: 'null',
      device: 'Computer',
      id: null,
      ipAddress,
      geographicalContext: place,
      ...given.client,
    },
    authenticationContext: {
      authenticationProvider: null,
      credentialProvider: null,
      credentialType: null,
      issuer: null,
      interface: null,
      authenticationStep: 0,
      rootSessionId: null,
      externalSessionId: null,
      ...given.authenticationContext,
    },
    displayMessage: given.displayMessage ?? null,
    eventType: given.eventType,
    outcome: given.outcome ?? { result: 'SUCCESS', reason: null },
    published: written(publishedAt),
    securityContext: { asNumber: null, asOrg: null, isp: null, domain: null, isProxy: null, ...given.securityContext },
    severity: given.severity ?? 'INFO',
    debugContext: { debugData: { requestId: randomBytes(12).toString('hex'), ...given.debugContext?.debugData } },
    legacyEventType: given.legacyEventType ?? null,
    transaction: { type: 'WEB', id: randomBytes(16).toString('hex'), detail: {}, ...given.transaction },
    uuid: given.uuid ?? randomUUID(),
    version: '0',
    request: { ipChain: [{ ip: ipAddress, geographicalContext: place, version: 'V4', source: null }], ...given.request },
    target: given.target ?? null,
  };
}

export function userParty(person: Person): LogParty {
  const { login, firstName, lastName } = person.profile;
  return { id: person.id, type: 'User', alternateId: login, displayName: `${firstName} ${lastName}`, detailEntry: null };
}

export const party = (type: string, id: string, displayName: string): LogParty => ({
  id,
  type,
  alternateId: displayName,
  displayName,
  detailEntry: null,
});
