/** Health, readiness and metrics, for those who run the service. */
import { z } from 'zod';
import { everyReader } from '../authentication.ts';
import type { ServerParts } from '../parts.ts';
import { anyQuery, defineRoute, type Route } from '../route-table.ts';

const readiness = z.object({ ok: z.boolean(), checks: z.record(z.string(), z.string()) });

export function operationRoutes(parts: ServerParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process answers',
      access: 'anyone',
      query: anyQuery,
      answers: { 200: { description: 'It does', schema: z.object({ ok: z.boolean() }) } },
      handle: async () => ({ ok: true }),
    }),
    defineRoute({
      method: 'get',
      path: '/readyz',
      summary: 'Whether it can accept signals',
      access: 'anyone',
      query: anyQuery,
      answers: { 200: { description: 'Yes', schema: readiness }, 503: { description: 'No', schema: readiness } },
      async handle({ response }) {
        const { ok, checks } = await parts.ready();
        if (!ok) response.status(503).setHeader('Retry-After', '5');
        return { ok, checks };
      },
    }),
    ...(parts.metricsApart ? [] : [metricsRoute(parts)]),
  ];
}

/** Served by the main listener, or by one of its own. */
export function metricsRoute(parts: ServerParts): Route {
  return defineRoute({
    method: 'get',
    path: '/metrics',
    summary: 'Counters in the form of Prometheus',
    access: parts.metricsOpen ? 'anyone' : everyReader,
    query: anyQuery,
    answers: { 200: { description: 'The counters', type: 'text/plain' } },
    async handle({ response }) {
      const { text, type } = await parts.metrics();
      response.setHeader('Content-Type', type).setHeader('Cache-Control', 'no-store').end(text);
      return undefined;
    },
  });
}
