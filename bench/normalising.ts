/**
 * `normalise.okta`: events of Okta's log, parsed already, read into signals on one core. The baseline is what anybody pays who keeps each
 * event as text.
 */
import { normalise } from '../src/adapters/okta/index.ts';
import type { Bench } from './bench.ts';
import { measure } from './slices.ts';

const context = { connection: 'okta-main', ownClientIds: new Set(['0oaRescind']), receivedAt: Date.UTC(2026, 4, 4, 10) };

export const normalising: Bench = {
  names: ['normalise.okta', 'baseline.event-text'],
  async run() {
    const events = Array.from({ length: 256 }, (_, n) => eventOf(n));
    return measure([
      { name: 'baseline.event-text', unit: 'events/s', work: (n) => JSON.stringify(events[n & 255]).length },
      { name: 'normalise.okta', unit: 'events/s', to: 'baseline.event-text', work: (n) => normalise(events[n & 255], context).kind },
    ]);
  },
};

interface Kind {
  readonly eventType: string;
  readonly result: string;
  readonly reason?: string;
  readonly debugData?: object;
  /** Done to the person by an administrator. */
  readonly isAdmins?: true;
}

const behaviors =
  '{New Geo-Location=NEGATIVE, New Device=POSITIVE, New IP=POSITIVE, New State=NEGATIVE, New Country=NEGATIVE, Velocity=NEGATIVE, New City=NEGATIVE}';

/** What a log holds in every sixteen: mostly signing in, with its risk and behaviours. */
const kinds: readonly Kind[] = [
  { eventType: 'user.session.start', result: 'SUCCESS', debugData: { risk: '{reasons=New Device, New IP, level=HIGH}', behaviors } },
  { eventType: 'user.session.start', result: 'SUCCESS', debugData: { risk: '{level=LOW}', behaviors } },
  { eventType: 'user.session.start', result: 'SUCCESS' },
  { eventType: 'user.session.start', result: 'FAILURE', reason: 'INVALID_CREDENTIALS' },
  { eventType: 'policy.evaluate_sign_on', result: 'CHALLENGE', debugData: { risk: '{level=LOW}', behaviors } },
  { eventType: 'policy.evaluate_sign_on', result: 'ALLOW', debugData: { risk: '{level=MEDIUM, reasons=New Device, New IP}', behaviors } },
  { eventType: 'user.authentication.auth_via_mfa', result: 'SUCCESS', debugData: { factor: 'OKTA_VERIFY_PUSH' } },
  { eventType: 'user.authentication.auth_via_mfa', result: 'FAILURE', reason: 'INVALID_CREDENTIALS', debugData: { factor: 'SMS_FACTOR' } },
  { eventType: 'user.authentication.sso', result: 'SUCCESS' },
  { eventType: 'user.authentication.sso', result: 'SUCCESS' },
  { eventType: 'user.session.end', result: 'SUCCESS' },
  { eventType: 'user.mfa.okta_verify.deny_push', result: 'FAILURE' },
  { eventType: 'user.account.reset_password', result: 'SUCCESS', isAdmins: true },
  { eventType: 'group.user_membership.add', result: 'SUCCESS', isAdmins: true },
  { eventType: 'user.lifecycle.suspend', result: 'SUCCESS', isAdmins: true },
  { eventType: 'policy.rule.update', result: 'SUCCESS' },
];

/** As long as a real one: 2 to 3 KB. */
function eventOf(n: number): object {
  const { eventType, result, reason = null, debugData = {}, isAdmins } = kinds[n % kinds.length] as Kind;
  const person = {
    id: `00u${n}abcdefghijklmn`,
    type: 'User',
    alternateId: `person-${n}@example.com`,
    displayName: `Person ${n}`,
    detailEntry: null,
  };
  const admin = { ...person, id: '00uadminabcdefghijk', alternateId: 'admin@example.com', displayName: 'Admin' };
  const geographicalContext = {
    city: 'Oslo',
    state: 'Oslo',
    country: 'Norway',
    postalCode: '0150',
    geolocation: { lat: 59.9, lon: 10.7 },
  };
  const ip = `198.51.100.${n % 250}`;
  return {
    actor: isAdmins ? admin : person,
    client: {
      userAgent: {
        rawUserAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36',
        os: 'Mac OS X',
        browser: 'CHROME',
      },
      zone: 'null',
      device: 'Computer',
      id: null,
      ipAddress: ip,
      geographicalContext,
    },
    device: null,
    authenticationContext: {
      authenticationProvider: null,
      credentialProvider: null,
      credentialType: null,
      issuer: null,
      interface: null,
      authenticationStep: 0,
      rootSessionId: `idx${n}ager62CSveUkTxvgRtonA`,
      externalSessionId: `idx${n}ager62CSveUkTxvgRtonA`,
    },
    displayMessage: 'What happened, in a sentence',
    eventType,
    outcome: { result, reason },
    published: '2026-05-04T09:59:58.353Z',
    securityContext: { asNumber: 394_089, asOrg: 'ASN0000', isp: 'an isp', domain: 'example.net', isProxy: false },
    severity: 'INFO',
    debugContext: {
      debugData: {
        requestId: 'ab609228fe84ce59cdcbfa690bcce016',
        requestUri: '/idp/idx/authenticators/poll',
        url: '/idp/idx/authenticators/poll?',
        threatSuspected: 'false',
        deviceFingerprint: '009988771abc',
        dtHash: 'c8b8e5e6f2d0a1b9c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607182930',
        ...debugData,
      },
    },
    legacyEventType: 'core.user_auth.login_success',
    transaction: { type: 'WEB', id: 'ab609228fe84ce59cdcbfa690bgce016', detail: {} },
    uuid: `dc9fd3c0-598c-11ef-8478-2b7584bf8${String(n).padStart(3, '0')}`,
    version: '0',
    request: { ipChain: [{ ip, geographicalContext, version: 'V4', source: null }] },
    target: [
      ...(isAdmins ? [person] : []),
      {
        id: 'pfdfdhyjf0HMbkP2e1d7',
        type: 'AuthenticatorEnrollment',
        alternateId: 'unknown',
        displayName: 'Okta Verify',
        detailEntry: null,
      },
      { id: '0oatxlef9sQvvqInq5d6', type: 'AppInstance', alternateId: 'Okta Dashboard', displayName: 'Okta Dashboard', detailEntry: null },
    ],
  };
}
