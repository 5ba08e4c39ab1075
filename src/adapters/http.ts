/**
 * Outgoing HTTP for adapters and key fetching: one call, one answer, a deadline, a size limit, no redirects, and never an address that
 * the configuration does not permit. The answer says whether the request can have reached the other side.
 */
import type { Agent, Dispatcher } from 'undici';
import type { Clock, Instant } from '../model/clock.ts';
import { AppError } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { createGuardedAgents, type GuardedAgentsOptions } from './guarded-agents.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute; credentials in it are refused. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** At most one of `json`, `form` and `raw`. */
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly raw?: { readonly type: string; readonly text: string };
  /** From the call to the last byte of the answer. Default 10,000. */
  readonly timeoutMs?: number;
  /** Largest body of an answer. Default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** `json` is absent where the text is no JSON. Header names are in lower case. */
export interface HttpResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json?: unknown;
  /** From `Retry-After` (RFC 9110 section 10.2.3), seconds or date, at most a day. */
  readonly retryAfterMs?: number;
}

export type HttpFailure =
  | 'urlInvalid'
  | 'addressForbidden'
  | 'dns'
  | 'refused'
  | 'tls'
  | 'connection'
  | 'timeout'
  | 'aborted'
  | 'tooLarge'
  | 'cut';

/** `notSent`: nothing of the request left this process. `lost`: it may have had its effect, and its answer is not known. */
export type HttpAnswer =
  | HttpResponse
  | { readonly kind: 'notSent'; readonly code: HttpFailure }
  | { readonly kind: 'lost'; readonly code: HttpFailure };

export interface HttpClient {
  /** Never rejects. Follows no redirect: a 3xx is an answer like any other. Nothing is tried twice. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends open connections; calls under way are answered `lost` or `notSent`. */
  close(): Promise<void>;
}

export interface HttpClientOptions extends GuardedAgentsOptions {
  readonly clock: Clock;
  readonly log: Log;
}

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 1 << 20;
const longestRetryAfterMs = 86_400_000;

