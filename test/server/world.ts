/** A server on a free port whose parts are small and in memory: HTTP is real, what stands behind it is not. */
import { connect } from 'node:net';
import type { Express } from 'express';
import { createIdMaker } from '../../src/model/ids.ts';
import { type Role, roles } from '../../src/model/operator.ts';
import {
  createServer,
  type Filter,
  type Item,
  openListener,
  type PageRequest,
  type RecordReader,
  type ServerParts,
} from '../../src/server/index.ts';
import { readStrictJson } from '../../src/ssf/index.ts';
import { createManualClock, type ManualClock } from '../support/clock.ts';
import { systemClock } from '../support/system-clock.ts';

const bytes = (size: number) => new Uint8Array(size).fill(7);
export const ids = createIdMaker(bytes);
export const startAt = Date.UTC(2026, 4, 4, 10);
export const newId = () => ids.next(startAt) as string;

export interface Seen {
  readonly signals: Uint8Array[];
  readonly pushes: { readonly transmitter: string; readonly body: Uint8Array | 'tooLarge'; readonly method: string }[];
  readonly lists: { readonly kind: string; readonly filter: Filter; readonly page: PageRequest }[];
  readonly paused: unknown[];
  readonly ended: string[];
  readonly log: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

export interface World {
  readonly origin: string;
  readonly port: number;
  readonly app: Express;
  readonly seen: Seen;
  readonly clock: ManualClock;
  readonly items: Record<keyof ServerParts['records'], Item[]>;
  /** Asks as the holder of the role's token. */
  ask(
    path: string,
    options?: {
      readonly as?: Role;
      readonly method?: string;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Response>;
  close(): Promise<void>;
}

export const goodCode = 'good-code';
export const goodSession = 'good-session';

export async function openWorld(
  change: (parts: ServerParts) => Partial<ServerParts> = () => ({}),
  timeouts?: Parameters<typeof openListener>[0]['timeouts'],
): Promise<World> {
  const seen: Seen = { signals: [], pushes: [], lists: [], paused: [], ended: [], log: [] };
  const clock = createManualClock(startAt);
  const items: World['items'] = {
    signals: [],
    identities: [],
    decisions: [],
    plans: [],
    incidents: [],
    actions: [],
    connections: [],
    policies: [],
  };
  const note = (fields: Readonly<Record<string, unknown>>, event: string) => void seen.log.push({ event, fields });
  const codes = new Set([goodCode]);
  const reader = (kind: keyof typeof items): RecordReader => ({
    async list(filter, page) {
      seen.lists.push({ kind, filter, page });
      return items[kind].filter(({ id }) => page.after === undefined || id < page.after).slice(0, page.limit);
    },
    get: async (id) => items[kind].find((item) => item.id === id),
  });
  const standard: ServerParts = {
    clock,
    log: { info: note, warn: note, error: note },
    random: bytes,
    version: '1.2.3',
    trustProxy: false,
    basePath: '',
    metricsOpen: false,
    metricsApart: false,
    parseJson: readStrictJson,
    push(transmitter, request) {
      if (transmitter !== 'partner') return undefined;
      seen.pushes.push({ transmitter, body: request.body, method: request.method });
      if (request.body === 'tooLarge')
        return Promise.resolve({ refused: { status: 413, err: 'invalid_request', description: 'too large' } });
      if (request.method !== 'POST') return Promise.resolve({ refused: { status: 405, err: 'invalid_request', description: 'POST' } });
      return Promise.resolve({ refused: null });
    },
    hook: () => undefined,
    async signal(body) {
      seen.signals.push(body);
      return { refused: null, accepted: { signalId: newId() as never, decisionIds: [newId() as never] } as never };
    },
    callerOf: async (token) => ((roles as readonly string[]).includes(token) ? { name: token, roles: [token as Role] } : undefined),
    signIn: {
      redeem: async (code) => (codes.delete(code) ? goodSession : undefined),
      callerOf: async (session) => (session === goodSession ? { name: 'console', roles: ['admin'] } : undefined),
      end: async (session) => void seen.ended.push(session),
    },
    records: {
      signals: reader('signals'),
      identities: reader('identities'),
      decisions: reader('decisions'),
      plans: reader('plans'),
      incidents: reader('incidents'),
      actions: reader('actions'),
      connections: reader('connections'),
      policies: reader('policies'),
    },
    merge: async (_id, into) => ({ id: into, repeated: false }),
    dismissal: async (id) => ({ id, dismissed: [], events: [], moreEvents: false }),
    verdict: async (id, given) => ({ id, ...given, decisionIds: [], dismissed: [], events: [], moreEvents: false }),
    plans: {
      order: async () => ({ id: newId(), decisionId: newId(), planIds: [newId()], state: 'released' }),
      approve: async ({ planIds }) => ({ plans: planIds.map((id) => ({ id, state: 'released', heldFor: null })) }),
      deny: async (id) => ({ id, state: 'refused', heldFor: 'denied' }),
      hold: async (id) => ({ id, state: 'held', heldFor: 'person' }),
      release: async (id) => ({ id, state: 'released', heldFor: null }),
    },
    subscriptions: { subscribe: async () => undefined, unsubscribe: async () => undefined, steps: async () => undefined },
    undo: {
      one: async (id) => ({ id, decisionId: newId(), planIds: [newId()], state: 'released', heldFor: null }),
      end: async (id, until) => ({ id, until: until === null ? null : '2026-05-04T12:00:00.000Z' }),
      preview: async () => ({ hash: '0'.repeat(64), actions: [], people: 0, remaining: [] }),
      order: async () => ({ id: newId(), undone: 0, held: 0, open: 1, left: 0 }),
      progress: async () => undefined,
    },
    exportIncident: async (id) => ({ id, entries: [] }),
    judgeIncident: async (id, given) => ({ id, ...given }),
    replay: async (id) => ({ id, same: true, differences: [] }),
    explainIdentity: async () => undefined,
    explainDecision: async () => undefined,
    proof: async () => 'c2sp.org/tlog-proof@v1\n',
    ledgerFile: async (path) => ({ bytes: Buffer.from(path), mediaType: 'application/octet-stream', immutable: path !== 'checkpoint' }),
    consistency: async (from, to) => (from <= to ? { from, to, proof: [] } : undefined),
    ledgerKeys: async () => ['rescind+0+AAAA'],
    breakers: async () => [],
    closeBreaker: async (id) => ({ id }),
    async pause(scope, reason) {
      seen.paused.push({ scope, reason });
      return { id: newId() };
    },
    resume: async () => ({ refused: 'Nothing is paused.' }),
    status: async () => ({
      version: '1.2.3',
      startedAt: startAt,
      organisation: 'Acme',
      kind: 'organisation',
      enforcement: 'default: report-only',
      overrides: [],
      pauses: [],
      breaker: null,
      connections: [],
      transmitters: [],
      people: 0,
      bundleHash: 'ab',
      policies: [],
      sinks: [],
      ledger: { size: 0, signedAt: null, waiting: 0 },
    }),
    ready: async () => ({ ok: true, checks: { store: 'ok' } }),
    metrics: async () => ({ text: 'rescind_up 1\n', type: 'text/plain; version=0.0.4' }),
    answered: () => {},
  };
  const app = createServer({ ...standard, ...change(standard) });
  const listener = await openListener({ host: '127.0.0.1', port: 0, clock: systemClock, ...(timeouts === undefined ? {} : { timeouts }) });
  listener.serve(app);
  const origin = `http://127.0.0.1:${listener.port}`;
  return {
    origin,
    port: listener.port,
    app,
    seen,
    clock,
    items,
    ask: (path, { as, method = 'GET', body, headers = {} } = {}) =>
      fetch(`${origin}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
      }),
    close: () => listener.close(10_000),
  };
}

/** Sends bytes as they are and answers all that comes back until the server closes. */
export function sendRaw(port: number, text: string, options: { readonly end?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text, 'latin1');
      if (options.end) socket.end();
    });
    let got = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      got += chunk;
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(got) : reject(error),
    );
    socket.on('close', () => resolve(got));
  });
}

export async function problemOf(response: Response): Promise<{ status: number; code: string; detail: string }> {
  return (await response.json()) as { status: number; code: string; detail: string };
}
