/** What is read of an event beyond its name: risk and behaviours in texts that Okta may change, whom it means, when, and by whom. */
import { describe, expect, it } from 'vitest';
import { countryCode } from '../../../src/adapters/okta/country.ts';
import type { Json } from './events.ts';
import {
  ada,
  app,
  bob,
  byAda,
  failedWith,
  laptop,
  logEvent,
  meaningOf,
  occurredAt,
  read,
  receivedAt,
  signalOf,
  withDebug,
} from './events.ts';

const signIn = (debugData: Json, more: Json = {}) => logEvent('user.session.start', { ...withDebug(debugData), ...more });
const behaviors = (...positive: readonly string[]) =>
  `{${['New Geo-Location', 'New Device', 'New IP', 'New State', 'New Country', 'Velocity', 'New City']
    .map((name) => `${name}=${positive.includes(name) ? 'POSITIVE' : 'NEGATIVE'}`)
    .join(', ')}}`;

describe('risk', () => {
  const risk = (told: unknown) => meaningOf(logEvent('user.risk.detect', { actor: ada, target: [bob], ...withDebug({ risk: told }) }));
  const high = 'caep_risk_high medium';
  const medium = 'caep_risk_medium medium';
  const other = 'risk_level_other medium';

  it.each<readonly [told: unknown, meaning: string]>([
    ['{reasons=New Device, New IP, level=HIGH}', high],
    ['{level=HIGH, reasons=Anomalous Geo-Distance, New Device}', high],
    ['{previousLevel=LOW, level=MEDIUM, detectionName=Session Influenced User Risk, reasons=idxGuv, issuer=OKTA}', medium],
    ['{previousLevel=HIGH, level=LOW}', other],
    ['level=high', high],
    ['{"level":"HIGH","reasons":["New Device"]}', high],
    [{ level: 'MEDIUM' }, medium],
    ['{level=NONE}', other],
  ])('%j is %s', (told, meaning) => expect(risk(told)).toBe(meaning));

  it.each<readonly [told: unknown]>([
    ['{reasons=New Device, level=}'],
    ['{level=LOW, level=HIGH}'],
    ['{level=LOW, level=LOW}'],
    ['{reasons=level is LOW, New IP}'],
    ['{previousLevel=LOW}'],
    ['{level=LOWER}'],
    ['LOW'],
    [''],
    [0],
    [false],
    [['LOW']],
    [{ level: 0 }],
    [{ level: null }],
    ['{"level":'],
    [`{reasons=${'x'.repeat(10_000)}, level=LOW}`],
  ])('%j is unknown, never low', (told) => {
    const signal = signalOf(logEvent('user.risk.change', { actor: ada, target: [bob], ...withDebug({ risk: told }) }));
    expect(signal).toMatchObject({ type: 'risk_level_other', facts: { principal: 'USER', level: 'unknown' }, marks: [] });
    expect(signal.circumstances.rated).toBeUndefined();
  });

  it('that nobody tells is unknown', () => {
    expect(risk(null)).toBe(other);
    expect(signalOf(logEvent('user.risk.detect', { target: [bob] })).facts).toEqual({ principal: 'USER', level: 'unknown' });
  });

  it('stands elsewhere in newer organisations; the first place that speaks decides', () => {
    const newer = { securityContext: { risk: { level: 'HIGH', detectionName: 'x' } } };
    expect(meaningOf(signIn({}, newer))).toBe('rba_anomaly high');
    expect(meaningOf(signIn({ logOnlySecurityData: '{"risk":{"level":"MEDIUM"}}' }))).toBe('rba_anomaly medium');
    expect(meaningOf(signIn({ logOnlySecurityData: { risk: { level: 'MEDIUM' } } }))).toBe('rba_anomaly medium');
    expect(signalOf(signIn({ risk: '{garbled}' }, newer)).circumstances.rated).toBeUndefined();
  });
});

