/** C2SP signed notes with Ed25519 signatures: signing with any number of keys, and checking against known ones. */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { AppError } from '../model/errors.ts';

/** Signature type byte of plain Ed25519. */
const ed25519 = 0x01;
const maxSignatures = 64;

export interface NoteKey {
  /** Free of spaces and plus signs. */
  readonly name: string;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

export interface NoteSigner extends NoteKey {
  readonly privateKey: KeyObject;
}

export type NoteReading =
  | { readonly ok: true; readonly text: string; readonly signedBy: readonly NoteKey[] }
  | { readonly ok: false; readonly fault: string };

/** First four bytes of SHA-256(name, newline, type, public key). */
export function keyIdOf(key: NoteKey): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${key.name}\n`), Buffer.of(ed25519), key.publicKey]), 'buffer').subarray(0, 4);
}

/** The key as verifiers take it: `name+hex(key id)+base64(type, public key)`. */
export function formatVerifierKey(key: NoteKey): string {
  return `${key.name}+${keyIdOf(key).toString('hex')}+${Buffer.concat([Buffer.of(ed25519), key.publicKey]).toString('base64')}`;
}

/** Reads a verifier key; undefined where it is malformed, not Ed25519, or its key id is not that of the key. */
export function parseVerifierKey(text: string): NoteKey | undefined {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text.trim());
  if (!match) return undefined;
  const bytes = Buffer.from(match[3] as string, 'base64');
  if (bytes.length !== 33 || bytes[0] !== ed25519 || bytes.toString('base64') !== match[3]) return undefined;
  const key = { name: match[1] as string, publicKey: bytes.subarray(1) };
  return keyIdOf(key).toString('hex') === match[2] ? key : undefined;
}

/** Signs a text that ends with a newline, one line a signer. Throws AppError `internal` for a text or a name that no note may have. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  if (!isNoteText(text) || signers.length === 0) throw new AppError('internal', 'not the text of a note');
  const lines = signers.map((signer) => {
    if (signer.name === '' || /[\s+]/u.test(signer.name)) throw new AppError('internal', 'not the name of a note key');
    const signature = sign(null, Buffer.from(text, 'utf8'), signer.privateKey);
    return `\u2014 ${signer.name} ${Buffer.concat([keyIdOf(signer), signature]).toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** Checks a note: at least one known key must have signed it, and no signature in the name of a known key may fail. */
export function openNote(note: string, known: readonly NoteKey[]): NoteReading {
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const block = note.slice(split + 2);
  if (split < 0 || !isNoteText(text) || !block.endsWith('\n') || hasControls(block)) return { ok: false, fault: 'not a signed note' };
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > maxSignatures) return { ok: false, fault: 'too many signatures' };
  const signedBy: NoteKey[] = [];
  for (const line of lines) {
    const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/u.exec(line);
    const bytes = Buffer.from(match?.[2] ?? '', 'base64');
    if (!match || bytes.length < 5 || bytes.toString('base64') !== match[2]) return { ok: false, fault: 'a signature line is malformed' };
    const key = known.find((candidate) => candidate.name === match[1] && keyIdOf(candidate).equals(bytes.subarray(0, 4)));
    if (key === undefined) continue;
    if (!verify(null, Buffer.from(text, 'utf8'), importPublicKey(key.publicKey), bytes.subarray(4)))
      return { ok: false, fault: 'a signature does not fit' };
    signedBy.push(key);
  }
  return signedBy.length === 0 ? { ok: false, fault: 'not signed by a known key' } : { ok: true, text, signedBy };
}

function importPublicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !hasControls(text);
}

function hasControls(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: C2SP forbids all below U+0020 but the newline.
  return /[\u0000-\u0009\u000b-\u001f]/.test(text);
}
