import { describe, expect, it } from 'vitest';
import type { SubjectClaim } from '../../src/model/subject.ts';
import { authorityOf } from '../../src/ssf/authority.ts';
import { type JsonObject, readStrictJson } from '../../src/ssf/strict-json.ts';
import { type Focus, readSubjectClaim, type SubjectRules } from '../../src/ssf/subject-claim.ts';

const own = 'https://idp.example.com/';

function claimOf(
  subject: object,
  options: { focus?: Focus; legacy?: boolean; mayName?: object; critical?: string[]; streamId?: string } = {},
): SubjectClaim | undefined {
  const rules: SubjectRules = {
    legacy: options.legacy ?? false,
    authority: authorityOf({ issuer: own, extraIssuers: [], mayName: (options.mayName ?? {}) as never }),
    critical: options.critical ?? [],
    streamId: options.streamId,
    opaqueKey: (id) => ({ format: 'opaque', value: `partner ${id}` }),
    things: [],
  };
  const json = readStrictJson(JSON.stringify(subject));
  if (!json.ok) throw new Error(json.fault);
  const result = readSubjectClaim(json.value as JsonObject, options.focus ?? 'person', rules);
  return result.ok ? result.claim : undefined;
}

const person = (format: string, value: string): SubjectClaim => ({ kind: 'person', person: [{ format, value }] });
const email = (address: string) => ({ format: 'email', email: address });
const opaque = (id: string) => ({ format: 'opaque', id });
const issSub = (sub: string, iss = own) => ({ format: 'iss_sub', iss, sub });

