/** Signatures of Standard Webhooks, version 1: HMAC-SHA-256 over id, timestamp and body. */
import { createHmac } from 'node:crypto';
import type { Instant } from '../model/clock.ts';

const prefix = 'whsec_';

/** The key of a secret `whsec_<base64>` of 24 to 64 bytes; undefined for anything else. */
export function keyOfSecret(secret: string): Buffer | undefined {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
  const key = Buffer.from(text, 'base64');
  const canonical = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return canonical && key.length >= 24 && key.length <= 64 ? key : undefined;
}

/** One signature a key, so that a receiver may hold the old secret or the new one while they change. */
export function signatureHeaders(
  message: { readonly id: string; readonly at: Instant; readonly body: string },
  keys: readonly Buffer[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(message.at / 1000));
  const signed = `${message.id}.${timestamp}.${message.body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`);
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
