/** What the ingest is compared with: express, jose, and 202 once the signature and the claims stand. It stores nothing. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { serveBench } from './child.ts';

export interface BareArgument {
  readonly jwk: JWK;
  readonly issuer: string;
  readonly audience: string;
}

const { jwk, issuer, audience } = JSON.parse(process.argv[2] ?? '{}') as BareArgument;
const key = await importJWK(jwk, 'RS256');
const app = express();
app.use(express.text({ type: 'application/secevent+jwt' }));
app.post('/ssf/events/:transmitter', async (request, response) => {
  try {
    await jwtVerify(request.body as string, key, { issuer, audience, algorithms: ['RS256'], typ: 'secevent+jwt' });
    response.status(202).end();
  } catch {
    response.status(400).end();
  }
});
const server = app.listen(0, '127.0.0.1', () => {
  serveBench(
    { port: (server.address() as AddressInfo).port },
    async () => ({}),
    async () => server.closeAllConnections(),
  );
});
