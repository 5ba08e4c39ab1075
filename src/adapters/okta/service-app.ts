/** A service app: access tokens by client credentials, proved by `private_key_jwt` (RFC 7523), with DPoP where the app asks for it (RFC 9449). */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as client from 'openid-client';
import type { Instant } from '../../model/clock.ts';
import { AppError } from '../../model/errors.ts';
import type { HttpAnswer, HttpRequest } from '../http.ts';
import type { Credential, CredentialParts } from './credential.ts';
import { failureOf, OktaFailure } from './failure.ts';
import { secretSource } from './secret.ts';
import type { OktaSettings } from './settings.ts';

type ServiceAppSettings = Extract<OktaSettings['auth'], { readonly clientId: string }>;

interface AccessToken {
  readonly value: string;
  readonly scopes: ReadonlySet<string>;
  readonly expiresAt: Instant;
}

/** So long before its end a token is replaced, while calls go on with it. */
const aheadMs = 300_000;
/** After a replacement that failed. */
const pauseMs = 30_000;
/** A token that ends sooner is not sent any more. */
const marginMs = 10_000;

/** One request for a token is under way at most. Throws `AppError` `adapter.misconfigured` for a key that is none. */
export function createServiceApp(auth: ServiceAppSettings, parts: CredentialParts): Credential {
  const { orgUrl, clock, log } = parts;
  const tokenUrl = `${orgUrl}/oauth2/v1/token`;
  const secret = secretSource(auth.privateKey);
  let ownKey: Promise<client.CryptoKeyPair> | undefined;
  let binding: client.DPoPHandle | undefined;
  let token: AccessToken | undefined;
  let underWay: Promise<AccessToken> | undefined;
  let notBefore = 0;

  async function assertion(): Promise<client.ClientAuth> {
    const key = await importKey(await secret.read(), parts.connectionId);
    return client.PrivateKeyJwt(auth.keyId === undefined ? key : { key, kid: auth.keyId }, {
      // Okta takes the address of the endpoint alone, not the issuer.
      [client.modifyAssertion]: (_header, payload) => {
        payload['aud'] = tokenUrl;
      },
    });
  }

  /** A client whose requests go out by our own under these limits, with what came of the last of them. */
  async function connect(proof: client.ClientAuth, limits: Pick<HttpRequest, 'timeoutMs' | 'maxBytes' | 'signal'> = {}) {
    const seen: { answer?: HttpAnswer } = {};
    const config = new client.Configuration({ issuer: orgUrl, token_endpoint: tokenUrl }, auth.clientId, undefined, proof);
    if (orgUrl.startsWith('http:')) client.allowInsecureRequests(config);
    config[client.customFetch] = async (url, { method, headers, body }) => {
      const text = body === undefined || body === null ? undefined : String(body);
      seen.answer = await parts.http.request({
        method: method as HttpRequest['method'],
        url,
        headers,
        ...(text === undefined ? {} : { raw: { type: headers['content-type'] ?? 'application/json', text } }),
        ...limits,
      });
      if (seen.answer.kind !== 'response') throw new Error(seen.answer.code);
      const { status, headers: received, text: answered } = seen.answer;
      return new Response([204, 304].includes(status) ? null : answered, { status, headers: received });
    };
    if (auth.dpop) {
      ownKey ??= client.randomDPoPKeyPair('ES256');
      // One handle for all: it remembers the nonces that it was told.
      binding ??= client.getDPoPHandle(config, await ownKey);
    }
    return { config, seen, options: binding === undefined ? {} : { DPoP: binding } };
  }

  async function ask(scopes: readonly string[]): Promise<AccessToken> {
    const { config, seen, options } = await connect(await assertion());
    try {
      const answer = await client.clientCredentialsGrant(config, { scope: scopes.join(' ') }, options);
      const lastsMs = (answer.expires_in ?? 3_600) * 1_000;
      const given = (answer.scope ?? scopes.join(' ')).split(' ');
      return { value: answer.access_token, scopes: new Set(given), expiresAt: clock.now() + lastsMs };
    } catch (error) {
      throw tokenFailure(error, seen.answer, clock.now());
    }
  }

  /** With every scope that we use; where the app was not granted all of them, with those that it was. */
  async function obtain(): Promise<AccessToken> {
    try {
      return await ask(parts.scopes);
    } catch (error) {
      if (!(error instanceof OktaFailure) || error.facts.errorCode !== 'invalid_scope') throw error;
    }
    const granted: string[] = [];
    for (const scope of parts.scopes) {
      try {
        await ask([scope]);
        granted.push(scope);
      } catch (error) {
        if (!(error instanceof OktaFailure) || error.facts.errorCode !== 'invalid_scope') throw error;
      }
    }
    log.warn({ connection: parts.connectionId, missing: parts.scopes.filter((scope) => !granted.includes(scope)) }, 'okta.scopesMissing');
    return ask(granted);
  }

  function replace(): Promise<AccessToken> {
    underWay ??= obtain()
      .then((fresh) => {
        token = fresh;
        return fresh;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  async function current(): Promise<AccessToken> {
    const leftMs = token === undefined ? 0 : token.expiresAt - clock.now();
    if (token === undefined || leftMs <= marginMs) return replace();
    if (leftMs < aheadMs && underWay === undefined && clock.now() >= notBefore) {
      notBefore = clock.now() + pauseMs;
      replace().catch((error: Error) => log.warn({ connection: parts.connectionId, error: error.message }, 'okta.tokenNotRenewed'));
    }
    return token;
  }

  return {
    async send({ method, url, headers: given, json, ...limits }) {
      const { value } = await current();
      const { config, seen, options } = await connect(client.None(), limits);
      const body = json === undefined ? undefined : JSON.stringify(json);
      const headers = new Headers({ accept: 'application/json', ...given });
      if (body !== undefined) headers.set('content-type', 'application/json');
      // What it makes of the answer (a challenge is an error to it) does not matter: the answer itself is read.
      await client.fetchProtectedResource(config, value, new URL(url), method, body, headers, options).catch(() => {});
      return seen.answer ?? { kind: 'notSent', code: 'connection' };
    },
    async renew() {
      const refused = token;
      await secret.renew();
      // Somebody else's 401 may have brought another token already.
      if (token === refused) token = undefined;
      return (await current()) !== refused;
    },
    scopes: async () => (await current()).scopes,
  };
}

/** The provider's own word for why there is no token; never what was sent or answered. */
function tokenFailure(error: unknown, answer: HttpAnswer | undefined, now: Instant): OktaFailure {
  const said = error instanceof client.ResponseBodyError && /^[a-z_]{1,40}$/.test(error.error) ? error.error : undefined;
  const failure = answer && failureOf(answer, now);
  if (failure === undefined) return new OktaFailure({ outcome: 'failed', code: 'tokenUnreadable' });
  const { code, outcome, ...facts } = failure.facts;
  // No call was made yet: whatever became of the request for a token, the action has had no effect.
  if (outcome !== 'refused') return new OktaFailure({ ...facts, outcome: 'failed', code });
  return new OktaFailure({ ...facts, outcome, code: 'unauthorised', ...(said === undefined ? {} : { errorCode: said }) });
}

/** RSA and EC keys in PEM form, PKCS#1, SEC1 or PKCS#8. */
async function importKey(pem: string, connection: string): Promise<client.CryptoKey> {
  const algorithm = (key: KeyObject) =>
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '' };
  try {
    const key = createPrivateKey(pem);
    return key.toCryptoKey(algorithm(key), false, ['sign']);
  } catch {
    throw new AppError('adapter.misconfigured', `${connection}: the private key is no RSA or EC key in PEM form`);
  }
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
