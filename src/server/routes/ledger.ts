/** The decision log's public half: head, consistency, tiles (C2SP tlog-tiles), keys. Leaves hold no personal data. */
import type { Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../model/errors.ts';
import { everyReader } from '../authentication.ts';
import type { LogFile, ServerParts } from '../parts.ts';
import { wholeNumber } from '../query.ts';
import { defineRoute, type Route } from '../route-table.ts';

const treeSize = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export function ledgerRoutes(parts: ServerParts): readonly Route[] {
  const sendFile = (file: LogFile | undefined, response: Response): undefined => {
    if (file === undefined) throw new AppError('notFound', 'The log has no such file.');
    response.setHeader('Cache-Control', file.immutable ? 'private, max-age=31536000, immutable' : 'no-store');
    response.type(file.mediaType).send(Buffer.from(file.bytes));
    return undefined;
  };
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/ledger/checkpoint',
      summary: 'The newest signed head (C2SP tlog-checkpoint)',
      access: everyReader,
      answers: { 200: { description: 'A signed note', type: 'text/plain' } },
      handle: async ({ response }) => sendFile(await parts.ledgerFile('checkpoint'), response),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/ledger/consistency',
      summary: 'That one head grew into another (RFC 6962 section 2.1.2)',
      access: everyReader,
      query: z.strictObject({ from: treeSize, to: treeSize }),
      answers: { 200: { description: 'The hashes', schema: z.strictObject({ from: z.int(), to: z.int(), proof: z.array(z.string()) }) } },
      async handle({ query }) {
        const proof = await parts.consistency(query.from, query.to);
        if (proof === undefined) throw new AppError('request.unprocessable', 'from and to: 0 <= from <= to <= size of the log');
        return proof;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/ledger/keys',
      summary: 'The keys under which heads verify (C2SP vkey)',
      access: everyReader,
      answers: { 200: { description: 'Newest first', schema: z.strictObject({ items: z.array(z.string()), nextCursor: z.null() }) } },
      handle: async () => ({ items: await parts.ledgerKeys(), nextCursor: null }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/ledger/tile/{path+}',
      summary: 'A tile or an entry bundle',
      access: everyReader,
      answers: { 200: { description: 'Bytes', type: 'application/octet-stream' } },
      handle: async ({ params, response }) => sendFile(await parts.ledgerFile(`tile/${params['path'] ?? ''}`), response),
    }),
  ];
}
