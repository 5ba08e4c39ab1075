/** Reads a request's body whole, up to a limit, without a parser in between. */
import type { IncomingMessage } from 'node:http';

/** `aborted`: the sender went away; nobody is there to answer. Over the limit the rest is not read. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'tooLarge' | 'aborted'> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.resolve('tooLarge');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        request.removeAllListeners('data');
        resolve('tooLarge');
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });
}
