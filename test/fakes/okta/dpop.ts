/** Proofs of possession (RFC 9449): each good once, for one method and address, with the server's nonce where a token is asked for. */
import { createHash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';

export interface Dpop {
  nonce(): string;
  /** The next proof must carry another nonce. */
  rotateNonce(): void;
  check(
    proof: string | undefined,
    wanted: { readonly method: string; readonly url: string; readonly nonce?: boolean; readonly token?: string },
  ): Promise<{ readonly thumbprint: string } | { readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce'; readonly about: string }>;
}

const wrong = (about: string) => ({ error: 'invalid_dpop_proof', about }) as const;

export function createDpop(): Dpop {
  const used = new Set<string>();
  let nonce = randomBytes(16).toString('base64url');
  return {
    nonce: () => nonce,
    rotateNonce() {
      nonce = randomBytes(16).toString('base64url');
    },
    async check(proof, wanted) {
      if (proof === undefined) return wrong('The DPoP proof JWT header is missing.');
      const verified = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', maxTokenAge: 300, requiredClaims: ['jti'] }).catch(
        () => undefined,
      );
      if (!verified) return wrong('The DPoP proof is not valid.');
      const { payload, protectedHeader } = verified;
      if (payload['htm'] !== wanted.method || payload['htu'] !== wanted.url) return wrong('The htm or htu claim is another request.');
      if (wanted.nonce === true && payload['nonce'] !== nonce)
        return { error: 'use_dpop_nonce', about: 'Authorization server requires nonce in DPoP proof.' };
      if (wanted.token !== undefined && payload['ath'] !== createHash('sha256').update(wanted.token).digest('base64url'))
        return wrong('The ath claim is of another access token.');
      if (used.has(String(payload.jti))) return wrong('The DPoP proof JWT has already been used.');
      used.add(String(payload.jti));
      return { thumbprint: await calculateJwkThumbprint(protectedHeader.jwk as JWK) };
    },
  };
}
