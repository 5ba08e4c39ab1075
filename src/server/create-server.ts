/** Puts the routes together, in the order in which they are asked. */
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { AppError } from '../model/errors.ts';
import { createGate } from './authentication.ts';
import { describeApi } from './openapi.ts';
import type { ServerParts } from './parts.ts';
import { problemHandler } from './problem.ts';
import { mountRoutes, type Route } from './route-table.ts';
import { connectionRoutes } from './routes/connections.ts';
import { controlRoutes } from './routes/control.ts';
import { explanationRoutes } from './routes/explanations.ts';
import { hookRoutes, mountHooks } from './routes/hooks.ts';
import { identityRoutes } from './routes/identities.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { metricsRoute, operationRoutes } from './routes/operations.ts';
import { pageRoutes } from './routes/pages.ts';
import { planRoutes } from './routes/plans.ts';
import { decisionRoutes, recordRoutes } from './routes/records.ts';
import { signalRoutes } from './routes/signals.ts';
import { mountPushReceiver, pushRoute } from './routes/ssf.ts';
import { undoRoutes } from './routes/undo.ts';

export function createServer(parts: ServerParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', parts.trustProxy);
  app.set('query parser', 'simple');
  app.set('etag', false);
  if (parts.basePath !== '') app.use(belowBasePath(parts.basePath));
  // The hot paths come before everything that other routes need; they set their own headers.
  mountPushReceiver(app, parts);
  mountHooks(app, parts);
  app.use((_request, response, next) => {
    response.setHeader('X-Request-Id', Buffer.from(parts.random(9)).toString('base64url'));
    next();
  });
  // Pages of the sandbox set their own policy.
  const { idp } = parts;
  if (idp !== undefined) app.use('/idp', (request, response) => idp(request, response));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          baseUri: ["'none'"],
        },
      },
      strictTransportSecurity: { maxAge: 31_536_000 },
    }),
  );
  app.use(countAnswers(parts));
  const gate = createGate(parts);
  const routes: readonly Route[] = [
    ...recordRoutes(parts),
    ...decisionRoutes(parts),
    ...incidentRoutes(parts),
    ...explanationRoutes(parts),
    ...signalRoutes(parts),
    ...identityRoutes(parts),
    ...planRoutes(parts),
    ...connectionRoutes(parts),
    ...ledgerRoutes(parts),
    ...controlRoutes(parts),
    ...undoRoutes(parts),
    ...operationRoutes(parts),
  ];
  const pages = pageRoutes(parts, gate, () => describeApi([...routes, ...pages, pushRoute, ...hookRoutes], parts.version));
  mountRoutes(app, [...routes, ...pages], gate, parts);
  app.use(() => {
    throw new AppError('notFound', 'There is no such route.');
  });
  app.use(problemHandler(parts.log));
  return app;
}

/** The metrics alone, for a listener that only those who watch can reach. */
export function createMetricsServer(parts: ServerParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  mountRoutes(app, [metricsRoute(parts)], createGate(parts), parts);
  app.use(() => {
    throw new AppError('notFound', 'There is no such route.');
  });
  app.use(problemHandler(parts.log));
  return app;
}

/** Takes the path of the public address off; what comes without it was taken off by a proxy. */
function belowBasePath(basePath: string): RequestHandler {
  return (request, response, next) => {
    const { url } = request;
    if (url === basePath) return response.redirect(308, `${basePath}/`);
    if (url.startsWith(`${basePath}/`)) request.url = url.slice(basePath.length);
    next();
  };
}

/** Counts every answer and logs refusals: ids, routes and codes, nothing that was sent. */
function countAnswers(parts: ServerParts): RequestHandler {
  return (request, response, next) => {
    const startedMs = parts.clock.elapsedMs();
    response.on('finish', () => {
      const route = String(request.route?.path ?? 'none');
      parts.answered(route, response.statusCode, parts.clock.elapsedMs() - startedMs);
      if (response.statusCode >= 400)
        parts.log.info({ requestId: response.getHeader('X-Request-Id'), route, status: response.statusCode }, 'request.refused');
    });
    next();
  };
}
