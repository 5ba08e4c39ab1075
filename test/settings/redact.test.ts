import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configHash, diffSettings, judgingSettings, redactSettings, type Settings } from '../../src/settings/index.ts';
import { settingsOf } from './support.ts';

const fingerprint = (hidden: string) => createHash('sha256').update(`key ${hidden}`).digest('hex').slice(0, 12);

const secrets = [
  'db-password',
  'okta-token-1',
  'push-secret',
  'client-secret',
  'wrapping-key',
  'proxy-password',
  'hook-secret',
  'hookSecret',
] as const;
const people = [
  'alice@example.com',
  'admin@example.com',
  '+4799887766',
  'Alice Aas',
  'alice-alias',
  'E-1001',
  'sandbox-person@example.com',
] as const;

const text = `
publicUrl: https://rescind.example.com
database: { url: postgres://u:db-password@db/x }
keys: { wrap: wrapping-key }
signers: [{ name: Alice Aas, key: ssh-ed25519 AAAA admin@example.com }]
enforcement: { default: report-only, connections: { okta-main: enforce } }
overrides: { RP-017: enforce }
connections:
  - { id: okta-main, provider: okta, orgUrl: "https://u:okta-token-1@acme.okta.com/?k=okta-token-1", auth: { token: okta-token-1 }, pollSeconds: 15 }
  - { id: sandbox, provider: sandbox, people: [{ email: sandbox-person@example.com, name: Alice Aas, sandbox-person@example.com: { level: 1 } }] }
transmitters:
  - { id: partner, issuer: https://partner.example, audience: a, authorizationHeader: Bearer push-secret, oauth: { tokenUrl: https://p.example, clientId: c, clientSecret: client-secret } }
operators:
  oidc: { issuer: https://id.example, clientId: c, clientSecret: client-secret }
  roles: { admin: [admin@example.com] }
  groups: { oncall: [admin@example.com] }
  people: { level: alice@example.com, ci: alice-alias, alice@example.com: alice-alias }
  tokens: [{ name: ci, sha256: ${'b'.repeat(64)}, roles: [ingest] }]
identities:
  - { id: alice-alias, emails: [alice@example.com], phone: "+4799887766", employeeNumber: E-1001, protected: true }
sinks: [{ id: chat, kind: webhook, url: https://hooks.example/?k=hook-secret, secret: whsec_hookSecretHookSecretHookSecretHookSe }]
network: { proxy: http://u:proxy-password@proxy }
`;

const redactedOf = (from: string) => redactSettings(settingsOf(from), fingerprint);

describe('redactSettings', () => {
  it.each([
    ['with fingerprints', fingerprint],
    ['without', undefined],
  ])('shows no secret and no person (%s)', (_, with_) => {
    const shown = JSON.stringify(redactSettings(settingsOf(text), with_));
    for (const hidden of [...secrets, ...people, 'b'.repeat(64)]) expect(shown).not.toContain(hidden);
  });

  it('shows what an auditor asks for', () => {
    expect(redactSettings(settingsOf(text))).toMatchObject({
      publicUrl: 'https://rescind.example.com',
      enforcement: { default: { mode: 'report-only', maxRung: 3 }, connections: { 'okta-main': { mode: 'enforce', maxRung: 3 } } },
      overrides: { 'RP-017': 'enforce' },
      connections: {
        'okta-main': {
          provider: 'okta',
          settings: { orgUrl: 'https://acme.okta.com/?(hidden)', pollSeconds: 15, auth: { token: '(hidden)' } },
        },
      },
      operators: { people: { ci: '(hidden)', level: '(hidden)' }, tokens: { ci: { roles: ['ingest'] } } },
      identities: { count: 1, protected: 1, privileged: 0 },
    });
  });

  it('hides whatever a provider puts under a key that nobody has thought about', () => {
    const settings = settingsOf('');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{3,12}Secret$/), fc.constantFrom('shh-1', 815), (key, value) => {
        const connection = {
          id: 'x',
          provider: 'new',
          profile: 'standard',
          trial: false,
          kind: 'idp',
          allowPrivate: [],
          settings: { inner: [{ [key]: value }] },
        } as const;
        expect(JSON.stringify(redactSettings({ ...settings, connections: [connection] } as Settings))).not.toContain(String(value));
      }),
    );
  });
});

describe('diffSettings', () => {
  const change = (from: string, to: string) => diffSettings(redactedOf(text), redactedOf(text.replace(from, to)));

  it.each([
    [
      'a secret that was rotated',
      'auth: { token: okta-token-1 }',
      'auth: { token: okta-token-2 }',
      [{ path: 'connections.okta-main.settings.auth.token', change: 'changed' }],
    ],
    ['an override that came', 'RP-017: enforce }', 'RP-017: enforce, RP-001: enforce }', [{ path: 'overrides.RP-001', change: 'added' }]],
    ['an override that went', 'overrides: { RP-017: enforce }', '', [{ path: 'overrides.RP-017', change: 'removed' }]],
    [
      'a ceiling that moved',
      'okta-main: enforce }',
      'okta-main: { mode: enforce, maxRung: 5 } }',
      [{ path: 'enforcement.connections.okta-main.maxRung', change: 'changed' }],
    ],
    [
      'a connection that came first',
      'connections:\n',
      'connections:\n  - { id: hr, provider: scim }\n',
      [{ path: 'connections.hr', change: 'added' }],
    ],
    ['nothing', '# none', '', []],
  ])('names the path of %s', (_, from, to, changes) => {
    expect(change(from, to)).toEqual(changes);
  });

  it('tells that a person lost protection', () => {
    expect(change('protected: true', 'protected: false').map(({ path }) => path)).toContain('identities.protected');
  });
});

describe('configHash', () => {
  const hash = (from: string, actions: Record<string, never> = {}) => {
    const settings = settingsOf(from);
    return configHash(redactSettings(settings, fingerprint), judgingSettings(settings, new Map([['okta', { actions }]])));
  };

  it('is the same for the same meaning and another for another, secrets included', () => {
    expect(hash(text)).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(text.replace('pollSeconds: 15', 'pollSeconds:   15'))).toBe(hash(text));
    expect(hash(text.replace('auth: { token: okta-token-1 }', 'auth: { token: okta-token-2 }'))).not.toBe(hash(text));
  });

  it('changes with what an adapter offers, since that can change a decision', () => {
    expect(hash(text, { 'session.revoke': undefined as never })).not.toBe(hash(text));
  });
});

describe('judgingSettings', () => {
  it('holds the offered actions and the guard profile of each connection, and no secret', () => {
    const judging = judgingSettings(
      settingsOf(text),
      new Map([['okta', { actions: { 'token.revoke': undefined, 'session.revoke': undefined } as never }]]),
    );
    expect(judging.connections).toEqual({
      'okta-main': { provider: 'okta', profile: 'standard', actions: ['session.revoke', 'token.revoke'] },
      sandbox: { provider: 'sandbox', profile: 'sandbox', actions: [] },
    });
    for (const hidden of [...secrets, ...people]) expect(JSON.stringify(judging)).not.toContain(hidden);
  });
});
