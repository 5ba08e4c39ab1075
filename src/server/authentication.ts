/** Who asks, and whether they may: bearer tokens (RFC 6750) for machines, a session cookie for a person who signed in. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Role } from '../model/operator.ts';
import { sendProblem } from './problem.ts';
import type { Caller, ServerParts } from './parts.ts';

export const sessionCookie = 'rescind_session';
/** `anyone`: no credential is asked for. */
export type Access = 'anyone' | readonly Role[];

export const everyReader: readonly Role[] = ['admin', 'approver', 'analyst', 'helpdesk', 'hr', 'auditor'];
export const operators: readonly Role[] = ['admin', 'approver', 'analyst'];
/** Who sees personal data in records. */
export const seesPeople: readonly Role[] = ['admin', 'approver', 'analyst', 'helpdesk', 'hr'];

const callers = new WeakMap<Request, Caller>();

/** The caller of a request that passed `requireAccess` with roles. */
export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('the route asks for no caller');
  return caller;
}

export function requireAccess(parts: ServerParts, access: Access): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (access === 'anyone') return next();
    identify(request, parts).then((found) => {
      if (found === 'forged') return sendProblem(response, 'auth.forbidden', 'A request by cookie must come from our own pages.');
      if (found === undefined) {
        const bearer = request.headers.authorization === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
        return sendProblem(response, 'auth.required', 'Send a bearer token.', { 'WWW-Authenticate': bearer });
      }
      if (!found.roles.some((role) => access.includes(role))) {
        return sendProblem(response, 'auth.forbidden', `This needs one of the roles ${access.join(', ')}.`, { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' });
      }
      callers.set(request, found);
      next();
    }, next);
  };
}

async function identify(request: Request, parts: ServerParts): Promise<Caller | 'forged' | undefined> {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
    return token === undefined ? undefined : parts.callerOf(token);
  }
  const session = cookieOf(request, sessionCookie);
  if (session === undefined) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isSameOrigin(request)) return 'forged';
  return parts.signIn.callerOf(session);
}

/** Browsers send Origin with every POST; a page of another site cannot forge it. */
function isSameOrigin(request: Request): boolean {
  const origin = request.headers.origin;
  return origin !== undefined && URL.parse(origin)?.host === request.headers.host;
}

export function cookieOf(request: Request, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value) return value;
  }
  return undefined;
}
