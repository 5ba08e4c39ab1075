/**
 * A stand-in for an SSF transmitter: publishes its metadata and key set over real HTTP on a free port and signs SETs. It can rotate
 * keys, publish whatever document it is told to, and fail.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

export interface FakeTransmitter {
  readonly issuer: string;
  /** Origin of its HTTP server. */
  readonly origin: string;
  readonly jwksUri: string;
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateKey: CryptoKey;
  /** Requests for the key set so far. */
  readonly keyRequests: number;
  /** Claims of a SET with one event; `iat` is now and `jti` fresh unless given. */
  claims(event: string, payload?: object, more?: object): Record<string, unknown>;
  /** A compact token over the claims; a text is signed as it is. Header members given replace the usual ones, `undefined` removes one. */
  sign(claims: object | string, header?: Record<string, unknown>): Promise<string>;
  /** Makes a new key and publishes it; with `keepOld` beside the ones before. */
  rotate(options?: { keepOld?: boolean }): Promise<void>;
  /** What the key set's address answers from now on; without argument the true key set again. */
  publish(answer?: { status?: number; body?: unknown; location?: string }): void;
  /** Members of the metadata beside `issuer` and `jwks_uri`, or in their place. */
  describe(metadata: Record<string, unknown>): void;
  close(): Promise<void>;
}

export interface FakeTransmitterOptions {
  /** Default: the origin of its HTTP server. */
  readonly issuer?: string;
  readonly audience?: string | readonly string[];
  /** Default RS256. */
  readonly algorithm?: string;
}

export async function createTransmitter(options: FakeTransmitterOptions = {}): Promise<FakeTransmitter> {
  const algorithm = options.algorithm ?? 'RS256';
  let serial = 0;
  let requests = 0;
  let answer: { status?: number; body?: unknown; location?: string } | undefined;
  let extraMetadata: Record<string, unknown> = {};
  let published: JWK[] = [];

  const makeKey = async () => {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    const kid = `key-${++serial}`;
    const jwk: JWK = { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: 'sig' };
    return { ...pair, kid, jwk };
  };
  let current = await makeKey();
  published = [current.jwk];

  const server = createServer((request, response) => {
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const path = request.url ?? '/';
    if (path === '/jwks') {
      requests += 1;
      if (answer) send(answer.status ?? 200, answer.body ?? {}, answer.location ? { location: answer.location } : {});
      else send(200, { keys: published });
    } else if (path.startsWith('/.well-known/')) {
      send(200, { issuer, jwks_uri: `${origin}/jwks`, spec_version: '1_0', ...extraMetadata });
    } else {
      send(404, {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = options.issuer ?? origin;

  return {
    issuer,
    origin,
    jwksUri: `${origin}/jwks`,
    get kid() {
      return current.kid;
    },
    get publicJwk() {
      return current.jwk;
    },
    get privateKey() {
      return current.privateKey;
    },
    get keyRequests() {
      return requests;
    },
    claims: (event, payload = {}, more = {}) => ({
      iss: issuer,
      aud: options.audience ?? 'https://rescind.example.com',
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
      events: { [event]: payload },
      ...more,
    }),
    sign(claims, header = {}) {
      const full = Object.fromEntries(
        Object.entries({ alg: algorithm, typ: 'secevent+jwt', kid: current.kid, ...header }).filter(([, value]) => value !== undefined),
      ) as { alg: string };
      const bytes = new TextEncoder().encode(typeof claims === 'string' ? claims : JSON.stringify(claims));
      return new CompactSign(bytes).setProtectedHeader(full).sign(current.privateKey);
    },
    async rotate({ keepOld = false } = {}) {
      current = await makeKey();
      published = keepOld ? [...published, current.jwk] : [current.jwk];
    },
    publish(next) {
      answer = next;
    },
    describe(metadata) {
      extraMetadata = metadata;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