describe('simple subjects', () => {
  it.each([
    ['B3 account', { format: 'account', uri: 'acct:Alice@Example.COM' }, person('account', 'acct:Alice@example.com')],
    ['B4 email, in lower case', email('Alice@Example.COM'), person('email', 'alice@example.com')],
    ['B5 iss_sub', issSub('jane'), person('iss_sub', `${own} jane`)],
    ['B6 opaque, in the name space of its sender', opaque('11112222'), person('opaque', 'partner 11112222')],
    ['B7 phone_number', { format: 'phone_number', phone_number: '+12065550100' }, person('phone_number', '+12065550100')],
    ['B7 phone_number with spaces', { format: 'phone_number', phone_number: '+1 206 555 0123' }, person('phone_number', '+12065550123')],
    ['B7 the format name phone', { format: 'phone', phone_number: '+12065550123' }, person('phone_number', '+12065550123')],
    ['B8 did', { format: 'did', url: 'did:example:123456' }, person('did', 'did:example:123456')],
    ['B9 uri', { format: 'uri', uri: 'https://user.example.com/1' }, person('uri', 'https://user.example.com/1')],
    ['B9 uri that is a urn', { format: 'uri', uri: 'urn:uuid:4e851e98' }, person('uri', 'urn:uuid:4e851e98')],
    ['B11 jwt_id is a session', { format: 'jwt_id', iss: own, jti: 'j1' }, { kind: 'session', person: [], session: `${own} j1` }],
    [
      'B12 saml_assertion_id is a session',
      { format: 'saml_assertion_id', issuer: own, assertion_id: '_8e' },
      { kind: 'session', person: [], session: `${own} _8e` },
    ],
    [
      'B13 ip-addresses is a network',
      { format: 'ip-addresses', 'ip-addresses': ['10.0.0.1'] },
      { kind: 'network', person: [], id: '10.0.0.1' },
    ],
    [
      'B35 an address in long form is compared in short form',
      { format: 'ip-addresses', 'ip-addresses': ['2001:0db8:0000:0000:0000:8a2e:0370:7334'] },
      { kind: 'network', person: [], id: '2001:db8::8a2e:370:7334' },
    ],
    [
      'B2 members that the format does not describe are ignored',
      { ...email('a@b.example'), phone_number: 5, x: {} },
      person('email', 'a@b.example'),
    ],
  ])('%s', (_title, subject, claim) => {
    expect(claimOf(subject)).toEqual(claim);
  });

  it.each([
    ['B1 without format', { email: 'a@b.example' }],
    ['B1 with a format that is no text', { format: 5, id: '1' }],
    ['B30 email missing', { format: 'email' }],
    ['B30 email empty', email('')],
    ['B30 email null', { format: 'email', email: null }],
    ['B4 email without domain', email('alice@')],
    ['B4 email that is no address', email('alice example.com')],
    ['B4 email with a name around it', email('Alice <a@b.example>')],
    ['B30 iss_sub without sub', { format: 'iss_sub', iss: own }],
    ['B30 iss_sub with an empty iss', issSub('x', '')],
    ['B30 opaque with a number', { format: 'opaque', id: 5 }],
    ['B30 account empty', { format: 'account', uri: '' }],
    ['B3 account with another scheme', { format: 'account', uri: 'mailto:a@b.example' }],
    ['B7 phone number without plus', { format: 'phone_number', phone_number: '2065550100' }],
    ['B30 did empty', { format: 'did', url: '' }],
    ['B8 did that is none', { format: 'did', url: 'https://x.example' }],
    ['B9 uri that is none', { format: 'uri', uri: 'alice' }],
    ['B30 jwt_id without jti', { format: 'jwt_id', iss: own }],
    ['B12 saml_assertion_id with iss instead of issuer', { format: 'saml_assertion_id', iss: own, assertion_id: 'x' }],
    ['B35 an address that is none', { format: 'ip-addresses', 'ip-addresses': ['256.1.1.1'] }],
    ['B35 an address in octal or short form', { format: 'ip-addresses', 'ip-addresses': ['127.1'] }],
    ['B13 no address', { format: 'ip-addresses', 'ip-addresses': [] }],
    ['B10 no alias', { format: 'aliases', identifiers: [] }],
    [
      'B10 aliases in aliases',
      { format: 'aliases', identifiers: [email('a@b.example'), { format: 'aliases', identifiers: [email('a@b.example')] }] },
    ],
    ['B10 an alias without what its format needs', { format: 'aliases', identifiers: [email('a@b.example'), { format: 'opaque' }] }],
    ['B15 complex without members', { format: 'complex' }],
    ['B15 complex in complex', { format: 'complex', user: { format: 'complex', user: email('a@b.example') } }],
    ['B15 a user that is no subject', { format: 'complex', user: 'alice' }],
  ])('are refused: %s', (_title, subject) => {
    expect(claimOf(subject)).toBeUndefined();
  });

  it('B10 B33 aliases are all identifiers of one person, doubles once', () => {
    const subject = {
      format: 'aliases',
      identifiers: [
        email('A@b.example'),
        email('a@B.example'),
        email('other@b.example'),
        { format: 'phone', phone_number: '+12065550123' },
      ],
    };
    expect(claimOf(subject)?.person).toEqual([
      { format: 'email', value: 'a@b.example' },
      { format: 'email', value: 'other@b.example' },
      { format: 'phone_number', value: '+12065550123' },
    ]);
  });

  it('Z3.17 aliases keep every identifier, so that two people behind them are seen', () => {
    expect(claimOf({ format: 'aliases', identifiers: [email('a@b.example'), email('c@d.example')] })?.person).toHaveLength(2);
  });

  it('B37 several addresses are not one subject', () => {
    expect(claimOf({ format: 'ip-addresses', 'ip-addresses': ['10.0.0.1', '10.0.0.2'] })?.blocked).toBe('unknownMember');
  });

  it('B14 B34 a format that nobody knows is kept and blocked', () => {
    expect(claimOf({ format: 'catalog_item', catalog_id: 'c0384' })).toEqual({ kind: 'person', person: [], blocked: 'unknownFormat' });
    expect(claimOf({ format: 'iss-sub', iss: own, sub: '1' })?.blocked).toBe('unknownFormat');
    expect(claimOf({ format: 'aliases', identifiers: [{ format: 'novel', id: '1' }] })?.blocked).toBe('unknownFormat');
  });

  it('B14 an alias that nobody knows does not hide the others', () => {
    expect(claimOf({ format: 'aliases', identifiers: [{ format: 'novel', id: '1' }, email('a@b.example')] })).toEqual(
      person('email', 'a@b.example'),
    );
  });

  it('B20 the kind comes from the event, not from the format', () => {
    expect(claimOf(opaque('s1'), { focus: 'sessions' })).toEqual({ kind: 'session', person: [], session: 's1' });
    expect(claimOf(issSub('jane'), { focus: 'sessions' })?.kind).toBe('person');
    expect(claimOf(opaque('d1'), { focus: 'posture' })).toEqual({ kind: 'device', person: [], id: 'd1' });
    expect(claimOf(email('team@b.example'), { focus: 'asset' })).toEqual({ kind: 'asset', person: [], id: 'team@b.example' });
    expect(claimOf(opaque('s1'), { focus: 'session' })).toEqual({ kind: 'session', person: [], session: 's1' });
  });

  it('an opaque id that names the stream names nobody', () => {
    expect(claimOf(opaque('f67e'), { streamId: 'f67e' })?.blocked).toBe('formatOnlyNamesStream');
  });
});

