/** What a browser opens: the status page, the one-time sign-in, the way out, the API's description. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { challenge, cookieOf, everyReader, type Gate, hasRole, scoreReaders, sendTooMany, sessionCookie } from '../authentication.ts';
import type { IdentityExplanation } from '../explanation-schemas.ts';
import { html } from '../html.ts';
import type { Caller, ServerParts } from '../parts.ts';
import { personPage } from '../person-page.ts';
import { anyQuery, defineRoute, type Route } from '../route-table.ts';
import { layout, signedOutPage, statusPage, styles } from '../status-page.ts';
import { askIdentity, identityQuestion } from './explanations.ts';

const rowsShown = 15;

export function pageRoutes(parts: ServerParts, gate: Gate, describe: () => Record<string, unknown>): readonly Route[] {
  const page = { 200: { description: 'A page', type: 'text/html' } };
  return [
    defineRoute({
      method: 'get',
      path: '/',
      summary: 'The status page; with the code of a one-time link, signs in',
      access: 'anyone',
      query: z.looseObject({ code: z.string().min(1).max(200).optional() }),
      answers: { ...page, 303: { description: 'Signed in' }, 401: { description: 'Not signed in', type: 'text/html' } },
      async handle({ query, request, response }) {
        response.setHeader('Cache-Control', 'no-store');
        if (query.code !== undefined) await redeem(query.code, request, response, parts, gate);
        else await showStatus(request, response, parts, gate);
        return undefined;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/people/{id}',
      summary: 'The page of a person: the score, its curve, and what made it',
      access: 'anyone',
      query: z.strictObject(identityQuestion),
      answers: { ...page, 401: { description: 'Not signed in', type: 'text/html' } },
      async handle({ params, query, request, response }) {
        response.setHeader('Cache-Control', 'no-store');
        const caller = await scoreReaderOf(request, gate);
        if (caller === undefined) return void signedOut(response, '../');
        const id = params['id'] ?? '';
        const explanation = (await askIdentity(id, query, caller, parts)) as unknown as IdentityExplanation;
        const person = await parts.records.identities.get(explanation.id, {}, caller);
        response.type('html').send(personPage(explanation, (person?.['emails'] as readonly string[] | undefined) ?? []));
        return undefined;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/sign-out',
      summary: 'Ends the session of the cookie',
      access: everyReader,
      answers: { 303: { description: 'Signed out' } },
      async handle({ request, response }) {
        const session = cookieOf(request, sessionCookie);
        if (session !== undefined) await parts.signIn.end(session);
        response.clearCookie(sessionCookie, cookieOptions(request, parts));
        response.redirect(303, `${parts.basePath}/`);
        return undefined;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/styles.css',
      summary: 'How the pages look',
      access: 'anyone',
      query: anyQuery,
      answers: { 200: { description: 'A style sheet', type: 'text/css' } },
      async handle({ response }) {
        response.type('css').send(styles);
        return undefined;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/openapi.json',
      summary: 'This description (OpenAPI 3.1)',
      access: 'anyone',
      query: anyQuery,
      answers: { 200: { description: 'The description', schema: z.looseObject({ openapi: z.string() }) } },
      handle: async () => describe(),
    }),
    defineRoute({
      method: 'get',
      path: '/docs',
      summary: 'This description, to read',
      access: 'anyone',
      query: anyQuery,
      answers: page,
      async handle({ response }) {
        response.type('html').send(docsPage(describe()));
        return undefined;
      },
    }),
  ];
}

function cookieOptions(request: Request, parts: ServerParts) {
  return { httpOnly: true, sameSite: 'strict', secure: request.secure, path: parts.basePath || '/' } as const;
}

/** A link that was used, or that is too old, looks like any other wrong one. Programs that only look at links use none up. */
async function redeem(code: string, request: Request, response: Response, parts: ServerParts, { guesses }: Gate): Promise<void> {
  const onlyLooks =
    request.method === 'HEAD' || /prefetch|preview/i.test(`${request.get('Sec-Purpose') ?? ''} ${request.get('Purpose') ?? ''}`);
  if (onlyLooks) return void response.status(204).end();
  const waitSeconds = guesses.waitSeconds(request.ip, code);
  if (waitSeconds !== undefined) return sendTooMany(response, waitSeconds);
  const session = await parts.signIn.redeem(code);
  if (session === undefined) {
    guesses.failed(request.ip);
    return signedOut(response);
  }
  response.cookie(sessionCookie, session, cookieOptions(request, parts));
  response.redirect(303, `${parts.basePath}/`);
}

async function showStatus(request: Request, response: Response, parts: ServerParts, gate: Gate): Promise<void> {
  const caller = await scoreReaderOf(request, gate);
  if (caller === undefined) return signedOut(response);
  response.type('html').send(await renderStatus(caller, parts));
}

async function scoreReaderOf(request: Request, gate: Gate): Promise<Caller | undefined> {
  const found = await gate.identify(request);
  return typeof found === 'string' || 'waitSeconds' in found || !hasRole(found, scoreReaders) ? undefined : found;
}

function signedOut(response: Response, root = ''): void {
  response.status(401).setHeader('WWW-Authenticate', challenge());
  response.type('html').send(signedOutPage(root));
}

async function renderStatus(caller: Caller, parts: ServerParts): Promise<string> {
  const newest = { limit: rowsShown, after: undefined };
  const [view, held, signals, decisions, incidents, actions] = await Promise.all([
    parts.status(),
    parts.records.plans.list({ state: 'held' }, newest, caller),
    parts.records.signals.list({}, newest, caller),
    parts.records.decisions.list({}, newest, caller),
    parts.records.incidents.list({}, newest, caller),
    parts.records.actions.list({}, newest, caller),
  ]);
  return statusPage(view, { held, signals, decisions, incidents, actions });
}

function docsPage(description: Record<string, unknown>): string {
  const paths = description['paths'] as Record<string, Record<string, { summary: string; 'x-roles'?: readonly string[] }>>;
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, route]) =>
        html`<tr><td><code>${method.toUpperCase()} ${path}</code></td><td>${route.summary}</td><td>${route['x-roles']?.join(', ') ?? 'anyone'}</td></tr>`,
    ),
  );
  return layout(
    'Rescind API',
    html`<main><h1>API</h1><p>Described in full by <a href="openapi.json">openapi.json</a>.</p><div class="scroll"><table>
      <thead><tr><th scope="col">Route</th><th scope="col">What it does</th><th scope="col">Roles</th></tr></thead><tbody>${rows}</tbody></table></div></main>`,
    false,
  );
}