describe('a sign-in', () => {
  it.each<readonly [what: string, debugData: Json, meaning: string]>([
    ['without anything', {}, 'session_established low'],
    ['with nothing unusual', { behaviors: behaviors() }, 'session_established low'],
    ['threatSuspected, a text', { threatSuspected: 'true' }, 'malicious_ip medium'],
    ['threatSuspected, the text false', { threatSuspected: 'false' }, 'session_established low'],
    ['threatSuspected, something else', { threatSuspected: 'yes' }, 'session_established low'],
    ['velocity', { behaviors: behaviors('Velocity', 'New Country') }, 'impossible_travel medium'],
    ['a new country', { behaviors: behaviors('New Country') }, 'new_country medium'],
    ['a new device and address', { behaviors: behaviors('New Device', 'New IP') }, 'rba_anomaly low'],
    ['a new device alone', { behaviors: behaviors('New Device') }, 'session_established low'],
    ['behaviours as a list', { behaviors: ['New Country=POSITIVE', 'Velocity=NEGATIVE', 7, null] }, 'new_country medium'],
    ['behaviours as pairs', { behaviors: [{ name: 'New Country', result: 'POSITIVE' }, {}] }, 'new_country medium'],
    ['behaviours as an object', { behaviors: { Velocity: 'POSITIVE' } }, 'impossible_travel medium'],
    ['behaviours that are not known', { behaviors: '{Velocity=UNKNOWN, New Country=BAD_REQUEST}' }, 'session_established low'],
    ['behaviours nearly positive', { behaviors: '{Velocity=POSITIVE_ISH}' }, 'session_established low'],
    [
      'the strongest of several',
      { threatSuspected: 'true', behaviors: behaviors('Velocity'), risk: '{level=HIGH}' },
      'malicious_ip medium',
    ],
    ['velocity before risk', { behaviors: behaviors('Velocity'), risk: '{level=HIGH}' }, 'impossible_travel medium'],
  ])('%s', (_what, debugData, meaning) => expect(meaningOf(signIn(debugData))).toBe(meaning));

  it('through a proxy', () => {
    expect(meaningOf(signIn({}, { securityContext: { isProxy: true } }))).toBe('anonymizer_ip medium');
    expect(meaningOf(signIn({}, { securityContext: { isProxy: 'true' } }))).toBe('session_established low');
  });

  it('at the console of administrators, from a new device and address', () => {
    const unusual = { behaviors: behaviors('New Device', 'New IP') };
    const console = { id: '0oaConsole', type: 'AppInstance', alternateId: 'Okta Admin Console' };
    expect(meaningOf(signIn(unusual, { target: [console] }))).toBe('rba_anomaly high');
    expect(meaningOf(logEvent('user.session.access_admin_app', withDebug(unusual)))).toBe('rba_anomaly high');
  });

  it('tells where it came from', () => {
    const { circumstances } = signalOf(signIn({ behaviors: behaviors('New Device'), risk: '{level=LOW}' }));
    expect(circumstances).toEqual({
      ip: '198.51.100.7',
      country: 'NO',
      asn: 64_500,
      userAgent: 'Mozilla/5.0',
      city: 'Oslo',
      proxy: false,
      unusual: ['new device'],
      rated: 'low',
    });
  });

  it('that FastPass refused is phishing that went wrong', () => {
    expect(meaningOf(logEvent('user.session.start', failedWith('FastPass declined phishing attempt')))).toBe('aitm_phishing low');
    expect(meaningOf(logEvent('user.authentication.auth_via_mfa', failedWith('FastPass declined phishing attempt')))).toBe(
      'aitm_phishing low',
    );
  });
});

describe('a second factor', () => {
  const mfa = (more: Json) => meaningOf(logEvent('user.authentication.auth_via_mfa', more));

  it.each<readonly [what: string, more: Json, meaning: string]>([
    ['a push denied', { ...failedWith('INVALID_CREDENTIALS'), ...withDebug({ factor: 'OKTA_VERIFY_PUSH' }) }, 'mfa.push.denied medium'],
    ['a push not answered', { ...failedWith('Timed out'), ...withDebug({ factor: 'OKTA_VERIFY_PUSH' }) }, 'mfa.push.timeout medium'],
    ['a push left', { outcome: { result: 'ABANDONED' } }, 'mfa.push.timeout medium'],
    ['failed, with what is not said', failedWith('INVALID_CREDENTIALS'), 'mfa.push.denied medium'],
    ['a wrong code', { ...failedWith('INVALID_CREDENTIALS'), ...withDebug({ factor: 'SMS_FACTOR' }) }, 'signin.failed medium'],
    ['a push approved', withDebug({ factor: 'OKTA_VERIFY_PUSH' }), 'mfa.push.approved low'],
    ['a code', withDebug({ factor: 'OKTA_SOFT_TOKEN' }), 'assurance_level_change low'],
  ])('%s', (_what, more, meaning) => expect(mfa(more)).toBe(meaning));
});

