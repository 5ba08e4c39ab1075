/** Routes as data: method, path with named ids, the scope that it needs, and what serves it. */
import type { OktaCall } from './calls.ts';
import type { Caller } from './credentials.ts';
import { notFound, Refusal } from './refusal.ts';

export interface Answer {
  readonly status: number;
  /** Written as JSON; undefined: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Ask {
  readonly call: OktaCall;
  readonly caller: Caller;
  readonly url: URL;
  /** The ids in the path, by the names that the route gives them. Throws for a name that it does not have. */
  id(name: string): string;
  readonly query: URLSearchParams;
  /** The JSON body; empty where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly scope: string;
  readonly handle: (ask: Ask) => Answer | Promise<Answer>;
}

export const route = (method: Route['method'], path: string, scope: string, handle: Route['handle']): Route => ({
  method,
  path,
  scope,
  handle,
});
export const ok = (body: unknown): Answer => ({ status: 200, body });
export const noContent: Answer = { status: 204 };

export interface Found {
  readonly route: Route;
  readonly ids: Readonly<Record<string, string>>;
}

/** Throws 404 for a path that is not served and 405 for a method that the path does not take. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Found {
  const table = routes.map((one) => ({
    one,
    names: [...one.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string),
    pattern: new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
  }));
  return (method, path) => {
    const fitting = table.flatMap(({ one, names, pattern }) => {
      const match = pattern.exec(path);
      if (!match) return [];
      const ids = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]));
      return [{ route: one, ids }];
    });
    if (fitting.length === 0) throw notFound(path, 'Endpoint');
    const found = fitting.find((one) => one.route.method === method);
    if (!found) throw new Refusal('E0000022');
    return found;
  };
}

/**
 * One page of a list that is sorted by id. `after` is the id behind which the page begins, wrapped: callers are to follow `Link: rel="next"`
 * and not to make one up.
 */
export function paged<T extends { readonly id: string }>(
  ask: Ask,
  items: readonly T[],
  limits: { readonly usual: number; readonly most: number },
  shown: (item: T) => unknown,
): Answer {
  const limit = Math.min(Number(ask.query.get('limit') ?? limits.usual), limits.most);
  if (!Number.isInteger(limit) || limit < 1)
    throw new Refusal('E0000001', { about: 'limit', causes: ['limit: must be a whole number from 1'] });
  const after = ask.query.get('after');
  const behind = after === null ? undefined : Buffer.from(after, 'base64url').toString();
  const rest = behind === undefined ? items : items.filter(({ id }) => id > behind);
  const page = rest.slice(0, limit);
  const links = [`<${ask.url.href}>; rel="self"`];
  const last = page.at(-1);
  if (last && rest.length > page.length) {
    const next = new URL(ask.url);
    next.searchParams.set('after', Buffer.from(last.id).toString('base64url'));
    next.searchParams.set('limit', String(limit));
    links.push(`<${next.href}>; rel="next"`);
  }
  return { status: 200, body: page.map(shown), headers: { link: links } };
}
