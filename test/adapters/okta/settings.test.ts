/** What a connection to Okta may say, and how it is told what is wrong. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { oktaSettingsSchema } from '../../../src/adapters/okta/settings.ts';

const pem = (type: 'ec' | 'ed25519') => {
  const { privateKey } = type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
};
const good = { orgUrl: 'https://acme.okta.com', auth: { token: 'a-token' } };
const faults = (given: unknown) =>
  (oktaSettingsSchema.safeParse(given).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('a connection to Okta', () => {
  test('needs an address and a credential, and has sensible defaults for the rest', () => {
    expect(oktaSettingsSchema.parse(good)).toEqual({ ...good, egress: [], accessTokenMinutes: 60 });
  });

  test('takes a service app, and one secret of events or two', () => {
    const auth = { clientId: '0oa1', privateKey: pem('ec'), keyId: 'k1' };
    expect(oktaSettingsSchema.parse({ ...good, auth, events: { secret: 'one' } })).toMatchObject({
      auth: { ...auth, dpop: false },
      events: { secret: ['one'], pollSeconds: 15 },
    });
    expect(oktaSettingsSchema.parse({ ...good, events: { secret: ['old', 'new'] } }).events?.secret).toEqual(['old', 'new']);
    expect(oktaSettingsSchema.parse({ ...good, auth: { token: { file: '/run/secrets/okta' } } }).auth).toEqual({
      token: { file: '/run/secrets/okta' },
    });
  });

  test.each([
    ['http://acme.okta.com', 'orgUrl: must be https'],
    ['https://acme.okta.com/', 'orgUrl: must not end with a slash'],
    ['https://acme.okta.com/api/v1', 'orgUrl: must be an address alone, in lower case and without a path'],
    ['https://acme-admin.okta.com', 'orgUrl: must not be the admin console: leave out -admin'],
    ['https://me:secret@acme.okta.com', 'orgUrl: must not hold credentials'],
    ['acme.okta.com', 'orgUrl: must be a URL like https://acme.okta.com'],
  ])('%s is no address of an organisation', (orgUrl, fault) => {
    expect(faults({ ...good, orgUrl })).toEqual([fault]);
  });

  test('may be a stand-in on this machine, without TLS', () => {
    expect(faults({ ...good, orgUrl: 'http://127.0.0.1:8081' })).toEqual([]);
  });

  test.each<[unknown, string]>([
    [{}, 'auth: needs a token, or clientId and privateKey'],
    ['a-token', 'auth: must be { token } or { clientId, privateKey, keyId, dpop }'],
    [{ token: 't', clientId: '0oa1' }, 'auth: is either a token or a service app, not both'],
    [{ clientId: '0oa1' }, 'auth.privateKey: belongs to the clientId and is missing'],
    [{ privateKey: pem('ec') }, 'auth.clientId: belongs to the privateKey and is missing'],
    [{ clientId: '0oa1', privateKey: 'secret-but-no-key' }, 'auth.privateKey: must be a private key in PEM form'],
    [{ clientId: '0oa1', privateKey: pem('ed25519') }, 'auth.privateKey: must be a private key in PEM form'],
  ])('says what is wrong with its credential, and never what it was (%#)', (auth, fault) => {
    expect(faults({ ...good, auth })).toEqual([fault]);
  });

  test('names every other fault where it is', () => {
    const given = { ...good, events: { secret: ['a', 'b', 'c'], pollSeconds: 1 }, stepUpGroup: 'two words', egress: ['nowhere'], oops: 1 };
    expect(faults(given).sort()).toEqual([
      ': Unrecognized key: "oops"',
      'egress.0: must be an address or a network in CIDR form',
      'events.pollSeconds: must be at least 5',
      'events.secret: must be one secret or a list of two',
      'stepUpGroup: must be an id of Okta, such as 00g1abcd',
    ]);
  });
});