describe('what somebody did', () => {
  const policyAction = (detailEntry: unknown) =>
    byAda('policy.entity_risk.action', { target: [bob, { id: 'x', type: 'PolicyAction', detailEntry }] });

  it('is an end of sessions where a rule said so', () => {
    for (const action of ['TERMINATE_ALL_SESSIONS', 'TERMINATE_SESSION'])
      expect(signalOf(policyAction({ PolicyAction: action }))).toMatchObject({
        type: 'session_revoked',
        facts: { initiator: 'policy' },
        marks: [],
      });
    for (const entry of [{ PolicyAction: 'RUN_WORKFLOW' }, null, 'TERMINATE_ALL_SESSIONS', { action: 7 }])
      expect(meaningOf(policyAction(entry))).toBe('context');
  });

  it('is a password shown, to somebody else than its owner', () => {
    const type = 'application.user_membership.show_password';
    expect(meaningOf(byAda(type))).toBe('credential_change_required medium');
    expect(meaningOf(logEvent(type, { target: [bob] }))).toBe('context');
  });

  it('is passwords pushed to an app in clear, of all changes of an app', () => {
    const pushed = { outcome: { result: 'SUCCESS', reason: 'Pushing user passwords' } };
    expect(meaningOf(logEvent('application.lifecycle.update', pushed))).toBe('app_credential_added high');
    expect(meaningOf(logEvent('application.lifecycle.update'))).toBe('context');
  });

  it('says who did it, in the words of the catalogue', () => {
    expect(signalOf(byAda('user.lifecycle.suspend')).facts).toEqual({ initiator: 'admin' });
    expect(signalOf(logEvent('user.session.end')).facts).toEqual({ initiator: 'user' });
    expect(signalOf(byAda('application.user_membership.change_password')).facts).toEqual({
      initiator: 'admin',
      credentialType: 'app-password',
      changeType: 'update',
    });
    expect(signalOf(logEvent('security.breached_credential.detected')).facts).toEqual({ credentialType: 'password' });
  });
});

