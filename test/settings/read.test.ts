// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own references
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOf, read, settingsOf } from './support.ts';

const sha = 'a'.repeat(64);

const full = `publicUrl: https://rescind.example.com
listen: { host: 127.0.0.1, port: 8440, trustProxy: 1, metrics: { port: 9090 } }
database: { url: "\${env:DB}" }
policies: ./policies
enforcement: { default: report-only, maxRung: 3, connections: { okta-main: enforce, sandbox: { mode: enforce, maxRung: 6 } }, groups: { it-staff: enforce }, receivers: { crm: test } }
overrides: { RP-017: enforce }
profile: standard
organisation: { name: Acme, timeZone: Europe/Oslo, workingHours: "08:00-17:00", entities: { us: { timeZone: America/New_York } } }
keys: { provider: file, dir: ./keys, wrap: "\${file:/run/secrets/wrap}" }
signers: [{ name: ann, key: ssh-ed25519 AAAA }]
connections:
  - { id: okta-main, provider: okta, orgUrl: https://acme.okta.com, auth: { token: "\${env:OKTA_TOKEN}" } }
  - { id: hr, provider: scim }
  - { id: sandbox, provider: sandbox }
  - { id: edr-alerts, provider: webhook, kind: edr }
transmitters:
  - id: partner
    issuer: https://partner.example
    audience: https://rescind.example.com
    jwksUri: https://partner.example/jwks
    streamId: f67e39a0
    delivery: push
    authorizationHeader: "Bearer \${env:PUSH}"
    algorithms: [RS256]
    mayName: { formats: [email, iss_sub], issuers: [https://partner.example], domains: [acme.example] }
    tolerate: []
receivers:
  - { id: crm, token: { sha256: ${sha} }, audience: https://crm.example, events: [session-revoked, risk-level-change] }
operators:
  oidc: { issuer: https://id.example, clientId: c, clientSecret: s, rolesClaim: groups }
  roles: { admin: [ann@acme.example], auditor: [] }
  groups: { iam-oncall: [ann@acme.example] }
  tokens: [{ name: ci, sha256: ${sha.toUpperCase()}, roles: [admin] }]
identities:
  - { id: alice, emails: [alice@example.com], accounts: [{ connection: okta-main, id: 00u1 }], privileged: false, protected: false, groups: [] }
sinks: [{ id: mail, kind: smtp, host: mail.example, port: 465, security: tls, from: r@acme.example, to: soc@acme.example }]
network: { allowPrivate: [127.0.0.0/8], proxy: http://proxy:3128, noProxy: [.local] }
`;
const env = { DB: 'postgres://u:p@db/rescind', OKTA_TOKEN: 'okta-secret-token', PUSH: 'push-secret' };
const files = { '/run/secrets/wrap': 'wrapping-key\n' };