describe('complex subjects', () => {
  const user = issSub('jane');
  const device = opaque('laptop-1');
  const session = opaque('sess-1');
  const key = { format: 'iss_sub', value: `${own} jane` };

  it.each<[string, object, Focus, SubjectClaim]>([
    ['B15 a user', { user }, 'person', { kind: 'person', person: [key] }],
    ['B16 a user and a session: that session', { user, session }, 'person', { kind: 'session', person: [key], session: 'sess-1' }],
    [
      'B16 sessions of a user on a device are not all sessions',
      { user, device },
      'sessions',
      { kind: 'session', person: [key], device: 'laptop-1' },
    ],
    [
      'B16 a user, a session and a device',
      { user, session, device },
      'sessions',
      { kind: 'session', person: [key], session: 'sess-1', device: 'laptop-1' },
    ],
    ['B16 a session alone', { session }, 'sessions', { kind: 'session', person: [], session: 'sess-1' }],
    ['B16 a device alone', { device }, 'sessions', { kind: 'device', person: [], id: 'laptop-1' }],
    ['B16 posture of a device of a user', { user, device }, 'posture', { kind: 'person', person: [key], device: 'laptop-1' }],
    ['B16 posture of a device', { device }, 'posture', { kind: 'device', person: [], id: 'laptop-1' }],
    ['B16 risk of a device is not its user’s', { user, device }, 'device', { kind: 'device', person: [], id: 'laptop-1' }],
    ['B16 a tenant beside a user', { user, tenant: opaque('t1') }, 'person', { kind: 'person', person: [key] }],
    ['B16 a tenant alone names nobody', { tenant: opaque('t1') }, 'sessions', { kind: 'person', person: [], blocked: 'noSubject' }],
    ['B16 a tenant whose risk changed', { tenant: opaque('t1') }, 'asset', { kind: 'asset', person: [], id: 't1' }],
    ['B16 a unit whose risk changed', { org_unit: opaque('u1') }, 'asset', { kind: 'asset', person: [], id: 'u1' }],
    ['B16 risk of a user without user', { device }, 'user', { kind: 'person', person: [], device: 'laptop-1', blocked: 'noSubject' }],
    ['B16 risk of a device without device', { user }, 'device', { kind: 'device', person: [], blocked: 'noSubject' }],
    ['Z3.2 a group beside a user', { user, group: opaque('g') }, 'person', { kind: 'person', person: [key], blocked: 'unknownMember' }],
    [
      'Z3.2 a session of a format that nobody knows',
      { user, session: { format: 'novel' } },
      'person',
      { kind: 'person', person: [key], blocked: 'unknownFormat' },
    ],
    ['Z3.2 a member that is no subject', { user, note: 'x' }, 'person', { kind: 'person', person: [key], blocked: 'unknownMember' }],
  ])('%s', (_title, members, focus, claim) => {
    expect(claimOf({ format: 'complex', ...members }, { focus })).toEqual(claim);
  });

  it('A29 says that a member was critical before anything else', () => {
    const subject = { format: 'complex', user: issSub('jane', 'https://foreign.example'), group: opaque('g') };
    expect(claimOf(subject, { critical: ['group'] })?.blocked).toBe('criticalMember');
  });

  it('I6 has no format before 2023, which only legacy senders may use', () => {
    expect(claimOf({ user, device })).toBeUndefined();
    expect(claimOf({ user, device }, { legacy: true })).toEqual({ kind: 'person', person: [key], device: 'laptop-1' });
  });
});

