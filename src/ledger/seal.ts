/**
 * Personal data of an entry: sealed with its owner's key, and committed to by a salted HMAC whose salt lies inside the seal, so that
 * destroying the key leaves a commitment that nobody can guess at.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** First byte of a sealed text: AES-256-GCM, nonce of 12 bytes, tag of 16 at the end, the entry's id as additional data. */
const sealVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 32;
/** Random bytes that one seal uses up: salt, then nonce. */
export const sealRandomBytes = saltBytes + nonceBytes;

/** Random bytes that sealing the same once more uses up. */
export const resealRandomBytes = nonceBytes;

/** What must be shown so that somebody can check a commitment. */
export interface Disclosure {
  /** 32 bytes, base64url. */
  readonly salt: string;
  /** Canonical JSON, exactly as committed to. */
  readonly pii: string;
}

export interface SealedText {
  readonly sealed: Buffer;
  /** HMAC-SHA-256(salt, text), base64url: the envelope's `pii`. */
  readonly commitment: string;
}

/** Seals a text for one entry. `random` are `sealRandomBytes` fresh bytes, never used twice. */
export function sealText(text: string, entryId: string, key: KeyObject, random: Uint8Array): SealedText {
  const salt = random.subarray(0, saltBytes);
  const bytes = Buffer.from(text, 'utf8');
  const sealed = encrypt(Buffer.concat([salt, bytes]), entryId, key, random.subarray(saltBytes, sealRandomBytes));
  return { sealed, commitment: commit(salt, bytes) };
}

/**
 * The same text and salt under another owner's key, so that the commitment holds; undefined where `from` does not open it. `nonce` are
 * `resealRandomBytes` fresh bytes.
 */
export function resealText(
  sealed: Uint8Array,
  entryId: string,
  keys: { readonly from: KeyObject; readonly to: KeyObject },
  nonce: Uint8Array,
): Buffer | undefined {
  const plain = decrypt(sealed, entryId, keys.from);
  return plain && encrypt(plain, entryId, keys.to, nonce);
}

function encrypt(plain: Uint8Array, entryId: string, key: KeyObject, nonce: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(entryId, 'latin1'));
  const head = Buffer.allocUnsafe(1 + nonceBytes);
  head[0] = sealVersion;
  head.set(nonce, 1);
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what `sealText` made; undefined where the key is another one, the entry is another one or a byte was changed. */
export function openText(sealed: Uint8Array, entryId: string, key: KeyObject): Disclosure | undefined {
  const plain = decrypt(sealed, entryId, key);
  return plain && { salt: plain.subarray(0, saltBytes).toString('base64url'), pii: plain.toString('utf8', saltBytes) };
}

function decrypt(sealed: Uint8Array, entryId: string, key: KeyObject): Buffer | undefined {
  if (sealed.length < 1 + sealRandomBytes + tagBytes || sealed[0] !== sealVersion) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(entryId, 'latin1'));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, sealed.length - tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function commit(salt: Uint8Array, bytes: Uint8Array): string {
  return createHmac('sha256', createSecretKey(salt)).update(bytes).digest('base64url');
}
