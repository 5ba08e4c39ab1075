/** OAuth service apps and `/oauth2/v1/token`: client credentials proved by `private_key_jwt`, bound by DPoP where the app asks for it. */
import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, exportJWK, exportPKCS8, generateKeyPair, type JWK, jwtVerify } from 'jose';
import type { OktaClock } from './clock.ts';
import type { Credentials, Grants } from './credentials.ts';
import { createDpop, type Dpop } from './dpop.ts';
import type { Answer } from './router.ts';

export interface ServiceApp {
  readonly clientId: string;
  readonly keyId: string;
  /** PKCS#8 PEM of an RSA key, or of an EC key where the app was made with one. */
  readonly privateKey: string;
}

type Algorithm = 'RS256' | 'ES256' | 'ES384';

export interface ServiceApps {
  add(grants: Grants & { readonly dpop?: boolean; readonly algorithm?: Algorithm }): Promise<ServiceApp>;
  /** A new key; with `keepOld` the ones before stay good, without it their access tokens end too. */
  rotateKey(clientId: string, options?: { readonly keepOld?: boolean }): Promise<ServiceApp>;
  readonly dpop: Dpop;
  token(form: URLSearchParams, proof: string | undefined, tokenUrl: string): Promise<Answer>;
}

const lifeSeconds = 3_600;
const refused = (status: number, error: string, about: string, headers: Record<string, string> = {}): Answer => ({
  status,
  body: { error, error_description: about },
  headers,
});

export function createServiceApps(clock: OktaClock, credentials: Credentials): ServiceApps {
  const apps = new Map<string, { grants: Parameters<ServiceApps['add']>[0]; keys: JWK[] }>();
  const usedAssertions = new Set<string>();
  const dpop = createDpop();
  let serial = 0;

  async function newKey(clientId: string, keep: readonly JWK[]): Promise<ServiceApp> {
    const app = apps.get(clientId);
    if (!app) throw new Error('no such service app');
    const { algorithm: alg = 'RS256' } = app.grants;
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const keyId = randomBytes(8).toString('hex');
    app.keys = [...keep, { ...(await exportJWK(publicKey)), kid: keyId, alg, use: 'sig' }];
    return { clientId, keyId, privateKey: await exportPKCS8(privateKey) };
  }

  /** The client whose key signed the assertion. Its times are the machine's: callers do not know the stand-in's clock. */
  async function clientOf(assertion: string, tokenUrl: string): Promise<string | undefined> {
    const claimed: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString() || '{}');
    const clientId = String((claimed as { iss?: unknown }).iss);
    const app = apps.get(clientId);
    if (!app) return undefined;
    const expected = { issuer: clientId, subject: clientId, audience: tokenUrl, requiredClaims: ['exp'] };
    const { payload } = await jwtVerify(assertion, createLocalJWKSet({ keys: app.keys }), expected);
    if ((payload.exp ?? 0) > Date.now() / 1_000 + 3_600) return undefined;
    // A `jti` is optional; where there is one, the assertion is good for one use.
    if (payload.jti !== undefined && usedAssertions.has(payload.jti)) return undefined;
    if (payload.jti !== undefined) usedAssertions.add(payload.jti);
    return clientId;
  }

  return {
    dpop,
    async add(grants) {
      serial += 1;
      const clientId = `0oa${String(serial).padStart(17, '0')}`;
      apps.set(clientId, { grants, keys: [] });
      return newKey(clientId, []);
    },
    rotateKey(clientId, { keepOld = false } = {}) {
      if (!keepOld) credentials.revokeClient(clientId);
      return newKey(clientId, keepOld ? (apps.get(clientId)?.keys ?? []) : []);
    },
    async token(form, proof, tokenUrl) {
      if (form.get('grant_type') !== 'client_credentials')
        return refused(400, 'unsupported_grant_type', 'Only client_credentials is served to a service app.');
      if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
        return refused(401, 'invalid_client', 'The client must prove itself by private_key_jwt.');
      const id = await clientOf(form.get('client_assertion') ?? '', tokenUrl).catch(() => undefined);
      const app = id === undefined ? undefined : apps.get(id);
      if (id === undefined || !app) return refused(401, 'invalid_client', 'The client_assertion is not valid.');

      const { role = 'SUPER_ADMIN', scopes: granted, dpop: bound = false } = app.grants;
      const asked = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
      const beyond = asked.filter((scope) => granted !== undefined && !granted.includes(scope));
      if (asked.length === 0 || beyond.length > 0)
        return refused(400, 'invalid_scope', `One or more scopes are not granted to the client: ${beyond.join(' ')}`);

      let boundTo: string | undefined;
      if (bound) {
        const checked = await dpop.check(proof, { method: 'POST', url: tokenUrl, nonce: true });
        if ('error' in checked) return refused(400, checked.error, checked.about, { 'dpop-nonce': dpop.nonce() });
        boundTo = checked.thumbprint;
      }
      const token = credentials.issue({ kind: 'client', id, role, scopes: asked }, clock.now() + lifeSeconds * 1_000, boundTo);
      const body = { token_type: bound ? 'DPoP' : 'Bearer', expires_in: lifeSeconds, access_token: token, scope: asked.join(' ') };
      return { status: 200, body, headers: { 'cache-control': 'no-store' } };
    },
  };
}
