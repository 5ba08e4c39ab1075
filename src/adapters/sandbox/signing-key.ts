/** The key that signs ID tokens: derived, so that all processes have the same and a restart keeps it. */
import { createECDH, createHash, hash } from 'node:crypto';

export interface SigningKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly alg: 'ES256';
  readonly use: 'sig';
  readonly kid: string;
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

/** A P-256 private JWK from a derived secret. */
export function deriveSigningKey(secret: Uint8Array): SigningKey {
  const ecdh = createECDH('prime256v1');
  let scalar = createHash('sha256').update(secret).digest();
  // About one digest in 2^32 is no valid scalar.
  for (;;) {
    try {
      ecdh.setPrivateKey(scalar);
      break;
    } catch {
      scalar = createHash('sha256').update(scalar).digest();
    }
  }
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')];
  // RFC 7638 section 3.
  const kid = hash('sha256', JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }), 'base64url');
  return { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid, x, y, d: scalar.toString('base64url') };
}
