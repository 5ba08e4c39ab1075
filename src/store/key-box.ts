/** Wrapping: keys are stored only under the wrapping key (AES-256-GCM), each bound to what it is for by its label. */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto';
import { AppError } from '../model/errors.ts';
import type { RandomBytes } from '../model/ids.ts';

export interface KeyBox {
  /** `label` says whose key it is, e.g. `person 0190...`; only the same label opens it again. */
  wrap(label: string, secret: Uint8Array): Buffer;
  /** Throws AppError `keys.unusable` where this wrapping key or this label does not open it. */
  unwrap(label: string, wrapped: Uint8Array): Buffer;
}

/** First byte of a wrapped key: AES-256-GCM, nonce of 12 bytes, tag of 16 at the end, the label as additional data. */
const wrapVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** `root` is the wrapping key, 32 bytes; what encrypts is derived from it (HKDF, RFC 5869), so that it serves nothing else. */
export function createKeyBox(root: Uint8Array, random: RandomBytes): KeyBox {
  const key = createSecretKey(new Uint8Array(hkdfSync('sha256', root, new Uint8Array(0), 'rescind wrap 1', 32)));
  return {
    wrap(label, secret) {
      const nonce = random(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(label, 'utf8'));
      return Buffer.concat([Buffer.of(wrapVersion), nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap(label, wrapped) {
      if (wrapped[0] !== wrapVersion || wrapped.length < 1 + nonceBytes + tagBytes) throw unusable(label);
      const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(label, 'utf8'));
      decipher.setAuthTag(wrapped.subarray(wrapped.length - tagBytes));
      try {
        return Buffer.concat([decipher.update(wrapped.subarray(1 + nonceBytes, wrapped.length - tagBytes)), decipher.final()]);
      } catch {
        throw unusable(label);
      }
    },
  };
}

function unusable(label: string): AppError {
  return new AppError('keys.unusable', `the wrapping key does not open the key of ${label}`);
}