describe('whom it means', () => {
  const bobs = [
    { format: 'provider_id', value: 'okta-main 00uBob' },
    { format: 'upn', value: 'bob@example.com' },
    { format: 'email', value: 'bob@example.com' },
  ];

  it('is found by the type of a target, wherever it stands', () => {
    for (const target of [
      [bob, app],
      [app, bob],
      [null, 7, 'bob', {}, app, bob],
    ])
      expect(signalOf(byAda('user.lifecycle.suspend', { target })).claim).toEqual({ kind: 'person', person: bobs });
  });

  it('is nobody where the target is not named, and not who did it', () => {
    const unnamed = { ...bob, id: 'unknown', alternateId: 'unknown' };
    for (const target of [[], null, [app], [unnamed], 'x'])
      for (const type of ['user.lifecycle.suspend', 'user.mfa.factor.reset_all', 'user.account.reset_password'])
        expect(signalOf(byAda(type, { target })).claim).toEqual({ kind: 'person', person: [], blocked: 'noSubject' });
    expect(signalOf(byAda('user.account.lock', { target: [unnamed] })).claim.blocked).toBe('noSubject');
  });

  it('is nobody where there are several', () => {
    expect(signalOf(byAda('user.lifecycle.suspend', { target: [bob, ada] })).claim).toEqual({
      kind: 'person',
      person: [],
      blocked: 'unknownMember',
    });
    expect(signalOf(byAda('user.lifecycle.suspend', { target: [bob, { ...bob }] })).claim.person).toEqual(bobs);
  });

  it('has the session and device of who acted, only where that is the person', () => {
    expect(signalOf(logEvent('user.session.start')).claim).toEqual({
      kind: 'person',
      person: bobs,
      session: 'idxBob',
      device: 'guoLaptop',
    });
    expect(signalOf(logEvent('user.mfa.factor.activate', { target: [bob] })).claim).toMatchObject({
      session: 'idxBob',
      device: 'guoLaptop',
    });
    expect(signalOf(byAda('user.mfa.factor.activate', { device: laptop })).claim).toEqual({ kind: 'person', person: bobs });
  });

  it('is the session, where one is named', () => {
    expect(signalOf(logEvent('user.session.end')).claim).toMatchObject({ kind: 'session', person: bobs, session: 'idxBob' });
    const elsewhere = byAda('policy.auth_reevaluate.fail', withDebug({ externalSessionId: 'idxOther' }));
    expect(signalOf(elsewhere).claim).toEqual({ kind: 'session', person: bobs, session: 'idxOther' });
    expect(signalOf(byAda('policy.auth_reevaluate.fail')).claim).toEqual({ kind: 'person', person: bobs });
    const bySystem = { actor: { id: '00sys', type: 'SystemPrincipal', alternateId: 'system@okta.com' } };
    expect(signalOf(byAda('policy.auth_reevaluate.fail', bySystem)).claim).toMatchObject({ kind: 'session', session: 'idxBob' });
  });

  it('is a device by its own target or by itself, never that of an administrator', () => {
    expect(signalOf(byAda('device.lifecycle.suspend', { target: [laptop], device: { id: 'guoAdas' } })).claim).toEqual({
      kind: 'device',
      person: [],
      id: 'guoLaptop',
    });
    expect(signalOf(logEvent('device.signals.status.timeout', { actor: laptop, target: [bob] })).claim).toEqual({
      kind: 'person',
      person: bobs,
      device: 'guoLaptop',
    });
    expect(signalOf(byAda('device.lifecycle.suspend', { device: { id: 'guoAdas' } })).claim.blocked).toBe('noSubject');
  });

  it('is the address, where a name that nobody has was tried', () => {
    const nobody = { actor: { id: 'unknown', type: 'User', alternateId: 'unknown' }, ...failedWith('VERIFICATION_ERROR') };
    expect(signalOf(logEvent('user.session.start', nobody)).claim).toEqual({ kind: 'network', person: [], id: '198.51.100.7' });
    expect(signalOf(logEvent('user.session.start', { ...nobody, client: null })).claim.blocked).toBe('noSubject');
    const typed = { ...nobody, actor: { id: 'unknown', type: 'User', alternateId: 'Root' } };
    expect(signalOf(logEvent('user.session.start', typed)).claim.person).toEqual([{ format: 'upn', value: 'root' }]);
  });

  it('is a thing, where no person acts or gets something', () => {
    const service = { actor: { id: '0oaService', type: 'PublicClientApp', alternateId: 'unknown' } };
    expect(signalOf(logEvent('system.api_token.create', service)).claim).toEqual({ kind: 'asset', person: [], id: '0oaService' });
    expect(signalOf(byAda('group.privilege.grant', { target: [{ ...app, type: 'AppInstance' }] })).claim.id).toBe(app.id);
    expect(signalOf(byAda('group.privilege.grant', { target: [] })).claim).toEqual({ kind: 'asset', person: [], id: 'okta-main' });
    expect(signalOf(logEvent('security.threat.detected', { client: {} })).claim).toEqual({
      kind: 'network',
      person: [],
      blocked: 'noSubject',
    });
  });

  it('leaves out names that are longer than any of Okta', () => {
    const long = { ...bob, id: 'x'.repeat(600) };
    expect(signalOf(logEvent('user.session.start', { actor: long })).claim.person.map(({ format }) => format)).toEqual(['upn', 'email']);
  });
});

