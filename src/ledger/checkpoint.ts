/** C2SP tlog checkpoints: the head of the log as a signed note. */
import { type NoteKey, type NoteSigner, openNote, signNote } from './note.ts';

export interface TreeHead {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

export type CheckpointReading =
  | { readonly ok: true; readonly origin: string; readonly head: TreeHead }
  | { readonly ok: false; readonly fault: string };

/** The log's origin, which is also the name of its keys: where its tiles are served, without the scheme. */
export function ledgerOrigin(publicUrl: string): string {
  return `${publicUrl.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '')}/api/v1/ledger`;
}

export function signCheckpoint(origin: string, head: TreeHead, signers: readonly NoteSigner[]): string {
  return signNote(`${origin}\n${head.size}\n${head.root.toString('base64')}\n`, signers);
}

/** Checks the signatures, the origin and the form. Extension lines are not ours and are refused. */
export function openCheckpoint(text: string, origin: string, known: readonly NoteKey[]): CheckpointReading {
  const note = openNote(text, known);
  if (!note.ok) return note;
  const match = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(note.text);
  const root = Buffer.from(match?.[3] ?? '', 'base64');
  const size = Number(match?.[2]);
  if (!match || !Number.isSafeInteger(size) || root.toString('base64') !== match[3]) return { ok: false, fault: 'not a checkpoint' };
  if (match[1] !== origin) return { ok: false, fault: 'the checkpoint is of another log' };
  return { ok: true, origin, head: { size, root } };
}
