/**
 * A stand-in for the sandbox's admin API that shares no code with it: keeps each person's sessions, tokens and standing, counts calls and effects, and
 * is as faulty as it is told to be. In-process by `startSandboxProvider`, or as a process: `node test/fakes/sandbox-provider.ts --port 0
 * [--token TOKEN] [--people N]` prints `{"baseUrl", "controlUrl", "token"}` on one line and is driven over `/control`.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

/** `wrongShape`: 200 with another body; `cutBefore` and `cutAfter`: the connection ends before or after the effect, amid the answer. */
export type SandboxFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly on?: FaultScope; readonly times?: number }
  | { readonly kind: 'hang' | 'cutBefore' | 'cutAfter' | 'wrongShape'; readonly on?: FaultScope; readonly times?: number };
export type FaultScope = 'write' | 'read' | 'all';

export interface SandboxCall {
  readonly method: string;
  readonly path: string;
  /** Milliseconds since the epoch, with fractions, at which the request's head arrived. */
  readonly at: number;
  readonly key?: string;
  /** Whether it changed anything. */
  effect: boolean;
  /** Whether the caller went away before an answer. */
  abandoned: boolean;
}

export interface StandInAccess {
  readonly id: string;
  readonly deviceId: string;
  readonly begunAt: number;
}

export interface SandboxProviderStandIn {
  /** What a connection's `baseUrl` is. */
  readonly baseUrl: string;
  readonly controlUrl: string;
  readonly token: string;
  readonly calls: readonly SandboxCall[];
  addPerson(id: string): void;
  /** A session with an access and a refresh token. Throws for a person who is not there. */
  signIn(person: string, given?: { readonly deviceId?: string; readonly begunAt?: number }): StandInAccess;
  sessions(person: string): readonly StandInAccess[];
  tokens(person: string): number;
  grants(person: string): number;
  account(person: string): { readonly suspended: boolean; readonly disabled: boolean };
  standing(person: string): StandInStanding;
  /** As an administrator at the provider does it: no call, and no effect of ours. */
  hold(person: string, change: { readonly suspended?: boolean; readonly disabled?: boolean }): void;
  set(person: string, change: Partial<StandInStanding>): void;
  /** Calls that changed something, each idempotency key once. */
  effects(): number;
  inject(fault: SandboxFault): void;
  heal(): void;
  /** Resolves when a call hangs. */
  hanging(): Promise<SandboxCall>;
  /** Resolves when the caller of a hanging call has gone away. */
  abandoned(): Promise<SandboxCall>;
  close(): Promise<void>;
}

interface Token {
  readonly kind: 'access' | 'refresh';
  readonly sessionId: string;
  readonly begunAt: number;
  readonly expiresAt: number;
}
interface Person {
  sessions: StandInAccess[];
  tokens: Token[];
  /** When each consent was given. */
  grants: { clientId: string; begunAt: number }[];
  account: { suspended: boolean; disabled: boolean };
  password: { mustChange: boolean; setAt: number | null };
  factor: { enrolled: boolean; enrolledAt: number | null };
  stepUp: { since: number; until: number | null } | null;
}

/** What an administrator sees of a person beside sessions and tokens. */
export type StandInStanding = Pick<Person, 'account' | 'password' | 'factor' | 'stepUp'>;

const newPerson = (): Person => ({
  sessions: [],
  tokens: [],
  grants: [],
  account: { suspended: false, disabled: false },
  password: { mustChange: false, setAt: null },
  factor: { enrolled: true, enrolledAt: null },
  stepUp: null,
});

const preciseNow = () => performance.timeOrigin + performance.now();

