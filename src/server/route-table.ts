/** Routes as values: mounted and described from the same table, so that the description cannot drift. */
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../model/errors.ts';
import { type Access, callerOf, type Gate } from './authentication.ts';
import type { Caller, ServerParts } from './parts.ts';
import { readBody } from './read-body.ts';

export interface RouteCall<Query, Body> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  readonly request: Request;
  readonly response: Response;
}

export interface Route<Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  readonly method: 'get' | 'post';
  /** In the form of OpenAPI: `/api/v1/signals/{id}`; `{path+}` takes several segments. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly query?: Q;
  readonly body?: B;
  /** The handler is given the bytes, and `body` only describes what it makes of them. */
  readonly takesBytes?: true;
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType; readonly type?: string }>>;
  /** What it answers is sent as JSON; undefined where it wrote the response itself. */
  handle(call: RouteCall<z.output<Q>, z.output<B>>): Promise<unknown>;
}

/** Keeps the types of one route together. */
export function defineRoute<Q extends z.ZodType = z.ZodObject, B extends z.ZodType = z.ZodType>(route: Route<Q, B>): Route {
  return route as unknown as Route;
}

/** Of a JSON body; what people write by hand is far smaller. */
export const bodyLimitBytes = 64 * 1024;
const paramLimit = 512;
const noQuery = z.strictObject({});
/** For routes that others call with members of their own. */
export const anyQuery = z.looseObject({});

export function mountRoutes(app: Express, routes: readonly Route[], gate: Gate, parts: Pick<ServerParts, 'parseJson'>): void {
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const path = route.path.replace(/\{(\w+)\}/g, ':$1').replace(/\{(\w+)\+\}/g, '*$1');
    app[route.method](path, gate.require(route.access), handlerOf(route, parts));
    methods.set(path, [...(methods.get(path) ?? []), ...(route.method === 'get' ? ['GET', 'HEAD'] : ['POST'])]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, (_request, response) => {
      response.setHeader('Allow', allowed.join(', '));
      throw new AppError('method.notAllowed', `This route takes ${allowed.join(', ')}.`);
    });
  }
}

function handlerOf(route: Route, parts: Pick<ServerParts, 'parseJson'>): RequestHandler {
  return async (request: Request, response: Response) => {
    const query = check(route.query ?? noQuery, { ...request.query }, 'The query');
    const params = readParams(request);
    const bytes = route.body === undefined ? undefined : await readJsonBytes(request);
    // Half a body is nothing; its sender is not there to be told.
    if (bytes === 'aborted') return void response.destroy();
    const body =
      route.body === undefined || bytes === undefined || route.takesBytes ? bytes : check(route.body, parseBody(bytes, parts), 'The body');
    const caller = route.access === 'anyone' ? { name: 'anyone', roles: [] } : callerOf(request);
    const answer = await route.handle({ params, query, body, caller, request, response } as never);
    if (answer !== undefined && !response.headersSent) response.setHeader('Cache-Control', 'no-store').json(answer);
  };
}

/** A name that no record can have is one that is not there. */
function readParams(request: Request): Readonly<Record<string, string>> {
  const params = Object.entries(request.params).map(
    ([name, value]) => [name, Array.isArray(value) ? value.join('/') : String(value)] as const,
  );
  if (params.some(([, value]) => value.length > paramLimit || value.includes('\0')))
    throw new AppError('notFound', 'There is no such record.');
  return Object.fromEntries(params);
}

async function readJsonBytes(request: Request): Promise<Buffer | 'aborted'> {
  if (!request.is('application/json')) throw new AppError('request.mediaType', 'The body must be application/json.');
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new AppError('request.mediaType', 'The body must not be encoded.');
  const body = await readBody(request, bodyLimitBytes);
  if (body === 'tooLarge') throw new AppError('request.tooLarge', `The body may have ${bodyLimitBytes} bytes.`);
  return body;
}

function parseBody(bytes: Uint8Array, parts: Pick<ServerParts, 'parseJson'>): unknown {
  const json = parts.parseJson(bytes);
  if (!json.ok) throw new AppError('request.invalid', `The body is not acceptable JSON (${json.fault}).`);
  return json.value;
}

/** Names members and rules, never values. */
function check(schema: z.ZodType, value: unknown, what: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const said = result.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `${what} has members that are not known.`
      : `${issue.path.map(String).join('.') || what}: ${issue.message}`,
  );
  throw new AppError('request.invalid', said.join('; '));
}
