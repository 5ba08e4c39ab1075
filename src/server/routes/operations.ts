/** Health, readiness and metrics, for those who run the service. */
import type { Express, NextFunction, Request, Response } from 'express';
import { everyReader, requireAccess } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';

export function mountOperations(app: Express, parts: ServerParts): void {
  app.get('/healthz', (_request, response) => void response.json({ ok: true }));
  app.get('/readyz', async (_request: Request, response: Response) => {
    const { ok, checks } = await parts.ready();
    response.status(ok ? 200 : 503).json({ ok, checks });
  });
  const guarded = requireAccess(parts, parts.metricsOpen ? 'anyone' : everyReader);
  app.get('/metrics', guarded, async (_request: Request, response: Response, _next: NextFunction) => {
    const { text, type } = await parts.metrics();
    response.setHeader('Content-Type', type);
    response.send(text);
  });
}
