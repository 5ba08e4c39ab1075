/** Turns a published key set into keys that verify, each bound to exactly one algorithm (RFC 8725 section 3.1). */
import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts';
import type { SignatureAlgorithm } from './transmitter-settings.ts';

export interface VerificationKey {
  readonly key: CryptoKey;
  readonly algorithm: SignatureAlgorithm;
  readonly kid: string | undefined;
  /** RFC 7638 SHA-256 thumbprint. */
  readonly thumbprint: string;
}

/** A published key that cannot be used here, remembered so that its use is told from an unknown key. */
export interface RefusedKey {
  readonly kid: string | undefined;
  readonly refused: 'symmetric' | 'private' | 'use' | 'algorithm' | 'tooShort' | 'broken';
}

export type PublishedKey = VerificationKey | RefusedKey;

const maxKeys = 64;

/**
 * Imports at most 64 keys of an RFC 7517 key set. Keys without `alg` are bound to the first allowed algorithm that fits them.
 * `undefined` when the document is no key set.
 */
export async function importKeySet(
  document: JsonValue,
  allowed: readonly SignatureAlgorithm[],
): Promise<readonly PublishedKey[] | undefined> {
  if (!isJsonObject(document) || !Array.isArray(document.keys)) return undefined;
  const keys = (document.keys as readonly JsonValue[]).slice(0, maxKeys).filter(isJsonObject);
  return Promise.all(keys.map((jwk) => importKey(jwk, allowed)));
}

async function importKey(jwk: JsonObject, allowed: readonly SignatureAlgorithm[]): Promise<PublishedKey> {
  const kid = typeof jwk.kid === 'string' ? jwk.kid : undefined;
  const refuse = (refused: RefusedKey['refused']): RefusedKey => ({ kid, refused });
  if (jwk.kty === 'oct' || jwk.k !== undefined) return refuse('symmetric');
  if (jwk.d !== undefined) return refuse('private');
  if (!maySign(jwk)) return refuse('use');
  const algorithm = algorithmOf(jwk, allowed);
  if (algorithm === undefined) return refuse('algorithm');
  try {
    const publicPart = Object.fromEntries(
      ['kty', 'n', 'e', 'crv', 'x', 'y'].flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
    ) as JWK;
    const key = await importJWK(publicPart, algorithm);
    if (key instanceof Uint8Array) return refuse('symmetric');
    const { modulusLength } = key.algorithm as { readonly modulusLength?: number };
    if (modulusLength !== undefined && modulusLength < 2048) return refuse('tooShort');
    return { key, algorithm, kid, thumbprint: await calculateJwkThumbprint(publicPart) };
  } catch {
    return refuse('broken');
  }
}

function maySign(jwk: JsonObject): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  const operations = jwk.key_ops;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

function algorithmOf(jwk: JsonObject, allowed: readonly SignatureAlgorithm[]): SignatureAlgorithm | undefined {
  return allowed.find((algorithm) => fits(jwk, algorithm) && (jwk.alg === undefined || jwk.alg === algorithm));
}

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519' };

function fits(jwk: JsonObject, algorithm: SignatureAlgorithm): boolean {
  switch (jwk.kty) {
    case 'RSA':
      return algorithm.startsWith('RS') || algorithm.startsWith('PS');
    case 'EC':
    case 'OKP':
      return curves[algorithm] === jwk.crv;
    default:
      return false;
  }
}
