/** One call from its first byte to its last: counted, struck by faults, limited, proved, permitted, served, and answered as Okta answers. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OktaCall } from './calls.ts';
import { permit } from './credentials.ts';
import { type Faults, type OktaFault, refusalOf } from './faults.ts';
import type { Limits } from './limits.ts';
import type { Org } from './org.ts';
import { errorBody, Refusal } from './refusal.ts';
import type { Answer, Found } from './router.ts';
import type { ServiceApps } from './service-apps.ts';

export interface ServerParts {
  readonly org: Org;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly apps: ServiceApps;
  readonly find: (method: string, path: string) => Found;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

export function createServing({ org, limits, faults, apps, find }: ServerParts) {
  return async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', org.baseUrl);
    const requestId = randomBytes(12).toString('base64url');
    const method = request.method ?? 'GET';
    const call: OktaCall = {
      method,
      path: url.pathname,
      at: org.clock.now(),
      requestId,
      route: undefined,
      caller: undefined,
      status: undefined,
    };
    org.book.calls.push(call);
    // Callers reckon how long to wait from our date, so it is of our clock.
    response.setHeader('date', new Date(org.clock.now()).toUTCString());
    response.setHeader('x-okta-request-id', requestId);

    const fault = faults.strike(method, url.pathname);
    const text = await read(request);
    const answer = await safely(call, async (headers) => {
      const leave = limits.enter();
      try {
        return await spoil(fault, response, () => work(call, url, request, text, headers));
      } finally {
        leave();
      }
    });
    // Whoever was left hanging has gone by now.
    if (!response.closed) write(response, call, answer, fault);
  };

  /** What a fault does around the work; misshapen and cut answers are the writer's. */
  async function spoil(fault: OktaFault | undefined, response: ServerResponse, run: () => Promise<Answer>): Promise<Answer> {
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
    const spares = fault === undefined || fault.after === true || ['slow', 'wrongShape', 'html'].includes(fault.kind);
    const answer = spares ? await run() : { status: 200, body: {} };
    if (fault?.kind === 'hang' && !response.closed) await new Promise((resolve) => response.once('close', resolve));
    if (fault?.kind === 'status') throw refusalOf(fault);
    return answer;
  }

  async function work(call: OktaCall, url: URL, request: IncomingMessage, text: string, headers: (more: Headers) => void): Promise<Answer> {
    const proof = request.headers['dpop'] as string | undefined;
    const address = `${org.baseUrl}${url.pathname}`;
    if (url.pathname === '/oauth2/v1/token' && call.method === 'POST') {
      call.route = url.pathname;
      const form = new URLSearchParams(text);
      headers(limits.take(url.pathname, String(form.get('client_id') ?? 'client')));
      return apps.token(form, proof, address);
    }
    const { route, ids } = find(call.method, url.pathname);
    call.route = route.path;
    const { caller, token, boundTo } = org.credentials.prove(request.headers.authorization);
    call.caller = caller;
    headers(limits.take(url.pathname, `${caller.kind} ${caller.id}`));
    if (boundTo !== undefined) {
      const checked = await apps.dpop.check(proof, { method: call.method, url: address, token });
      if ('error' in checked || checked.thumbprint !== boundTo) throw new Refusal('E0000011');
    }
    permit(caller, route.scope, call.method !== 'GET');
    const id = (name: string) => {
      const value = ids[name];
      if (value === undefined) throw new Error(`the route ${route.path} has no ${name}`);
      return value;
    };
    return route.handle({ call, caller, url, id, query: url.searchParams, body: parsed(text), headers: request.headers });
  }

  async function safely(call: OktaCall, run: (headers: (more: Headers) => void) => Promise<Answer>): Promise<Answer> {
    let gathered: Headers = {};
    try {
      const answer = await run((more) => {
        gathered = { ...gathered, ...more };
      });
      return { ...answer, headers: { ...gathered, ...answer.headers } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: errorBody(error, `oae${call.requestId}`), headers: { ...gathered, ...error.headers } };
    }
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Answered below, with a body of another shape.
  }
  throw new Refusal('E0000003');
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function write(response: ServerResponse, call: OktaCall, { status, body, headers = {} }: Answer, fault: OktaFault | undefined): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string | string[]);
  if (fault?.kind === 'cut') {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': '4096' });
    response.write(body === undefined ? '{' : JSON.stringify(body).slice(0, 20), () => response.destroy());
    return;
  }
  if (fault?.kind === 'html') {
    call.status = 200;
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
    return;
  }
  const shown = fault?.kind === 'wrongShape' ? (Array.isArray(body) ? { unexpected: 'shape' } : ['unexpected']) : body;
  call.status = status;
  if (shown === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(shown));
}
