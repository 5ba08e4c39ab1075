/** Whether a key made the signature of a compact JWS (RFC 7515 section 5.2, RFC 7518 section 3). */
import { constants, KeyObject, verify } from 'node:crypto';
import { type CryptoKey, compactVerify } from 'jose';
import type { VerificationKey } from './keys.ts';

/**
 * `text` was taken apart before: its header names the key's algorithm and nothing that must be understood. RSA is verified in place,
 * since handing it to another thread and back takes several times as long as the check; all else goes through jose.
 */
export async function isSignedBy(text: string, candidate: VerificationKey): Promise<boolean> {
  const digest = /^[RP]S(256|384|512)$/.exec(candidate.algorithm)?.[1];
  if (digest !== undefined) return verifyRsa(text, candidate, `sha${digest}`);
  try {
    await compactVerify(text, candidate.key, { algorithms: [candidate.algorithm] });
    return true;
  } catch {
    // Whatever went wrong, this key does not vouch for the token.
    return false;
  }
}

const rsaKeys = new WeakMap<CryptoKey, KeyObject>();

function verifyRsa(text: string, { key, algorithm }: VerificationKey, digest: string): boolean {
  let rsa = rsaKeys.get(key);
  if (rsa === undefined) {
    rsa = KeyObject.from(key);
    rsaKeys.set(key, rsa);
  }
  const end = text.lastIndexOf('.');
  const signed = Buffer.from(text.slice(0, end), 'latin1');
  const signature = Buffer.from(text.slice(end + 1), 'base64url');
  if (algorithm.startsWith('RS')) return verify(digest, signed, rsa, signature);
  // A salt as long as the digest (RFC 7518 section 3.5).
  const scheme = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify(digest, signed, { key: rsa, ...scheme }, signature);
}
