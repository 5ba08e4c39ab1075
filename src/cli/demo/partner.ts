/** The demo's partner: a transmitter that publishes its key and pushes signed CAEP events (RFC 8417, RFC 8935). */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { systemRandom } from '../../app/system.ts';
import { demoAudience } from './organisation.ts';

export interface Partner {
  readonly issuer: string;
  readonly jwksUri: string;
  close(): Promise<void>;
}

export interface PartnerKey {
  readonly privateKey: JWK;
}

const keyId = 'partner-1';

/** A new RSA key as JSON, to be kept in a file of mode 0600. */
export async function makePartnerKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}

/** Publishes the key on loopback; port 0 takes any. */
export async function openPartner(key: string, port: number): Promise<Partner> {
  const { kty, n, e } = JSON.parse(key) as JWK;
  const keys = JSON.stringify({ keys: [{ kty, n, e, kid: keyId, alg: 'RS256', use: 'sig' }] });
  const server = createServer((_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(keys));
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => server.listen(0, '127.0.0.1', resolve).once('error', reject));
    server.listen(port, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer: 'https://partner.demo.example',
    jwksUri: `${origin}/jwks`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A signed CAEP session-revoked about one person, by e-mail address. */
export async function signSessionRevoked(key: string, issuer: string, email: string, atSeconds: number): Promise<string> {
  const events = {
    'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {
      event_timestamp: atSeconds,
      initiating_entity: 'policy',
      reason_admin: { en: 'The demo says so' },
    },
  };
  return new SignJWT({ events, sub_id: { format: 'email', email }, txn: Buffer.from(systemRandom(9)).toString('base64url') })
    .setProtectedHeader({ alg: 'RS256', typ: 'secevent+jwt', kid: keyId })
    .setIssuer(issuer)
    .setAudience(demoAudience)
    .setIssuedAt(atSeconds)
    .setJti(Buffer.from(systemRandom(12)).toString('base64url'))
    .sign(await importJWK(JSON.parse(key) as JWK, 'RS256'));
}
