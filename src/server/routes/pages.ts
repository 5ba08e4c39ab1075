/** What a browser opens: the status page, the one-time sign-in, the API's description. */
import type { Express, Request, Response } from 'express';
import { cookieOf, everyReader, sessionCookie } from '../authentication.ts';
import { html } from '../html.ts';
import type { Caller, ServerParts } from '../parts.ts';
import { signedOutPage, statusPage, styles } from '../status-page.ts';

const rowsShown = 15;

export function mountPages(app: Express, description: Record<string, unknown>, parts: ServerParts): void {
  app.get('/', async (request: Request, response: Response) => {
    response.setHeader('Cache-Control', 'no-store');
    const code = request.query['code'];
    if (typeof code === 'string') return redeem(code, request, response, parts);
    const session = cookieOf(request, sessionCookie);
    const caller = session === undefined ? undefined : await parts.signIn.callerOf(session);
    if (caller === undefined || !caller.roles.some((role) => everyReader.includes(role))) return void response.status(401).type('html').send(signedOutPage());
    response.type('html').send(await renderStatus(caller, parts));
  });
  app.get('/styles.css', (_request, response) => void response.type('css').send(styles));
  app.get('/openapi.json', (_request, response) => void response.json(description));
  app.get('/docs', (_request, response) => void response.type('html').send(docsPage(description)));
}

/** A link that was used, or that is too old, looks like any other wrong one. */
async function redeem(code: string, request: Request, response: Response, parts: ServerParts): Promise<void> {
  const session = await parts.signIn.redeem(code);
  if (session === undefined) return void response.status(401).type('html').send(signedOutPage());
  response.cookie(sessionCookie, session, { httpOnly: true, sameSite: 'strict', secure: request.secure, path: '/' });
  response.redirect(303, `${parts.basePath}/`);
}

async function renderStatus(caller: Caller, parts: ServerParts): Promise<string> {
  const page = { limit: rowsShown, after: undefined };
  const [view, signals, decisions, actions] = await Promise.all([
    parts.status(),
    parts.records.signals.list({}, page, caller),
    parts.records.decisions.list({}, page, caller),
    parts.records.actions.list({}, page, caller),
  ]);
  return statusPage(view, { signals, decisions, actions });
}

function docsPage(description: Record<string, unknown>): string {
  const paths = description['paths'] as Record<string, Record<string, { summary: string; 'x-roles'?: readonly string[] }>>;
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, route]) => html`<tr><td><code>${method.toUpperCase()} ${path}</code></td><td>${route.summary}</td><td>${route['x-roles']?.join(', ') ?? 'anyone'}</td></tr>`,
    ),
  );
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rescind API</title><link rel="stylesheet" href="styles.css"></head><body><main><h1>API</h1>
    <p>Described in full by <a href="openapi.json">openapi.json</a>.</p><table><thead><tr><th>Route</th><th>What it does</th><th>Roles</th></tr></thead><tbody>${rows}</tbody></table></main></body></html>`.html;
}
