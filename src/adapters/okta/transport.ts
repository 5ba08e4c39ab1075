/**
 * What carries the SDK's requests: our own guarded client instead of its own, in their turn, with a deadline and no second try, proved by our
 * credential, and to nobody but the organisation. A call's urgency and signal come with the context, since the SDK passes neither.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../model/clock.ts';
import type { HttpAnswer, HttpResponse } from '../http.ts';
import type { Budget, Urgency } from './budget.ts';
import type { ApiRequest, Credential } from './credential.ts';
import { failureOf, OktaFailure } from './failure.ts';

/** Under what a call is made. */
export interface Errand {
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

/** As the SDK hands a request to its executor; what its node-fetch would read besides is not looked at. */
export interface SdkRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Set for lists. */
  readonly isCollection?: boolean;
}

export interface Transport {
  /** The SDK's executor. Rejects with an `OktaFailure` for everything but a success of the form that was asked for. */
  fetch(request: SdkRequest): Promise<Response>;
  /** Runs what makes calls under one urgency and signal. */
  under<T>(errand: Errand, run: () => Promise<T>): Promise<T>;
  /** A call that the SDK does not have; `path` begins with a slash. Rejects as `fetch` does. */
  request(errand: Errand, call: Pick<ApiRequest, 'method' | 'json'> & { readonly path: string }): Promise<HttpResponse>;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Of one call. The executor's own deadline for the whole of an action comes with the signal. */
const timeoutMs = 8_000;
/** A page of a thousand events of the System Log, or of 200 people with long profiles. */
const maxBytes = 32 << 20;

export function createTransport(parts: {
  readonly orgUrl: string;
  readonly credential: Credential;
  readonly budget: Budget;
  readonly clock: Clock;
}): Transport {
  const { orgUrl, credential, budget, clock } = parts;
  const errands = new AsyncLocalStorage<Errand>();

  /** A 401 had no effect, so it may be tried once more with what has replaced the credential since. */
  async function prove(request: ApiRequest): Promise<HttpAnswer> {
    const answer = await credential.send(request);
    if (answer.kind !== 'response' || answer.status !== 401 || isFeatureOff(answer)) return answer;
    return (await credential.renew()) ? credential.send(request) : answer;
  }

  async function send(request: ApiRequest, { urgency, signal }: Errand): Promise<HttpResponse> {
    // A link that leads elsewhere would take the credential with it.
    if (!request.url.startsWith(`${orgUrl}/`)) throw new OktaFailure({ outcome: 'refused', code: 'foreignAddress' });
    const path = new URL(request.url).pathname;
    const answer = await budget.send({ path, urgency, signal }, () => prove({ ...request, timeoutMs, maxBytes, signal }));
    const failure = failureOf(answer, clock.now());
    if (failure !== undefined || answer.kind !== 'response') throw failure ?? new OktaFailure({ outcome: 'unknown', code: 'wrongShape' });
    return answer;
  }

  return {
    under: (errand, run) => errands.run(errand, run),
    async fetch(request) {
      const errand = errands.getStore();
      const method = methods.find((known) => known === request.method.toUpperCase());
      if (errand === undefined || method === undefined) throw new OktaFailure({ outcome: 'refused', code: 'notOurs' });
      const { accept = 'application/json' } = lowerCase(request.headers);
      const body = request.body === undefined || request.body === null ? {} : { json: JSON.parse(String(request.body)) as unknown };
      const answer = await send({ method, url: request.url, headers: { accept }, ...body }, errand);
      if (!isOfForm(answer, request.isCollection === true)) throw new OktaFailure({ outcome: 'unknown', code: 'wrongShape' });
      return new Response(answer.status === 204 ? null : answer.text, { status: answer.status, headers: answer.headers });
    },
    request: (errand, { path, ...call }) => send({ ...call, url: `${orgUrl}${path}` }, errand),
  };
}

/** The SDK would call `map` on whatever a list is, and read nothing out of what is no JSON. */
function isOfForm({ status, text, json }: HttpResponse, isList: boolean): boolean {
  if (isList) return Array.isArray(json);
  return status === 204 || text === '' || (typeof json === 'object' && json !== null && !Array.isArray(json));
}

/** E0000015 comes with a 401 and is not about the credential. */
function isFeatureOff({ json }: HttpResponse): boolean {
  return (json as { readonly errorCode?: unknown } | undefined)?.errorCode === 'E0000015';
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
