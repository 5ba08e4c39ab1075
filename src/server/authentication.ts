/** Who asks, and whether they may: bearer tokens (RFC 6750) for machines, a session cookie for a person who signed in. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { operatorRoles, type Role, roles } from '../model/operator.ts';
import type { Caller, ServerParts } from './parts.ts';
import { sendProblem } from './problem.ts';
import { createWrongCredentials, type WrongCredentials } from './wrong-credentials.ts';

export const sessionCookie = 'rescind_session';
/** `anyone`: no credential is asked for. */
export type Access = 'anyone' | readonly Role[];

/** Everybody but those who only send. */
export const everyReader: readonly Role[] = roles.filter((role) => role !== 'ingest');
/** Helpdesk and HR work with people and cases, and never see how a person is scored. */
export const scoreReaders: readonly Role[] = ['admin', 'approver', 'analyst', 'auditor'];
export const operators: readonly Role[] = operatorRoles;
export const signalSenders: readonly Role[] = [...operators, 'ingest'];
const peopleReaders: readonly Role[] = ['admin', 'approver', 'analyst', 'helpdesk', 'hr'];

/** Whether the caller sees names, addresses and what a sender said of a person. */
export function seesPeople(caller: Caller): boolean {
  return hasRole(caller, peopleReaders);
}

export function seesScores(caller: Caller): boolean {
  return hasRole(caller, scoreReaders);
}

/** Whether the caller sees what personnel told us of a person: notice given, leave. Everybody else is told that it is withheld. */
export function seesHr(caller: Caller): boolean {
  return hasRole(caller, ['hr']);
}

export function hasRole(caller: Caller, wanted: readonly Role[]): boolean {
  return caller.roles.some((role) => wanted.includes(role));
}

/** `none`: nothing was sent; `wrong`: what was sent does not count; `forged`: a cookie without proof that our own page sent it. */
export type Identified = Caller | 'none' | 'wrong' | 'forged' | { readonly waitSeconds: number };

export interface Gate {
  identify(request: Request): Promise<Identified>;
  /** Lets pass who has one of the roles: 401 without a credential that counts, 403 without the role, before anything else is looked at. */
  require(access: Access): RequestHandler;
  readonly guesses: WrongCredentials;
}

const callers = new WeakMap<Request, Caller>();

/** The caller of a request that passed a gate with roles. */
export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('the route asks for no caller');
  return caller;
}

export function createGate(parts: Pick<ServerParts, 'clock' | 'callerOf' | 'signIn'>): Gate {
  const guesses = createWrongCredentials(parts.clock);

  async function identify(request: Request): Promise<Identified> {
    const sent = credentialOf(request);
    if (typeof sent === 'string') return sent;
    const waitSeconds = guesses.waitSeconds(request.ip, sent.secret);
    if (waitSeconds !== undefined) return { waitSeconds };
    const caller = await (sent.kind === 'bearer' ? parts.callerOf(sent.secret) : parts.signIn.callerOf(sent.secret));
    if (caller === undefined) {
      guesses.failed(request.ip);
      return 'wrong';
    }
    guesses.succeeded(sent.secret);
    return caller;
  }

  return {
    identify,
    guesses,
    require: (access) => (request: Request, response: Response, next: NextFunction) => {
      if (access === 'anyone') return next();
      identify(request).then((found) => {
        if (typeof found !== 'string' && 'roles' in found && hasRole(found, access)) {
          callers.set(request, found);
          next();
        } else refuse(found, access, response);
      }, next);
    },
  };
}

function refuse(found: Identified, access: readonly Role[], response: Response): void {
  if (found === 'forged') sendProblem(response, 'auth.forbidden', 'A request by cookie must come from our own pages.');
  else if (found === 'none') sendProblem(response, 'auth.required', 'Send a bearer token.', { 'WWW-Authenticate': challenge() });
  else if (found === 'wrong') {
    sendProblem(response, 'auth.required', 'The credential does not count.', { 'WWW-Authenticate': challenge('invalid_token') });
  } else if ('waitSeconds' in found) sendTooMany(response, found.waitSeconds);
  else {
    const needed = `This needs one of the roles ${access.join(', ')}.`;
    sendProblem(response, 'auth.forbidden', needed, { 'WWW-Authenticate': challenge('insufficient_scope') });
  }
}

export function sendTooMany(response: Response, waitSeconds: number): void {
  sendProblem(response, 'request.tooMany', 'Too many wrong credentials came from this address.', { 'Retry-After': String(waitSeconds) });
}

/** RFC 6750 section 3: at least one parameter, and no error where no credential was sent. */
export function challenge(error?: 'invalid_token' | 'insufficient_scope'): string {
  return `Bearer realm="rescind"${error === undefined ? '' : `, error="${error}"`}`;
}

type Credential = { readonly kind: 'bearer' | 'session'; readonly secret: string };

/** A header wins over a cookie, so that a page cannot lend its session to a request that names a token. */
function credentialOf(request: Request): Credential | 'none' | 'wrong' | 'forged' {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer +([A-Za-z0-9._~+/-]{1,1024}=*)$/i.exec(header)?.[1];
    return token === undefined ? 'wrong' : { kind: 'bearer', secret: token };
  }
  const session = cookieOf(request, sessionCookie);
  if (session === undefined) return 'none';
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isSameOrigin(request)) return 'forged';
  return { kind: 'session', secret: session };
}

/** Browsers send Origin with every POST, and a page of another site cannot forge it. */
function isSameOrigin(request: Request): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = URL.parse(request.headers.origin ?? '');
  return origin !== null && origin.host !== '' && origin.host === request.host;
}

export function cookieOf(request: Request, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value) return value;
  }
  return undefined;
}
