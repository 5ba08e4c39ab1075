/** Routes as values: mounted and described from the same table, so that the description cannot drift. */
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../model/errors.ts';
import { type Access, callerOf, requireAccess } from './authentication.ts';
import type { Caller, ServerParts } from './parts.ts';
import { readBody } from './read-body.ts';

export interface RouteCall<Query, Body> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  readonly response: Response;
}

export interface Route<Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  readonly method: 'get' | 'post';
  /** In the form of OpenAPI: `/api/v1/signals/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly query?: Q;
  readonly body?: B;
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType; readonly type?: string }>>;
  /** What it answers is sent as JSON with 200; undefined where it wrote the response itself. */
  handle(call: RouteCall<z.output<Q>, z.output<B>>): Promise<unknown>;
}

/** Keeps the types of one route together. */
export function defineRoute<Q extends z.ZodType = z.ZodObject, B extends z.ZodType = z.ZodType>(route: Route<Q, B>): Route {
  return route as unknown as Route;
}

const bodyLimitBytes = 256 * 1024;
const noQuery = z.strictObject({});

export function mountRoutes(app: Express, routes: readonly Route[], parts: ServerParts): void {
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1').replace(/\{(\w+)\+\}/g, '*$1');
    app[route.method](path, requireAccess(parts, route.access), handlerOf(route));
    methods.set(path, [...(methods.get(path) ?? []), route.method.toUpperCase()]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, (_request, response) => {
      response.setHeader('Allow', allowed.join(', '));
      throw new AppError('method.notAllowed', `This route takes ${allowed.join(', ')}.`);
    });
  }
}

function handlerOf(route: Route): RequestHandler {
  return async (request: Request, response: Response) => {
    const query = check(route.query ?? noQuery, { ...request.query }, 'The query');
    const body = route.body === undefined ? undefined : check(route.body, await readJson(request), 'The body');
    const params = Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, Array.isArray(value) ? value.join('/') : String(value)]));
    const caller = route.access === 'anyone' ? { name: 'anyone', roles: [] } : callerOf(request);
    const answer = await route.handle({ params, query, body, caller, response } as never);
    if (answer !== undefined && !response.headersSent) response.setHeader('Cache-Control', 'no-store').json(answer);
  };
}

async function readJson(request: Request): Promise<unknown> {
  if (!request.is('application/json')) throw new AppError('request.mediaType', 'The body must be application/json.');
  const body = await readBody(request, bodyLimitBytes);
  if (body === 'tooLarge') throw new AppError('request.tooLarge', `The body may have ${bodyLimitBytes} bytes.`);
  if (body === 'aborted') throw new AppError('request.invalid', 'The body did not arrive whole.');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AppError('request.invalid', 'The body is no JSON.');
  }
}

/** Names members and rules, never values. */
function check(schema: z.ZodType, value: unknown, what: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const said = result.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys' ? `${what} has members that are not known.` : `${issue.path.map(String).join('.') || what}: ${issue.message}`,
  );
  throw new AppError('request.invalid', said.join('; '));
}
