/** Reads a request's body whole, up to a limit, without a parser in between. */
import type { IncomingMessage } from 'node:http';

/** What is thrown away beyond the limit, so that a sender who is still writing can read why it was refused. */
const discardBytes = 4 * 1024 * 1024;

/** `aborted`: the sender went away; nobody is there to answer. Never more than `limitBytes` are kept. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'tooLarge' | 'aborted'> {
  if (request.destroyed) return Promise.resolve('aborted');
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes + discardBytes) return Promise.resolve('tooLarge');
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) return void chunks.push(chunk);
      chunks = [];
      if (size <= limitBytes + discardBytes) return;
      request.pause();
      resolve('tooLarge');
    });
    request.on('end', () =>
      resolve(size > limitBytes ? 'tooLarge' : chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)),
    );
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });
}