describe('I7 spellings of drafts, for legacy senders only', () => {
  it.each<[string, object, SubjectClaim]>([
    ['subject_type iss-sub', { subject_type: 'iss-sub', iss: own, sub: '1' }, person('iss_sub', `${own} 1`)],
    ['format iss-sub', { format: 'iss-sub', iss: own, sub: '1' }, person('iss_sub', `${own} 1`)],
    ['jwt-id', { format: 'jwt-id', iss: own, jti: 'j' }, { kind: 'session', person: [], session: `${own} j` }],
    ['subject_type phone', { subject_type: 'phone', phone_number: '+12065550123' }, person('phone_number', '+12065550123')],
    [
      'id_token_claims',
      { subject_type: 'id_token_claims', iss: own, sub: '1', email: 'A@b.example' },
      {
        kind: 'person',
        person: [
          { format: 'iss_sub', value: `${own} 1` },
          { format: 'email', value: 'a@b.example' },
        ],
      },
    ],
    [
      'oauth_token',
      { subject_type: 'oauth_token', token_type: 'refresh_token', token_identifier_alg: 'prefix', token: '7265667265736820' },
      { kind: 'session', person: [], session: 'refresh_token prefix 7265667265736820' },
    ],
    ['oauth_client', { subject_type: 'oauth_client', client_id: 'c1' }, { kind: 'asset', person: [], id: 'c1' }],
  ])('%s', (_title, subject, claim) => {
    expect(claimOf(subject, { legacy: true })).toEqual(claim);
    expect(claimOf(subject)?.blocked ?? 'refused').toMatch(/unknownFormat|refused/);
  });
});

describe('whom a transmitter may name', () => {
  const foreign = 'https://other.example.com/';

  it.each<[string, object, object, boolean]>([
    ['B24 its own issuer', {}, issSub('1'), true],
    ['B24 another issuer', {}, issSub('1', foreign), false],
    ['B24 another issuer that is listed', { issuers: [foreign] }, issSub('1', foreign), true],
    ['B24 its own issuer, where only another is listed', { issuers: [foreign] }, issSub('1'), false],
    ['B24 an issuer that differs by a slash', {}, issSub('1', own.slice(0, -1)), false],
    ['B24 a token of another issuer', {}, { format: 'jwt_id', iss: foreign, jti: '1' }, false],
    ['B24 an assertion of another issuer', {}, { format: 'saml_assertion_id', issuer: foreign, assertion_id: '1' }, false],
    ['B39 any mail address, where nothing is said', {}, email('a@anything.example'), true],
    ['B39 an address of a listed domain', { domains: ['b.example'] }, email('a@B.example'), true],
    ['B39 an address of another domain', { domains: ['b.example'] }, email('a@c.example'), false],
    ['B39 an address of a subdomain', { domains: ['b.example'] }, email('a@x.b.example'), false],
    ['B39 a domain hidden before the last at sign', { domains: ['b.example'] }, email('"a@b.example"@c.example'), false],
    ['B39 an account of another host', { domains: ['b.example'] }, { format: 'account', uri: 'acct:a@c.example' }, false],
    ['B39 a mailto URI of another domain', { domains: ['b.example'] }, { format: 'uri', uri: 'mailto:a@c.example' }, false],
    ['B39 a URI of another host', { domains: ['b.example'] }, { format: 'uri', uri: 'https://c.example/a' }, false],
    ['B39 a format that is not listed', { formats: ['email'] }, issSub('1'), false],
    ['B39 a phone number, not listed', { formats: ['email'] }, { format: 'phone_number', phone_number: '+12065550123' }, false],
    ['B39 one of several aliases is foreign', {}, { format: 'aliases', identifiers: [email('a@b.example'), issSub('1', foreign)] }, false],
    ['B39 the user of a complex subject is foreign', {}, { format: 'complex', user: issSub('1', foreign), session: opaque('s') }, false],
    ['B39 the device of a complex subject is foreign', {}, { format: 'complex', user: issSub('1'), device: issSub('d', foreign) }, false],
    [
      'B39 a session beside a person of a listed format',
      { formats: ['iss_sub'] },
      { format: 'complex', user: issSub('1'), session: opaque('s') },
      true,
    ],
    ['B39 another tenant', { tenants: ['t1'] }, { format: 'complex', user: issSub('1'), tenant: opaque('t2') }, false],
    ['B39 the listed tenant', { tenants: ['t1'] }, { format: 'complex', user: issSub('1'), tenant: opaque('t1') }, true],
  ])('%s', (_title, mayName, subject, allowed) => {
    const lists = Object.fromEntries(Object.entries(mayName));
    expect(claimOf(subject, { mayName: lists })?.blocked).toBe(allowed ? undefined : 'mayNotName');
  });
});