export async function startSandboxProvider(
  given: { port?: number; token?: string; people?: readonly string[] } = {},
): Promise<SandboxProviderStandIn> {
  const token = given.token ?? randomBytes(24).toString('hex');
  const people = new Map<string, Person>();
  const effectsByKey = new Map<string, { asked: string; affected: number }>();
  const calls: SandboxCall[] = [];
  let effects = 0;
  let fault: { value: SandboxFault; left: number } | undefined;
  const hung = Promise.withResolvers<SandboxCall>();
  const left = Promise.withResolvers<SandboxCall>();
  let baseUrl = '';

  const known = (id: string): Person => {
    const person = people.get(id);
    if (!person) throw new Error('no such person');
    return person;
  };

  const signIn: SandboxProviderStandIn['signIn'] = (id, options = {}) => {
    const person = known(id);
    const session = {
      id: randomBytes(8).toString('hex'),
      deviceId: options.deviceId ?? randomBytes(8).toString('hex'),
      begunAt: options.begunAt ?? Date.now(),
    };
    person.sessions.push(session);
    const { begunAt } = session;
    person.grants.push({ clientId: 'demo', begunAt });
    person.tokens.push({ kind: 'access', sessionId: session.id, begunAt, expiresAt: begunAt + 3_600_000 });
    person.tokens.push({ kind: 'refresh', sessionId: session.id, begunAt, expiresAt: begunAt + 86_400_000 });
    return session;
  };

  /** The fault that strikes this call, counted down. */
  const strike = (writes: boolean): SandboxFault | undefined => {
    if (!fault) return undefined;
    const on = fault.value.on ?? 'all';
    if (on !== 'all' && (on === 'write') !== writes) return undefined;
    const { value } = fault;
    fault.left -= 1;
    if (fault.left === 0) fault = undefined;
    return value;
  };

  const answer = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

  /** Does what a route asks; answers how much changed, and undefined where there is no such route or its body is wrong. */
  const change = (person: Person, route: string, body: Record<string, unknown>): number | undefined => {
    const before = Date.parse(String(body.before));
    if (route === 'account/suspend') return hold(person, { suspended: true });
    if (route === 'account/disable') return hold(person, { disabled: true });
    if (route === 'account/restore')
      return hold(person, body.lifts === undefined ? { suspended: false, disabled: false } : { [String(body.lifts)]: false });
    if (route === 'mfa/lift') {
      const there = person.stepUp !== null;
      person.stepUp = null;
      return Number(there);
    }
    if (Number.isNaN(before)) return undefined;
    switch (route) {
      case 'grants/revoke': {
        const affected = person.grants.filter(({ begunAt }) => begunAt <= before).length;
        person.grants = person.grants.filter(({ begunAt }) => begunAt > before);
        person.tokens = person.tokens.filter(({ kind, begunAt }) => kind === 'access' || begunAt > before);
        return affected;
      }
      case 'mfa/require': {
        const until = body.until === undefined ? null : Date.parse(String(body.until));
        const { stepUp } = person;
        if (stepUp && (stepUp.until === null || (until !== null && until <= stepUp.until))) return 0;
        person.stepUp = { since: before, until };
        return 1;
      }
      case 'mfa/reset': {
        if (!person.factor.enrolled || (person.factor.enrolledAt ?? before) > before) return 0;
        person.factor = { enrolled: false, enrolledAt: null };
        return 1;
      }
      case 'password/expire': {
        if (person.password.mustChange || (person.password.setAt ?? before) > before) return 0;
        person.password = { ...person.password, mustChange: true };
        return 1;
      }
    }
    if (route === 'tokens/revoke') {
      const kept = person.tokens.filter((item) => item.begunAt > before);
      const affected = person.tokens.length - kept.length;
      person.tokens = kept;
      person.grants = person.grants.filter(({ begunAt }) => begunAt > before);
      return affected;
    }
    if (route !== 'sessions/revoke') return undefined;
    const meant = (session: StandInAccess) =>
      session.begunAt <= before &&
      (body.sessionId === undefined || body.sessionId === session.id) &&
      (body.deviceId === undefined || body.deviceId === session.deviceId);
    const affected = person.sessions.filter(meant).length;
    person.sessions = person.sessions.filter((session) => !meant(session));
    return affected;
  };

  const hold = (person: Person, asked: Partial<Person['account']>): number => {
    const names = Object.keys(asked) as (keyof Person['account'])[];
    const changed = names.filter((name) => person.account[name] !== asked[name]).length;
    person.account = { ...person.account, ...asked };
    return changed;
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = preciseNow();
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const text = await read(request);
    if (url.pathname.startsWith('/control/')) {
      const told = control(url, request.method ?? 'GET', text);
      return answer(response, told.status, told.body);
    }
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const key = typeof body.key === 'string' ? { key: body.key } : {};
    const call: SandboxCall = { method: request.method ?? '', path: url.pathname, at, ...key, effect: false, abandoned: false };
    calls.push(call);
    response.on('close', () => {
      if (response.writableEnded) return;
      call.abandoned = true;
      left.resolve(call);
    });
    const writes = request.method !== 'GET';
    const struck = strike(writes);
    if (struck?.kind === 'status') {
      return answer(
        response,
        struck.status,
        { code: 'fault' },
        struck.retryAfter === undefined ? {} : { 'retry-after': struck.retryAfter },
      );
    }
    if (struck?.kind === 'hang') return hung.resolve(call);
    if (struck?.kind === 'cutBefore') return void request.socket.destroy();
    const { status, body: good } = work(call, url, request, body, text);
    if (struck?.kind === 'cutAfter') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '4096' });
      response.write('{"aff', () => request.socket.destroy());
      return;
    }
    if (struck?.kind === 'wrongShape') return answer(response, 200, { unexpected: ['shape'] });
    answer(response, status, good);
  }

  function work(
    call: SandboxCall,
    url: URL,
    request: IncomingMessage,
    body: Record<string, unknown>,
    text: string,
  ): { status: number; body: unknown } {
    if (url.pathname === '/idp/.well-known/openid-configuration') return { status: 200, body: { issuer: baseUrl } };
    if (request.headers.authorization !== `Bearer ${token}`) return { status: 401, body: { code: 'auth.required' } };
    const [, id = '', part, verb] = /^\/idp\/admin\/v1\/people(?:\/([^/]+)(?:\/([a-z]+)(?:\/([a-z]+))?)?)?$/.exec(url.pathname) ?? [];
    if (call.method === 'GET' && id === '') return { status: 200, body: listPeople(url) };
    const name = decodeURIComponent(id);
    const person = people.get(name);
    if (!person) return { status: 404, body: { code: 'notFound' } };
    if (call.method === 'GET' && part === undefined) return { status: 200, body: shown(name, person) };
    if (call.method === 'GET' && part === 'access') {
      const sessions = person.sessions.map((session) => ({ ...session, expiresAt: session.begunAt + 86_400_000, sids: [] }));
      return { status: 200, body: { ...person, asOf: Date.now(), sessions } };
    }
    if (call.method !== 'POST' || verb === undefined) return { status: 404, body: { code: 'notFound' } };
    if (call.key === undefined) return { status: 400, body: { code: 'request.invalid' } };
    const asked = `${url.pathname} ${text}`;
    const earlier = effectsByKey.get(call.key);
    if (earlier && earlier.asked !== asked) return { status: 409, body: { code: 'conflict' } };
    if (earlier) return { status: 200, body: { affected: earlier.affected, repeated: true } };
    const affected = change(person, `${part}/${verb}`, body);
    if (affected === undefined) return { status: 400, body: { code: 'request.invalid' } };
    effectsByKey.set(call.key, { asked, affected });
    call.effect = affected > 0;
    if (affected > 0) effects += 1;
    return { status: 200, body: { affected, repeated: false } };
  }

  const shown = (id: string, { account }: Person) => {
    const status = account.disabled ? 'disabled' : account.suspended ? 'suspended' : 'active';
    return { id, email: `${id}@example.com`, name: id, status, groups: [], tier: 'none' };
  };

  function listPeople(url: URL): unknown {
    const after = url.searchParams.get('after');
    const limit = Number(url.searchParams.get('limit') ?? 100);
    const sorted = [...people].sort(([left], [right]) => (left < right ? -1 : 1));
    const all = sorted.map(([id, person]) => shown(id, person)).filter(({ id }) => after === null || id > after);
    const email = url.searchParams.get('email');
    if (email !== null) return { items: all.filter((person) => person.email === email), nextCursor: null };
    const items = all.slice(0, limit);
    return { items, nextCursor: all.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  function control(url: URL, method: string, text: string): { status: number; body: unknown } {
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    switch (`${method} ${url.pathname.slice('/control/'.length)}`) {
      case 'GET state': {
        const state = Object.fromEntries([...people].map(([id, person]) => [id, { ...person, tokens: person.tokens.length }]));
        return { status: 200, body: { effects, calls: calls.length, people: state } };
      }
      case 'GET calls':
        return { status: 200, body: { calls: calls.slice(Number(url.searchParams.get('from') ?? 0)) } };
      case 'POST people':
        for (const id of body.ids as string[]) people.set(id, people.get(id) ?? newPerson());
        return { status: 200, body: { people: people.size } };
      case 'POST sign-ins':
        return { status: 200, body: { sessions: (body.people as string[]).map((id) => signIn(id)) } };
      case 'POST fault':
        inject(body as unknown as SandboxFault);
        return { status: 200, body: {} };
      case 'DELETE fault':
        fault = undefined;
        return { status: 200, body: {} };
      default:
        return { status: 404, body: { code: 'notFound' } };
    }
  }

  function inject(value: SandboxFault): void {
    fault = { value, left: value.times ?? Number.POSITIVE_INFINITY };
  }

  for (const id of given.people ?? []) people.set(id, newPerson());
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(given.port ?? 0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  baseUrl = `${origin}/idp`;

  return {
    baseUrl,
    controlUrl: `${origin}/control`,
    token,
    calls,
    addPerson: (id) => void people.set(id, newPerson()),
    signIn,
    sessions: (id) => people.get(id)?.sessions ?? [],
    tokens: (id) => people.get(id)?.tokens.length ?? 0,
    grants: (id) => known(id).grants.length,
    account: (id) => known(id).account,
    standing: known,
    hold: (id, asked) => void hold(known(id), asked),
    set: (id, asked) => void Object.assign(known(id), asked),
    effects: () => effects,
    inject,
    heal: () => {
      fault = undefined;
    },
    hanging: () => hung.promise,
    abandoned: () => left.promise,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string' }, token: { type: 'string' }, people: { type: 'string' } } });
  const people = Array.from({ length: Number(values.people ?? 0) }, (_, n) => `p${n + 1}`);
  const standIn = await startSandboxProvider({
    port: Number(values.port ?? 0),
    people,
    ...(values.token === undefined ? {} : { token: values.token }),
  });
  process.stdout.write(`${JSON.stringify({ baseUrl: standIn.baseUrl, controlUrl: standIn.controlUrl, token: standIn.token })}\n`);
}
