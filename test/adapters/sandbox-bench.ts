/** A sandbox provider listening on port 0, and a browser and a client that use it through its real protocol. */
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'openid-client';
import type { Adapter, AdapterContext, AdapterStorage } from '../../src/adapters/contract.ts';
import { createHttpClient } from '../../src/adapters/http.ts';
import {
  deriveAdminToken,
  deriveClientSecret,
  type SandboxSettings,
  sandbox,
  sandboxSettingsSchema,
} from '../../src/adapters/sandbox/index.ts';
import type { Clock } from '../../src/model/clock.ts';
import { silentLog } from '../../src/model/log.ts';
import { createMemoryStorage } from '../fakes/memory-storage.ts';
import { createRealClock } from '../support/clock.ts';

export const deriveSecret = (name: string) => createHash('sha256').update(`bench ${name}`).digest();

export const benchPeople = [
  { id: 'alice', email: 'Alice@example.com', name: 'Alice', password: 'correct horse', groups: ['staff'] },
  { id: 'bob', email: 'bob@example.com', name: 'Bob', password: 'battery staple' },
];

export interface SandboxBench {
  readonly origin: string;
  readonly issuer: string;
  readonly adapter: Adapter;
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  /** Replaces the adapter by a new one on the same storage, as a restart does. */
  restart(): Promise<void>;
  admin(method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

export async function openSandboxBench(
  given: { settings?: unknown; storage?: AdapterStorage; trial?: boolean } = {},
): Promise<SandboxBench> {
  const clock = createRealClock();
  const storage = given.storage ?? createMemoryStorage(clock);
  let adapter: Adapter | undefined;
  const server: Server = createServer((request, response) => adapter?.handler?.(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = createHttpClient({ allowPrivate: ['127.0.0.0/8'], clock, log: silentLog });
  const settings = sandboxSettingsSchema.parse(given.settings ?? { people: benchPeople });
  const context: AdapterContext<SandboxSettings> = {
    connectionId: 'sandbox',
    settings,
    http,
    storage,
    clock,
    log: silentLog,
    random: (size) => randomBytes(size),
    origin,
    ...(given.trial === undefined ? {} : { trial: given.trial }),
    secret: deriveSecret,
  };
  adapter = await sandbox.create(context);
  return {
    origin,
    issuer: `${origin}/idp`,
    get adapter() {
      return adapter as Adapter;
    },
    storage,
    clock,
    async restart() {
      adapter = await sandbox.create(context);
    },
    async admin(method, path, body, token = deriveAdminToken(deriveSecret)) {
      const response = await fetch(`${origin}/idp/admin/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    async close() {
      await http.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Keeps cookies by path, follows nothing by itself. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  async request(url: string, form?: Record<string, string>): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies].filter(
      ([, { path }]) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`),
    );
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: cookie.map(([name, { value }]) => `${name}=${value}`).join('; '),
        ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { method: 'POST', body: new URLSearchParams(form).toString() } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
      const gone = value === '' || attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute));
      if (gone) this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path });
    }
    return response;
  }

  /** Follows redirects until a page, or a redirect to another origin. */
  async follow(url: string, form?: Record<string, string>): Promise<{ response: Response; url: string }> {
    let at = url;
    let response = await this.request(at, form);
    for (let hop = 0; hop < 10; hop++) {
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || !location) return { response, url: at };
      const next = new URL(location, at);
      if (next.origin !== new URL(url).origin) return { response, url: next.href };
      at = next.href;
      response = await this.request(at);
    }
    throw new Error('too many redirects');
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value;
  }
}

export const redirectUri = 'http://127.0.0.1:49152/callback';

export async function discover(bench: SandboxBench, clientId = 'demo'): Promise<client.Configuration> {
  return client.discovery(new URL(bench.issuer), clientId, deriveClientSecret(deriveSecret, clientId), undefined, {
    execute: [client.allowInsecureRequests],
  });
}

export interface AuthorizationAttempt {
  readonly config: client.Configuration;
  readonly verifier: string;
  readonly state: string;
  /** Where the browser ended: the client's callback with a code or an error, or a page of the provider. */
  readonly url: string;
  readonly status: number;
  /** The page that it ended on, where it did. */
  readonly page: string;
  redeem(): ReturnType<typeof client.authorizationCodeGrant>;
}