describe('readSettings', () => {
  it('reads every section of the documented configuration', () => {
    const settings = settingsOf(full, { env, files });
    expect(settings.database.url).toBe(env.DB);
    expect(settings.keys?.wrap).toBe('wrapping-key');
    expect(settings.metrics).toEqual({ port: 9090, open: false });
    expect(settings.connections.map(({ id, profile, kind }) => [id, profile, kind])).toEqual([
      ['okta-main', 'standard', 'idp'],
      ['hr', 'standard', 'hr'],
      ['sandbox', 'sandbox', 'idp'],
      ['edr-alerts', 'standard', 'edr'],
    ]);
    expect(settings.transmitters[0]?.authorizationHeader).toBe('Bearer push-secret');
    expect(settings.operators.tokens[0]?.sha256).toBe(sha);
    expect(settings.enforcement).toEqual({
      default: { mode: 'report-only', maxRung: 3 },
      connections: { 'okta-main': { mode: 'enforce', maxRung: 3 }, sandbox: { mode: 'enforce', maxRung: 6 } },
      groups: { 'it-staff': { mode: 'enforce', maxRung: 3 } },
      receivers: { crm: 'test' },
    });
  });

  it('completes an empty file with defaults that do nothing to anyone', () => {
    for (const text of ['', '# only a comment\n', '{}']) {
      const settings = settingsOf(text);
      expect(settings.enforcement).toEqual({ default: { mode: 'report-only', maxRung: 3 }, connections: {}, groups: {}, receivers: {} });
      expect(settings).toMatchObject({
        publicUrl: null,
        dataDir: '.rescind',
        policies: './policies',
        profile: 'standard',
        database: {},
        overrides: {},
      });
      expect(settings.listen).toMatchObject({ host: '127.0.0.1', port: 8440 });
    }
  });

  it.each([
    ['report-only', { mode: 'report-only', maxRung: 3 }],
    ['enforce', { mode: 'enforce', maxRung: 3 }],
    ['{ default: enforce, maxRung: 5 }', { mode: 'enforce', maxRung: 5 }],
    ['{ maxRung: 2 }', { mode: 'report-only', maxRung: 2 }],
  ])('takes enforcement %s', (text, entry) => {
    expect(settingsOf(`enforcement: ${text}`).enforcement.default).toEqual(entry);
  });

  it('gives an entry without a rung never more than what stands outside it, nor more than 3', () => {
    const connection = (outer: number) =>
      settingsOf(
        `enforcement: { default: report-only, maxRung: ${outer}, connections: { sandbox: enforce } }\nconnections: [{ id: sandbox, provider: sandbox }]`,
      ).enforcement.connections.sandbox?.maxRung;
    expect([1, 3, 6].map(connection)).toEqual([1, 3, 3]);
  });

  it('lets the environment win over the file, and takes an empty variable for none', () => {
    const settings = settingsOf('listen: { port: 1 }\ndatabase: { url: postgres://file }\ndataDir: a\nlog: { level: warn }', {
      env: { PORT: '9000', HOST: '::1', DATABASE_URL: 'postgres://env', RESCIND_DATA_DIR: '/data', LOG_LEVEL: '' },
    });
    expect(settings.listen).toMatchObject({ host: '::1', port: 9000 });
    expect(settings.database.url).toBe('postgres://env');
    expect(settings.dataDir).toBe('/data');
    expect(settings.log.level).toBe('warn');
  });

  it('names the variable where a value of the environment is at fault', () => {
    expect(faultsOf('', { env: { PORT: 'http', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://x' } })).toEqual(
      [
        'environment 1:1 DATABASE_URL: must begin with postgres://',
        'environment 1:1 LOG_LEVEL: must be trace, debug, info, warn, error, fatal or silent',
        'environment 1:1 PORT: must be a whole number',
      ].sort((a, b) => (a.includes('PORT') ? -1 : b.includes('PORT') ? 1 : a.localeCompare(b))),
    );
  });

  it('reads numbers and switches through references, and leaves texts that look like numbers alone', () => {
    const settings = settingsOf(
      'listen: { port: "${env:P}" }\nmetrics: { open: "${env:OPEN}" }\nconnections: [{ id: o, provider: okta, orgUrl: u, auth: { token: "${env:T}" }, pollSeconds: "${env:S}" }]',
      { env: { P: '81', OPEN: 'true', T: '12345678', S: '15' } },
    );
    expect(settings.listen.port).toBe(81);
    expect(settings.metrics.open).toBe(true);
    expect(settings.connections[0]?.settings).toEqual({ orgUrl: 'u', auth: { token: '12345678' }, pollSeconds: 15 });
  });

  it('inserts a reference in the middle of a text, once, and keeps an escaped one', () => {
    const name = (text: string, e: Record<string, string>) => settingsOf(`organisation: { name: '${text}' }`, { env: e }).organisation.name;
    expect(name('a ${env:X} b', { X: '${env:Y}', Y: 'never' })).toBe('a ${env:Y} b');
    expect(name('$${env:X}', { X: 'x' })).toBe('${env:X}');
    expect(name('$& ${env:X}', { X: "$& $1 $'" })).toBe("$& $& $1 $'");
  });
});

describe('faults of the configuration', () => {
  it.each<[string, string, string[]]>([
    ['an unknown key', 'polices: ./p', ['1:1 polices: unknown key']],
    ['an unknown inner key', 'listen:\n  prot: 1', ['2:3 listen.prot: unknown key']],
    ['a section of another shape', 'listen: 3', ['1:1 listen: Invalid input: expected object, received number']],
    ['a list that is none', 'connections: { id: a }', ['1:1 connections: must be a list']],
    ['a document that is no map', '- a', ['1:1 : must be a map of settings']],
    ['a key twice', 'profile: small\nprofile: small', ['2:1 : Map keys must be unique']],
    [
      'a public address without https',
      'publicUrl: http://rescind.example.com',
      ['1:1 publicUrl: must be https unless it is a loopback address'],
    ],
    [
      'a public address with a slash at its end',
      'publicUrl: https://rescind.example.com/',
      ['1:1 publicUrl: must have no query and no slash at its end'],
    ],
    ['a public address that is none', 'publicUrl: rescind', ['1:1 publicUrl: must be an http(s) URL without credentials or fragment']],
    [
      'a listener for others without a public address',
      'listen: { host: 0.0.0.0 }',
      ['1:1 publicUrl: is needed where the listener is reached from other machines'],
    ],
    ['a profile that is none', 'profile: large', ['1:1 profile: must be standard or small']],
    ['a mode that is none', 'enforcement: on', ['1:1 enforcement.default: must be enforce or report-only']],
    ['a rung above six', 'enforcement: { maxRung: 7 }', ['1:16 enforcement.maxRung: must be a rung, 0 to 6']],
    [
      'an enforcement for nobody',
      'enforcement: { connections: { okta: enforce } }',
      ['1:31 enforcement.connections.okta: names none of the connections'],
    ],
    [
      'a receiver that is none',
      'enforcement: { receivers: { crm: test } }',
      ['1:29 enforcement.receivers.crm: names none of the receivers'],
    ],
    ['an override with a bad id', 'overrides: { rp17: enforce }', ['1:14 overrides.rp17: must be a policy id such as RP-017']],
    [
      'an override that lowers',
      'overrides: { RP-017: report-only }',
      ['1:14 overrides.RP-017: must be enforce: an override can only lift'],
    ],
    [
      'a zone that is none',
      'organisation: { timeZone: Europe/Olso }',
      ['1:17 organisation.timeZone: must be a time zone of the IANA database, such as Europe/Oslo'],
    ],
    [
      'an offset for a zone',
      'organisation: { timeZone: "+01:00" }',
      ['1:17 organisation.timeZone: must be a time zone of the IANA database, such as Europe/Oslo'],
    ],
    [
      'working hours that are none',
      'organisation: { workingHours: 9-5 }',
      ['1:17 organisation.workingHours: must have the form "08:00-17:00"'],
    ],
    [
      'a provider that nobody knows',
      'connections:\n  - { id: a, provider: octa }',
      ['2:14 connections.0.provider: unknown provider; known are okta, sandbox, scim, webhook'],
    ],
    [
      'a member that the provider does not know',
      'connections: [{ id: a, provider: sandbox, peple: [] }]',
      ['1:43 connections.0.peple: unknown key'],
    ],
    [
      'a member of the provider that is missing',
      'connections:\n  - id: a\n    provider: okta\n    orgUrl: u',
      ['2:5 connections.0.auth: Invalid input: expected object, received undefined'],
    ],
    [
      'an id that does not fit into an address',
      'connections: [{ id: "a/b", provider: sandbox }]',
      ['1:17 connections.0.id: must be 1-63 characters of A-Z a-z 0-9 . _ ~ - and begin with a letter or digit'],
    ],
    [
      'an id that is a kind of source',
      'connections: [{ id: edr, provider: sandbox }]',
      ['1:17 connections.0.id: is the name of a kind of source (idp, edr, siem, hr, transmitters, operators, api)'],
    ],
    [
      'an id that could be that of a detection',
      'connections: [{ id: DT-002, provider: sandbox }]',
      ['1:17 connections.0.id: begins like the ids of detections, which are sources too'],
    ],
    [
      'an id of a connection and a transmitter',
      'connections: [{ id: x, provider: sandbox }]\ntransmitters: [{ id: x, issuer: https://a.example, audience: b }]',
      ['2:18 transmitters.0.id: the id is taken by connections[0]; connections and transmitters share one name space'],
    ],
    [
      'a sandbox for others',
      'publicUrl: https://a.example\nlisten: { host: 0.0.0.0 }\nconnections: [{ id: s, provider: sandbox }]',
      ['3:24 connections.0.provider: a sandbox is for loopback only (listen.host) unless it says trial: true'],
    ],
    [
      'the guard profile sandbox elsewhere',
      'connections: [{ id: w, provider: scim, profile: sandbox }]',
      ['1:40 connections.0.profile: the guard profile sandbox is for connections of provider sandbox or with trial: true'],
    ],
    [
      'a transmitter id with a space',
      'transmitters: [{ id: "a b", issuer: https://a.example, audience: b }]',
      ['1:18 transmitters.0.id: must be 1-63 characters of A-Z a-z 0-9 . _ ~ - and begin with a letter or digit'],
    ],
    [
      'a hash that is none',
      'operators: { tokens: [{ name: ci, sha256: abc, roles: [admin] }] }',
      ['1:35 operators.tokens.0.sha256: must be a SHA-256 in hex (64 digits)'],
    ],
    [
      'a role that is none',
      `operators: { tokens: [{ name: ci, sha256: ${sha}, roles: [root] }] }`,
      ['1:117 operators.tokens.0.roles.0: must be one of admin, approver, analyst, helpdesk, hr, auditor, ingest'],
    ],
    [
      'an operator who is said to be somebody that is not listed',
      'operators: { people: { lead: kim, root: kim@acme.example } }',
      ['1:24 operators.people.lead: is the id of none of the identities, and no address'],
    ],
    ['a role that is none, for people', 'operators: { roles: { root: [] } }', ['1:23 operators.roles.root: unknown key']],
    [
      'a token twice',
      `operators: { tokens: [{ name: ci, sha256: ${sha}, roles: [admin] }, { name: ci, sha256: ${sha}, roles: [ingest] }] }`,
      [
        '1:129 operators.tokens.1.name: the name is used twice',
        '1:139 operators.tokens.1.sha256: stands for a token that is already listed',
      ],
    ],
    [
      'an account at no connection',
      'identities: [{ id: a, accounts: [{ connection: okta, id: "1" }] }]',
      ['1:36 identities.0.accounts.0.connection: names none of the connections'],
    ],
    ['an identity twice', 'identities: [{ id: a }, { id: a }]', ['1:27 identities.1.id: the id is used twice']],
    [
      'an address of two people',
      'identities: [{ id: a, emails: [X@a.b] }, { id: b, emails: [x@a.b] }]',
      ['1:60 identities.1.emails.0: names two people: an identifier belongs to one'],
    ],
    [
      'an alias that looks like an id',
      'identities: [{ id: 0197f0a0-0000-7000-8000-000000000000 }]',
      ['1:16 identities.0.id: must not look like an id of ours (UUIDv7)'],
    ],
    [
      'a network that is none',
      'network: { allowPrivate: [10.0.0.0/33] }',
      ['1:27 network.allowPrivate.0: must be an address or a network in CIDR form'],
    ],
    [
      'a key command without its provider',
      'keys: { command: kms }',
      ['1:9 keys.command: belongs to the provider kms-command, which needs it'],
    ],
    [
      'a receiver without a credential',
      'receivers: [{ id: crm, audience: a, events: [session-revoked] }]',
      ['1:13 receivers.0: needs either token or oauth'],
    ],
    [
      'a variable that is not set',
      'organisation: { name: "${env:NOPE}" }',
      ['1:17 organisation.name: the environment variable NOPE is not set'],
    ],
    ['a file that is not there', 'keys: { wrap: "${file:/nope}" }', ['1:9 keys.wrap: the file /nope cannot be read']],
    [
      'a reference of another form',
      'organisation: { name: "${NAME}" }',
      ['1:17 organisation.name: a reference has the form ${env:NAME} or ${file:PATH}; write $${ for the characters themselves'],
    ],
  ])('tells of %s', (_, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  it('lets a sandbox that runs elsewhere, or a trial, stand beside a public listener', () => {
    const text = (more: string) =>
      `publicUrl: https://a.example\nlisten: { host: 0.0.0.0 }\nconnections: [{ id: s, provider: sandbox, ${more} }]`;
    expect(faultsOf(text('baseUrl: http://sandbox.example/idp'))).toEqual([]);
    expect(faultsOf(text('trial: true'))).toEqual([]);
  });

  it('tells all faults at once, in reading order', () => {
    const text =
      'profile: x\nnope: 1\nconnections:\n  - { id: a, provider: okta, orgUrl: u, auth: { token: short } }\n  - { id: "", provider: gone }\nidentities: [{ id: b, emails: [c] }]\n';
    expect(faultsOf(text).map((fault) => fault.split(':').slice(0, 2).join(':').split(' ')[0])).toEqual([
      '1:1',
      '2:1',
      '4:49',
      '5:7',
      '5:15',
      '6:32',
    ]);
  });

  it('never repeats a value, wherever the fault is', () => {
    const secret = 'hunter2-SECRET';
    const texts = [
      `database: { url: "${secret}" }`,
      `connections: [{ id: a, provider: ${secret} }]`,
      `connections: [{ id: a, provider: okta, orgUrl: 1, auth: ${secret} }]`,
      `connections: [{ id: "${secret} x", provider: okta }]`,
      `operators: { tokens: [{ name: "${secret} x", sha256: ${secret}, roles: [${secret}] }] }`,
      `identities: [{ id: "${secret} x", emails: ["${secret}"] }]`,
      `keys: { wrap: *${secret} }`,
      `keys: { wrap: "${secret}\\q" }`,
      `keys: |${secret}`,
      `keys: { wrap: "${secret}`,
      `keys: @${secret}`,
      `publicUrl: http://u:${secret}@x`,
      `profile: ${secret}`,
      `overrides: { RP-017: ${secret} }`,
      `transmitters: [{ id: a, issuer: "${secret}", audience: [], delivery: ${secret}, algorithms: [${secret}] }]`,
      `network: { allowPrivate: ["${secret}"] }`,
    ];
    for (const text of texts) {
      const result = read(text);
      expect(result.ok, text).toBe(false);
      expect(JSON.stringify(result)).not.toContain('hunter2');
    }
    const referred = read('database: { url: "${env:S}" }\nprofile: "${file:f}"', { env: { S: secret }, files: { f: secret } });
    expect(referred.ok).toBe(false);
    expect(JSON.stringify(referred)).not.toContain('hunter2');
  });

  it('answers every text with settings or faults that have a place', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.constantFrom('', 'listen: ', 'connections: ', 'enforcement: ', 'identities: [', 'operators: '),
        (noise, head) => {
          const result = read(head + noise);
          if (!result.ok) {
            expect(result.faults.length).toBeGreaterThan(0);
            for (const fault of result.faults) expect(fault.line >= 1 && fault.column >= 1 && fault.message !== '').toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
