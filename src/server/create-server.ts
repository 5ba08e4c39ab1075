/** Puts the routes together, in the order in which they are asked. */
import express, { type Express } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { z } from 'zod';
import { AppError } from '../model/errors.ts';
import { describeApi } from './openapi.ts';
import type { ServerParts } from './parts.ts';
import { problemHandler } from './problem.ts';
import { defineRoute, mountRoutes, type Route } from './route-table.ts';
import { controlRoutes } from './routes/control.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { mountOperations } from './routes/operations.ts';
import { mountPages } from './routes/pages.ts';
import { decisionRoutes, recordRoutes } from './routes/records.ts';
import { mountSignalDoor, signalSenders } from './routes/signals.ts';
import { mountPushReceiver } from './routes/ssf.ts';

/** Wrong credentials a minute and address, before answers are refused for the rest of it. */
const failuresPerMinute = 60;

export function createServer(parts: ServerParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', parts.trustProxy);
  app.set('query parser', 'simple');
  app.set('etag', false);
  // The hot path comes before everything that other routes need.
  mountPushReceiver(app, parts);
  app.use((_request, response, next) => {
    response.setHeader('X-Request-Id', Buffer.from(parts.random(9)).toString('base64url'));
    next();
  });
  // Pages of the sandbox set their own policy.
  const { idp } = parts;
  if (idp !== undefined) app.use('/idp', (request, response) => idp(request, response));
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], styleSrc: ["'self'"], imgSrc: ["'self'"], formAction: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"] } },
      strictTransportSecurity: { maxAge: 31_536_000 },
    }),
  );
  app.use(countAnswers(parts));
  app.use('/api', rateLimit({ windowMs: 60_000, limit: failuresPerMinute, requestWasSuccessful: (_request, response) => response.statusCode !== 401, skipSuccessfulRequests: true, standardHeaders: 'draft-8', legacyHeaders: false, validate: false, handler: () => { throw new AppError('request.tooMany', 'Too many requests without a valid credential.'); } }));
  const routes: readonly Route[] = [...recordRoutes(parts), ...decisionRoutes(parts), ...ledgerRoutes(parts), ...controlRoutes(parts)];
  mountSignalDoor(app, parts);
  mountRoutes(app, routes, parts);
  mountOperations(app, parts);
  mountPages(app, describeApi([...routes, signalRoute, ...operationRoutes], parts.version), parts);
  app.use(() => {
    throw new AppError('notFound', 'There is no such route.');
  });
  app.use(problemHandler(parts.log));
  return app;
}

function countAnswers(parts: ServerParts): express.RequestHandler {
  return (request, response, next) => {
    const startedMs = parts.clock.elapsedMs();
    response.on('finish', () => parts.answered(String(request.route?.path ?? 'none'), response.statusCode, parts.clock.elapsedMs() - startedMs));
    next();
  };
}

/** Described here, mounted apart: the door reads the body's bytes itself. */
const signalRoute = defineRoute({
  method: 'post',
  path: '/api/v1/signals',
  summary: 'A signal from an API client or an operator',
  access: signalSenders,
  body: z.strictObject({
    type: z.string(),
    subject: z.record(z.string(), z.unknown()).describe('A subject identifier (RFC 9493)'),
    occurredAt: z.string().optional(),
    severity: z.enum(['low', 'medium', 'high', 'critical']).optional(),
    dedupeKey: z.string().optional(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  }),
  answers: { 202: { description: 'Stored and decided', schema: z.strictObject({ id: z.string(), decisionIds: z.array(z.string()) }) } },
  handle: async () => undefined,
});

const operationRoutes = (['/healthz', '/readyz'] as const).map((path) =>
  defineRoute({ method: 'get', path, summary: path === '/healthz' ? 'Whether the process answers' : 'Whether it can accept signals', access: 'anyone', answers: { 200: { description: 'Yes' }, 503: { description: 'No' } }, handle: async () => undefined }),
);