export interface AuthorizeOptions {
  readonly person?: { readonly email: string; readonly password: string };
  /** For the page that asks for a code; given the key that it shows to somebody without a generator. */
  readonly code?: (key: string | undefined) => Promise<string>;
  readonly newPassword?: string;
  readonly parameters?: Record<string, string>;
  readonly beforeResume?: () => Promise<void>;
}

/** The text of a page of the provider's that asks for something; undefined elsewhere. */
async function pageOf(at: { readonly response: Response; readonly url: string }): Promise<string | undefined> {
  return at.url.includes('/interaction/') ? at.response.text() : undefined;
}

/** What the person fills in; undefined where a page is refused or the person has nothing to say. */
async function formFor(page: string, { person, code, newPassword }: AuthorizeOptions): Promise<Record<string, string> | undefined> {
  if (page.includes('class="fault" role="alert"')) return undefined;
  if (page.includes('name="password"')) return { do: 'signIn', email: person?.email ?? '', password: person?.password ?? '' };
  if (page.includes('name="newPassword"')) return newPassword === undefined ? undefined : { do: 'newPassword', newPassword };
  if (page.includes('name="code"')) {
    const key = /<code>([A-Z2-7]+)<\/code>/.exec(page)?.[1];
    return code && { do: 'code', code: await code(key) };
  }
  return page.includes('value="consent"') ? { do: 'consent' } : undefined;
}

/** One authorization request in a browser; where the provider asks, the person signs in. */
export async function authorize(bench: SandboxBench, browser: Browser, options: AuthorizeOptions = {}): Promise<AuthorizationAttempt> {
  const config = await discover(bench);
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const start = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid email profile groups offline_access',
    prompt: 'consent',
    claims: JSON.stringify({ id_token: { sid: null } }),
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...options.parameters,
  });
  let at = await browser.follow(start.href);
  let page = await pageOf(at);
  for (let n = 0; page !== undefined && n < 6; n++) {
    const form = await formFor(page, options);
    if (form === undefined) break;
    const posted = await browser.request(at.url, form);
    const location = posted.headers.get('location');
    if (location) await options.beforeResume?.();
    at = location ? await browser.follow(new URL(location, at.url).href) : { response: posted, url: at.url };
    page = await pageOf(at);
  }
  const { url } = at;
  return {
    config,
    verifier,
    state,
    url,
    status: at.response.status,
    page: page ?? '',
    redeem: () => client.authorizationCodeGrant(config, new URL(url), { pkceCodeVerifier: verifier, expectedState: state }),
  };
}

/** Signs in and redeems the code. */
export async function signIn(bench: SandboxBench, person = benchPeople[0], browser = new Browser()) {
  const attempt = await authorize(bench, browser, { ...(person ? { person } : {}) });
  return { browser, config: attempt.config, tokens: await attempt.redeem() };
}

/** The code that the person's generator shows now. */
export async function codeOf(bench: SandboxBench, person: string): Promise<string> {
  return String((await bench.admin('GET', `/people/${person}/factor`)).body.code);
}

/** The person enrols a code generator at a sign-in that demands one. */
export async function enrol(bench: SandboxBench, person: { readonly id: string; readonly email: string; readonly password: string }) {
  const path = `/people/${person.id}/mfa`;
  const before = new Date().toISOString();
  await bench.admin('POST', `${path}/reset`, { key: randomUUID(), before });
  await bench.admin('POST', `${path}/require`, { key: randomUUID(), before });
  const attempt = await authorize(bench, new Browser(), { person, code: async (key) => generatedCode(String(key), bench.clock.now()) });
  await bench.admin('POST', `${path}/lift`, { key: randomUUID() });
  return attempt;
}

/** What an authenticator application shows for a key (RFC 6238), apart from the provider's own code. */
export function generatedCode(key: string, at: number): string {
  const bits = [...key].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeUInt32BE(Math.floor(at / 30_000), 4);
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac[19] ?? 0) % 16;
  return String((mac.readUInt32BE(offset) % 2 ** 31) % 1e6).padStart(6, '0');
}

/** Whether the resource server finds a token active (RFC 7662). */
export async function isActive(bench: SandboxBench, token: string): Promise<boolean> {
  const config = await discover(bench, 'demo-api');
  return (await client.tokenIntrospection(config, token)).active;
}