describe('where and when', () => {
  it.each<readonly [published: unknown, at: number | undefined]>([
    ['2026-05-04T09:59:58.000Z', occurredAt],
    ['2026-05-04 09:59:58.000', occurredAt],
    ['2026-05-04 09:59:58.000000000', occurredAt],
    ['2026-05-04T11:59:58+02:00', occurredAt],
    ['2026-05-04', undefined],
    ['redacted', undefined],
    [1_777_888_800_000, undefined],
    [null, undefined],
    ['2026-13-45T99:99:99Z', undefined],
    ['1969-01-01T00:00:00Z', undefined],
  ])('%j', (published, at) => {
    const { occurredAt: read, quarantine } = signalOf(logEvent('user.session.start', { published }));
    expect([read, quarantine]).toEqual(at === undefined ? [receivedAt, 'published:missing'] : [at, undefined]);
  });

  it('a time a little ahead is the arrival, one far ahead is not believed', () => {
    const ahead = (ms: number) => signalOf(logEvent('user.session.start', { published: new Date(receivedAt + ms).toISOString() }));
    expect(ahead(300_000)).toMatchObject({ occurredAt: receivedAt + 300_000 });
    expect(ahead(300_001)).toMatchObject({ occurredAt: receivedAt });
    expect(ahead(300_001).quarantine).toBeUndefined();
    expect(ahead(3_600_001)).toMatchObject({ occurredAt: receivedAt, quarantine: 'published:ahead' });
  });

  it.each<readonly [told: unknown, ip: string | undefined]>([
    ['198.51.100.7', '198.51.100.7'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['999.1.1.1', undefined],
    ['1.2.3', undefined],
    ['0x7f.1', undefined],
    ['fe80::1%eth0', undefined],
    ['', undefined],
    [7, undefined],
    ['9'.repeat(1_000), undefined],
  ])('address %j', (ipAddress, ip) => {
    expect(signalOf(logEvent('user.session.start', { client: { ipAddress } })).circumstances.ip).toBe(ip);
  });

  it('countries are codes, whatever they are called', () => {
    expect(['United States', 'us', 'South Korea', 'Turkey', 'Czech Republic', 'Russia', 'United Kingdom'].map(countryCode)).toEqual([
      ...['US', 'US', 'KR', 'TR', 'CZ', 'RU', 'GB'],
    ]);
    for (const none of ['Atlantis', 'SU', 'EU', '', 7, null, '__proto__', 'x'.repeat(99)]) expect(countryCode(none)).toBeUndefined();
  });

  it('a text that is cut is still a text', () => {
    const rawUserAgent = `${'x'.repeat(511)}😀`;
    const { userAgent } = signalOf(logEvent('user.session.start', { client: { userAgent: { rawUserAgent } } })).circumstances;
    expect(userAgent?.isWellFormed()).toBe(true);
    expect(userAgent).toHaveLength(512);
  });
});

describe('the limits of the door', () => {
  it('a long name of the event is hashed, a missing one is not believed', () => {
    expect(signalOf(logEvent('user.session.start', { uuid: 'x'.repeat(256) })).dedupeKey).toBe('x'.repeat(256));
    expect(signalOf(logEvent('user.session.start', { uuid: 'x'.repeat(257) })).dedupeKey).toMatch(/^sha256:[0-9a-f]{64}$/);
    const unnamed = logEvent('user.session.start', { uuid: undefined });
    expect(signalOf(unnamed)).toMatchObject({ quarantine: 'uuid:missing', dedupeKey: expect.stringMatching(/^sha256:/) });
    expect(signalOf(unnamed).dedupeKey).toBe(signalOf({ ...unnamed }).dedupeKey);
  });

  it('what a database cannot hold is refused by name, and what only looks like it is not', () => {
    const reasonOf = (city: string) => meaningOf(logEvent('user.session.start', { client: { geographicalContext: { city } } }));
    expect(reasonOf('Os\0lo')).toBe('unstorable');
    expect(reasonOf('Os\ud800lo')).toBe('unstorable');
    expect(reasonOf('Os\\u0000lo')).toBe('session_established low');
    expect(reasonOf('Os\\\0lo')).toBe('unstorable');
    expect(reasonOf('Oslo 😀')).toBe('session_established low');
  });

  it('what is too large is refused by name', () => {
    expect(meaningOf(logEvent('user.session.start', { filler: 'x'.repeat(65_536) }))).toBe('tooLarge');
  });

  it('what is no event is malformed, and never an error', () => {
    const cycle: Json = {};
    cycle['self'] = cycle;
    let deep: unknown = [];
    for (let n = 0; n < 100_000; n++) deep = [deep];
    const throws = new Proxy(
      {},
      {
        get() {
          throw new Error('no');
        },
      },
    );
    for (const what of [undefined, null, 7, 'x', [], {}, { eventType: 7 }, { eventType: '' }, () => 1, 7n, cycle, deep, throws])
      expect(meaningOf(what)).toBe('malformed');
  });

  it('names of the language itself are names like others', () => {
    const event = JSON.parse(
      '{"uuid":"1","eventType":"constructor","__proto__":{"eventType":"user.session.start"},"outcome":{"result":"__proto__"}}',
    );
    expect(meaningOf(event)).toBe('unknownType');
    expect(meaningOf(logEvent('user.session.start', { outcome: { result: 'constructor' } }))).toBe('notDone');
  });
});

it('the event is kept as it came, under what its request is called', () => {
  const event = logEvent('user.session.start');
  expect(read(event)).toMatchObject({ kind: 'signal', signal: { raw: JSON.stringify(event), txn: 'txn-1', dedupeKey: event['uuid'] } });
});