/** https to public addresses; to the networks of `allowPrivate` also plain http. Throws `RangeError` where an entry of it is no network. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agents = createGuardedAgents(options);

  async function request(call: HttpRequest): Promise<HttpAnswer> {
    const target = readTarget(call.url);
    const agent = target && agents.agentFor(target.protocol, target.hostname);
    const answer: HttpAnswer =
      target === undefined
        ? { kind: 'notSent', code: 'urlInvalid' }
        : agent === undefined
          ? { kind: 'notSent', code: 'addressForbidden' }
          : await send(agent, target, call, options.clock);
    if (answer.kind !== 'response') {
      options.log.warn({ host: target?.host, method: call.method, kind: answer.kind, code: answer.code }, 'http.failed');
    }
    return answer;
  }

  return { request, close: agents.close };
}

interface Target {
  readonly protocol: 'https:' | 'http:';
  readonly origin: string;
  readonly host: string;
  readonly hostname: string;
  readonly path: string;
}

function readTarget(url: string): Target | undefined {
  const parsed = URL.parse(url);
  if (parsed?.username !== '' || parsed.password !== '') return undefined;
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return undefined;
  const { protocol, origin, host, hostname } = parsed;
  return { protocol, origin, host, hostname, path: `${parsed.pathname}${parsed.search}` };
}

function send(agent: Agent, target: Target, call: HttpRequest, clock: Clock): Promise<HttpAnswer> {
  const { promise, resolve } = Promise.withResolvers<HttpAnswer>();
  const body = encodeBody(call);
  const maxBytes = call.maxBytes ?? defaultMaxBytes;
  const chunks: Buffer[] = [];
  let size = 0;
  let status = 0;
  let headers: Readonly<Record<string, string>> = {};
  let started: Dispatcher.DispatchController | undefined;
  let settled = false;

  const settle = (answer: HttpAnswer) => {
    if (settled) return;
    settled = true;
    timer.cancel();
    call.signal?.removeEventListener('abort', onAbort);
    resolve(answer);
    if (answer.kind !== 'response') started?.abort(new Error(answer.code));
  };
  const fail = (code: HttpFailure) => settle({ kind: started ? 'lost' : 'notSent', code });
  const onAbort = () => fail('aborted');
  const timer = clock.after(call.timeoutMs ?? defaultTimeoutMs, () => fail('timeout'));
  call.signal?.addEventListener('abort', onAbort, { once: true });
  if (call.signal?.aborted) {
    fail('aborted');
    return promise;
  }

  agent.dispatch(
    {
      origin: target.origin,
      path: target.path,
      method: call.method,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...body?.headers, ...call.headers },
      body: body?.text ?? null,
    },
    {
      // Called when a connection stands and before the first byte is written.
      onRequestStart(controller) {
        if (settled) return controller.abort(new Error('settled'));
        started = controller;
      },
      onResponseStart(_controller, statusCode, received) {
        status = statusCode;
        headers = flatten(received);
        if (Number(headers['content-length'] ?? 0) > maxBytes) fail('tooLarge');
      },
      onResponseData(_controller, chunk) {
        size += chunk.length;
        if (size > maxBytes) fail('tooLarge');
        else chunks.push(chunk);
      },
      onResponseEnd() {
        settle(readResponse(status, headers, Buffer.concat(chunks).toString('utf8'), clock.now()));
      },
      onResponseError(_controller, error) {
        fail(failureOf(error, started !== undefined));
      },
    },
  );
  return promise;
}

function encodeBody(call: HttpRequest): { text: string; headers: Readonly<Record<string, string>> } | undefined {
  if (call.json !== undefined) return { text: JSON.stringify(call.json), headers: { 'content-type': 'application/json' } };
  if (call.form) {
    return { text: new URLSearchParams(call.form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  }
  return call.raw && { text: call.raw.text, headers: { 'content-type': call.raw.type } };
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const flat: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function readResponse(status: number, headers: Readonly<Record<string, string>>, text: string, now: Instant): HttpResponse {
  const retryAfterMs = readRetryAfter(headers['retry-after'], now);
  const json = parseJson(text);
  return {
    kind: 'response',
    status,
    headers,
    text,
    ...(json === undefined ? {} : { json }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Milliseconds from now, by RFC 9110 section 10.2.3; at most a day, 0 for a date that has passed, `undefined` for anything else. */
export function readRetryAfter(value: string | undefined, now: Instant): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1000, longestRetryAfterMs);
  if (!/^[A-Z][a-z]{2},? .*GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), longestRetryAfterMs);
}

function failureOf(error: Error, sent: boolean): HttpFailure {
  const code = String((error as { code?: unknown }).code ?? '');
  if (code === 'addressForbidden') return code;
  if (sent) return 'cut';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA') return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'timeout';
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) return 'tls';
  return 'connection';
}

/** Fetches a JSON document by GET. Rejects with `AppError` `address.forbidden` or `fetch.failed`; the message names host and reason only. */
export type FetchJson = (url: string, options: { readonly signal?: AbortSignal }) => Promise<unknown>;

/** For key sets and metadata documents: 5 s, 256 KiB, status 200 and a JSON body, unless the limits are given. */
export function createFetchJson(client: HttpClient, limits: { readonly timeoutMs?: number; readonly maxBytes?: number } = {}): FetchJson {
  return async (url, { signal }) => {
    const answer = await client.request({
      method: 'GET',
      url,
      timeoutMs: limits.timeoutMs ?? 5_000,
      maxBytes: limits.maxBytes ?? 1 << 18,
      ...(signal ? { signal } : {}),
    });
    const host = URL.parse(url)?.host ?? 'an invalid address';
    if (answer.kind !== 'response') {
      const code = answer.code === 'addressForbidden' || answer.code === 'urlInvalid' ? 'address.forbidden' : 'fetch.failed';
      throw new AppError(code, `${host}: ${answer.code}`);
    }
    if (answer.status !== 200) throw new AppError('fetch.failed', `${host}: status ${answer.status}`);
    if (answer.json === undefined) throw new AppError('fetch.failed', `${host}: no JSON`);
    return answer.json;
  };
}
